"""How good synthetic images are: distances between sets of images, one a file."""
