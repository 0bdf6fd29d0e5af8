"""Errors for wrong input."""


class ClassifierInputError(Exception):
    """Wrong input, with what was expected, what was found, and what to do."""

    def __init__(self, *, expected: str, found: str, action: str) -> None:
        self.expected, self.found, self.action = expected, found, action
        super().__init__(f"Expected {expected}; found {found}. {action}")
