"""``dev watch``: each save is compiled, taken up by a running host, checked and tested."""
