"""Publishing a plugin: everything that can go wrong is tried before anything is uploaded."""
