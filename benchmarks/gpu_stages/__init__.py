"""The stages of benchmarks/gpu.py, one file per stage."""
