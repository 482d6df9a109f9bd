"""Ready-made classes: what the services of the context offer, as base classes that can be combined."""
