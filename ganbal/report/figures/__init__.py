"""The report's figures: numbers in, drawings out."""
