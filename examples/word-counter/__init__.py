"""The LocalAgent plugin word-counter."""
