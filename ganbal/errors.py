"""Failures that are reported to the user."""

import functools
from collections.abc import Sequence


class GanbalError(Exception):
    """A failure during the work, reported without a traceback; exit code 1."""

    exit_code = 1


class InputError(GanbalError):
    """Wrong usage or wrong input; exit code 2.

    Its three parts form one paragraph: what was expected, what was found, what to do.
    """

    exit_code = 2

    def __init__(self, *, expected: str, found: str, action: str) -> None:
        self.expected, self.found, self.action = expected, found, action
        # A list of findings has lines of its own; what to do follows below it.
        ending = "\n" if "\n" in found else ". "
        super().__init__(f"Expected {expected}; found {found}{ending}{action}")

    def __reduce__(self) -> tuple[object, ...]:
        """For worker processes: exceptions are otherwise rebuilt from positional arguments."""
        return functools.partial(InputError, expected=self.expected, found=self.found, action=self.action), ()


class InterruptedBySignal(GanbalError):
    """SIGINT or SIGTERM arrived, and all finished work is on disk; exit code 130."""

    exit_code = 130


class SeveralInputErrors(GanbalError):
    """Several problems with the input; exit code 2."""

    exit_code = 2

    def __init__(self, problems: Sequence[InputError]) -> None:
        self.problems = tuple(problems)
        super().__init__(
            f"{len(problems)} problems were found:\n"
            + "\n".join(f"{number}. {problem}" for number, problem in enumerate(problems, 1))
        )
