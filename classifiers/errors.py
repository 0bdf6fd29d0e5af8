"""Errors for wrong input."""


class ClassifierInputError(ValueError):
    """Wrong input: one sentence each about what was found to be wrong, what is expected, and what to do."""

    def __init__(self, *, found: str, expected: str, action: str) -> None:
        self.found, self.expected, self.action = found, expected, action
        super().__init__(f"{found} {expected} {action}")
