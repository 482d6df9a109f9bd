"""Trying plugins out where nothing but what they ask for is installed."""
