"""How good predictions are. Pure: arrays in, numbers out."""
