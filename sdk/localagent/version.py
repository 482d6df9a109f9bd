"""The version of LocalAgent, which manifests may ask for."""

VERSION = "1.0.0"
