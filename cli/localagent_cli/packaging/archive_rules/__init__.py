"""The rules LA5 for sdists and wheels, a module for what a group of them looks at."""
