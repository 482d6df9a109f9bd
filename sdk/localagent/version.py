"""The version of LocalAgent, which manifests may ask for."""

__version__ = "1.0.0"
