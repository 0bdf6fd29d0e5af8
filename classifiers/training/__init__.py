"""From a model's name and images to a trained classifier."""
