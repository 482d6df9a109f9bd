"""Measuring what a plugin costs, in child processes."""
