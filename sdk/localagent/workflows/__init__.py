"""Workflow parts: who offers them."""
