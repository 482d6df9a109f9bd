"""The plugin manifest: how it is read and what it says."""
