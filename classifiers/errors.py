"""What can be wrong with what a classifier is given."""


class ClassifierInputError(Exception):
    """Wrong input: what was expected, what was found, what to do about it."""

    def __init__(self, *, expected: str, found: str, action: str) -> None:
        self.expected, self.found, self.action = expected, found, action
        super().__init__(f"Expected {expected}; found {found}. {action}")
