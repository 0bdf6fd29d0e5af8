"""A run folder: the place of its files, the run that a command uses, the origin of its numbers."""
