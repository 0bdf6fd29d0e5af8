"""From image files to a table of images, splits and decoded pixels."""
