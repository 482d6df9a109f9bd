"""What can be wrong with a plugin, and how to say it."""
