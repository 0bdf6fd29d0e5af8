"""The parts of benchmarks/answer.py: what is trained, which arm is chosen, the table."""
