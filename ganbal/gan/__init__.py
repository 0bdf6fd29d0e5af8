"""The DCGAN: networks, losses, training."""
