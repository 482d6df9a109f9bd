"""The LocalAgent plugin task-desk-workflow."""
