"""The parts of benchmarks/search_generator.py: the variants, what is measured, how variants are ranked."""
