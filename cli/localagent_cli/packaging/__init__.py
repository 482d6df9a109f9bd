"""From a plugin's source to an installed plugin: building, checking, planning, unpacking."""
