"""Kinds of faults of benchmarks/faults.py, one file per kind."""
