"""From images to feature vectors; every extractor its own file."""
