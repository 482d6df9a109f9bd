"""What this is."""

__version__ = "v1.2.0"
