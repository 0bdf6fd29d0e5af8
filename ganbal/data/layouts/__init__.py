"""Layouts and files that data sets come in; each module reads one and returns a `Source`."""
