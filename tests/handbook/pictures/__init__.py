"""Pictures of what commands show on a terminal, made by running them."""
