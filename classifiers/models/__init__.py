"""The networks and other classifiers, one file per publication."""
