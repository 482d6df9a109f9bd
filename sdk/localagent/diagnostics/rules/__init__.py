"""The rules, a module for what a group of them looks at."""
