"""One module a group of commands: parse, one library call, show."""
