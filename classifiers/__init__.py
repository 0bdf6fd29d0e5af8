"""Image classifiers, their training and evaluation. Knows nothing of GANs."""
