"""The LocalAgent plugin notes."""
