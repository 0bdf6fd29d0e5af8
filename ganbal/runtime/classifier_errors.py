"""Errors of the classifiers package, as errors of ganbal.

Apart from `ganbal.errors`, because the report, which reads files only, needs those and not the classifiers.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from classifiers.errors import ClassifierInputError
from ganbal.errors import InputError


@contextmanager
def as_input_error() -> Iterator[None]:
    """Turn wrong input that the classifiers package reports into an `InputError`."""
    try:
        yield
    except ClassifierInputError as error:
        raise InputError(found=error.found, expected=error.expected, action=error.action) from error
