"""The LocalAgent plugin folder-review."""
