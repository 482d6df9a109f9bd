"""The process that runs plugins: find, load, call, clean up."""
