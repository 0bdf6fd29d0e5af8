"""A run folder: where its files are, which run a command uses, where it came from."""
