"""Conformance: rules that a plugin keeps while it really runs."""
