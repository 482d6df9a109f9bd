"""The LocalAgent plugin log-board."""
