"""Intervals and tests for differences between arms. Pure: arrays in, numbers out."""
