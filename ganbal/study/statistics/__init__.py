"""Intervals and tests. Pure: arrays in, numbers out."""
