"""Predicting new images with a trained classifier of a study."""
