"""Asking a trained classifier of a study about images."""
