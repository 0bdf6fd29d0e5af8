"""The failures a user is told about."""

import functools
from collections.abc import Sequence


class GanbalError(Exception):
    """A failure in the work, told without a traceback; exit code 1."""

    exit_code = 1


class InputError(GanbalError):
    """Wrong use or wrong input; exit code 2.

    The three parts make one paragraph: what was expected, what was found, what to do about it.
    """

    exit_code = 2

    def __init__(self, *, expected: str, found: str, action: str) -> None:
        self.expected, self.found, self.action = expected, found, action
        # A list of findings stands on lines of its own; what to do follows below it.
        ending = "\n" if "\n" in found else ". "
        super().__init__(f"Expected {expected}; found {found}{ending}{action}")

    def __reduce__(self) -> tuple[object, ...]:
        """For errors of worker processes: exceptions are rebuilt from positional arguments otherwise."""
        return functools.partial(InputError, expected=self.expected, found=self.found, action=self.action), ()


class InterruptedBySignal(GanbalError):
    """SIGINT or SIGTERM was caught and everything worth keeping is on disk; exit code 130."""

    exit_code = 130


class SeveralInputErrors(GanbalError):
    """More than one thing is wrong with the input; exit code 2."""

    exit_code = 2

    def __init__(self, problems: Sequence[InputError]) -> None:
        self.problems = tuple(problems)
        super().__init__(
            f"{len(problems)} things stand in the way:\n"
            + "\n".join(f"{number}. {problem}" for number, problem in enumerate(problems, 1))
        )
