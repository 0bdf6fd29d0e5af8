"""Failures that are reported to the user."""

import functools
import pickle
from collections.abc import Sequence


class GanbalError(Exception):
    """A failure during the work, reported without a traceback; exit code 1."""

    exit_code = 1


class InputError(GanbalError, ValueError):
    """Wrong usage or wrong input; exit code 2. A `ValueError`, as Python's own functions raise for wrong values.

    Its three parts are sentences that form one paragraph: what was found to be wrong, what ganbal expects, what to do.
    """

    exit_code = 2

    def __init__(self, *, found: str, expected: str, action: str) -> None:
        self.found, self.expected, self.action = found, expected, action
        # A list of findings has lines of its own; the other sentences follow below it.
        separator = "\n" if "\n" in found else " "
        super().__init__(f"{found}{separator}{expected} {action}")

    def with_action(self, action: str) -> "InputError":
        """The same with other advice."""
        return InputError(found=self.found, expected=self.expected, action=action)

    def __reduce__(self) -> tuple[object, ...]:
        """For worker processes: exceptions are otherwise rebuilt from positional arguments."""
        return functools.partial(InputError, found=self.found, expected=self.expected, action=self.action), ()


class InterruptedBySignal(GanbalError):
    """SIGINT or SIGTERM arrived, and all finished work is on disk; exit code 130."""

    exit_code = 130


class SeveralInputErrors(GanbalError, ValueError):
    """Several problems with the input; exit code 2. A `ValueError`."""

    exit_code = 2

    def __init__(self, problems: Sequence[InputError]) -> None:
        self.problems = tuple(problems)
        super().__init__(
            f"{len(problems)} problems were found:\n"
            + "\n".join(f"{number}. {problem}" for number, problem in enumerate(problems, 1))
        )


def reason_of(error: BaseException) -> str:
    """Why something failed, as a clause for the end of a sentence: `permission denied`."""
    cause = getattr(error, "reason", None)  # of a URLError
    if isinstance(cause, BaseException):
        return reason_of(cause)
    if isinstance(error, pickle.UnpicklingError):  # torch's advice on this error does not fit here
        return "it is damaged, or it holds other objects than tensors"
    if isinstance(error, KeyError):
        return f"it has no {error}"
    text = (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__
    text = " ".join(text.split())[:300].rstrip(".")
    # "Permission denied", but not "CUDA error" and not a name such as "PIL".
    return text[0].lower() + text[1:] if text[1:2].islower() and " " in text else text
