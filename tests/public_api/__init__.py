"""Tells what a user's code would lose with the next release: ``nox -s api``."""
