"""Contracts: what a plugin promises the host, and what the host gives it."""
