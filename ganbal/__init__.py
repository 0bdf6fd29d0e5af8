"""Balance a medical image set with a GAN, and measure whether that helped."""

__version__ = "0.1.0"
