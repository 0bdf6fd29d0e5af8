"""Whether there is anything at the paths that were typed, checked before anything heavy is imported."""

import os
from collections.abc import Sequence
from pathlib import Path

from ganbal.config.data import is_remote_name
from ganbal.config.whole import Config
from ganbal.errors import InputError

_NAMES_OF_WEIGHTS = ("imagenet", "none")


def check_paths_of_settings(config: Config) -> None:
    """Check the images and the files of weights that the settings name.

    Raises:
        InputError: there is nothing at one of the paths.
    """
    if isinstance(config.data.root, Path) and not is_remote_name(config.data.root):
        check_given(
            [config.data.root.expanduser()],
            expected="ganbal needs a folder of images, or a CSV file that lists them.",
            action="Correct data.root or --data, or use `--data phantom` for the embedded phantom set.",
        )
    of_study = config.study.weights
    _check_weights("study.weights", list(of_study.values()) if isinstance(of_study, dict) else [of_study])
    _check_weights("gan.projection_weights", [config.gan.projection_weights])
    if config.score.weights is not None:
        _check_weights("score.weights", [str(config.score.weights)])


def check_default_data(config: Config) -> None:
    """Check the place that the environment variable GANBAL_DATA names, where the settings name none.

    Raises:
        InputError: there is nothing.
    """
    named = os.environ.get("GANBAL_DATA", "").strip()
    if config.data.root is None and named not in ("", "phantom") and not is_remote_name(named):
        expected = "The environment variable GANBAL_DATA must name a folder of images, or a file that lists them."
        check_given([Path(named).expanduser()], expected=expected, action="Correct it, or name the images with --data.")


def check_given(paths: Sequence[Path], *, expected: str, action: str) -> None:
    """Check that there is something at every path, and that every folder holds a file at some depth.

    Raises:
        InputError: otherwise.
    """
    for path in paths:
        if not os.path.lexists(path):
            raise InputError(found=f"There is nothing at {path}.", expected=expected, action=action)
        is_readable = path.is_dir() and os.access(path, os.R_OK | os.X_OK)
        if is_readable and not any(files for _, _, files in os.walk(path, followlinks=True)):
            raise InputError(found=f"There is no file in the folder {path}.", expected=expected, action=action)


def _check_weights(setting: str, values: Sequence[str]) -> None:
    for value in values:
        if value not in _NAMES_OF_WEIGHTS and not Path(value).expanduser().is_file():
            names = "" if setting == "score.weights" else f", or is {' or '.join(_NAMES_OF_WEIGHTS)}"
            raise InputError(
                found=f"There is no file {value}.",
                expected=f"{setting} names a file of weights{names}.",
                action=f"Correct the path in {setting}, or leave it out.",
            )
