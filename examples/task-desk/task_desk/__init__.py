"""The LocalAgent plugin task-desk."""
