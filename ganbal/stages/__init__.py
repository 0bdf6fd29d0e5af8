"""One module per command, and the context that they share."""
