"""The imbalanced-learn interface."""
