"""Trackers by their names in the setting `tracking`. A new one is one new file and one line in `TRACKERS`."""

import importlib.util
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

from ganbal.errors import InputError
from ganbal.run.tracking.callback import Callback
from ganbal.run.tracking.mlflow import MLflow
from ganbal.run.tracking.tensorboard import TensorBoard
from ganbal.run.tracking.wandb import WeightsAndBiases


class Tracker(NamedTuple):
    """The class of a tracker and the package that it needs."""

    make: type[Callback]
    package: str


TRACKERS = {
    "tensorboard": Tracker(TensorBoard, "tensorboard"),
    "mlflow": Tracker(MLflow, "mlflow"),
    "wandb": Tracker(WeightsAndBiases, "wandb"),
}


def chosen_trackers(names: Sequence[str] | Literal["auto"]) -> list[Callback]:
    """The trackers of the setting; `auto` is TensorBoard where it is installed."""
    if names == "auto":
        names = [name for name in ("tensorboard",) if _is_installed(TRACKERS[name].package)]
    return [TRACKERS[name].make() for name in names]


def check_tracking(names: Sequence[str] | Literal["auto"]) -> None:
    """Check that the packages of the trackers named are installed.

    Raises:
        InputError: one is not.
    """
    for name in () if names == "auto" else names:
        if not _is_installed(TRACKERS[name].package):
            raise InputError(
                found=f"The setting tracking names {name}, and the package {TRACKERS[name].package} is not installed.",
                expected=f"The trackers are {', '.join(TRACKERS)}; each needs its package.",
                action=f"Install it with `pip install {TRACKERS[name].package}`, or leave it out of `tracking`.",
            )


def flat_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """`section.field` → value, for trackers; without the place of the images."""
    found: dict[str, Any] = {}
    for name, value in settings.items():
        if isinstance(value, Mapping):
            found |= {f"{name}.{field}": entry for field, entry in value.items()}
        else:
            found[name] = value
    found.pop("data.root", None)
    return found


def _is_installed(package: str) -> bool:
    try:
        return importlib.util.find_spec(package) is not None
    except ValueError:  # a module that was put into sys.modules by hand
        return True
