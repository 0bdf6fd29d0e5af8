"""Whether the generator repeats training images."""
