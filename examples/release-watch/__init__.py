"""The LocalAgent plugin release-watch."""
