"""Evidence of what a plugin uses of the machine, held against the permissions that its manifest declares."""
