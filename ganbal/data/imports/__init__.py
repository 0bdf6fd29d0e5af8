"""Data sets that are no folders of images: each is turned into files in the cache once."""
