"""From a trained generator to synthetic images on disk."""
