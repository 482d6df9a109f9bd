"""Stand-ins for what a test cannot have for real: a model, the time, a terminal; and a message bus that remembers."""
