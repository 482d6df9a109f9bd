"""The LocalAgent plugin task-desk-ui."""
