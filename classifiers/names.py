"""The names of all models, known without torch, so that a wrong one is answered at once."""

import difflib
import functools
import importlib.util
import re
from collections.abc import Sequence
from pathlib import Path

from classifiers.errors import ClassifierInputError

MODEL_NAMES = (
    *("baseline_cnn", "cnn_64", "cnn_128", "cnn_256", "cnn_six_block", "svm_on_cnn", "forest_on_cnn", "pixel_svm"),
    *("vgg16", "xception"),
)
TRANSFER = "transfer:"
"""Precedes the name of a network of torchvision: `transfer:resnet18`; with two trained blocks `transfer:resnet18:2`."""
# These take images of one size only, or have a second output.
_UNFIT = ("vit_", "maxvit", "inception_v3", "googlenet")
_LIST_NETWORKS = '`python -c "from torchvision import models; print(*models.list_models(module=models))"`'
_REGISTERED = re.compile(r"^@register_model\(\)\n(?:@.*\n)*def (\w+)\(", re.MULTILINE)


def check_model_name(name: str) -> None:
    """Check that there is such a model.

    Raises:
        ClassifierInputError: there is none; similar names are suggested.
    """
    if name.startswith(TRANSFER):
        _check_transfer_name(name)
    elif name not in MODEL_NAMES:
        known = {network: TRANSFER + network for network in transfer_networks()} | {n: n for n in MODEL_NAMES}
        near = [known[one] for one in near_names(name, list(known))]
        raise ClassifierInputError(
            found=f"There is no classifier {name!r}.",
            expected=f"The classifiers are {', '.join(MODEL_NAMES)} and {TRANSFER}NAME.",
            action=f"Did you mean {' or '.join(near)}?" if near else "Choose one of these.",
        )


def _check_transfer_name(name: str) -> None:
    network, colon, blocks = name.removeprefix(TRANSFER).partition(":")
    known = transfer_networks()
    if network not in known:
        near = near_names(network, known)
        raise ClassifierInputError(
            found=f"There is no classifier {name!r}.",
            expected=f"The name after {TRANSFER} must be a classification network of torchvision that takes "
            "images of any size.",
            action=f"Did you mean {' or '.join(TRANSFER + one for one in near)}?"
            if near
            else f"Use, for example, {TRANSFER}resnet18.",
        )
    if colon and not (blocks.isdecimal() and int(blocks) > 0):
        raise ClassifierInputError(
            found=f"There is no classifier {name!r}.",
            expected=f"A whole number of last blocks to train may follow {TRANSFER}{network} after a colon; "
            "without one, none is trained.",
            action=f"Use, for example, {TRANSFER}{network}:1.",
        )


def check_torchvision_network(name: str) -> None:
    """Check that torchvision has this image classifier.

    Raises:
        ClassifierInputError: it has none; similar names are suggested.
    """
    known = torchvision_networks()
    if name not in known:
        near = near_names(name, known)
        raise ClassifierInputError(
            found=f"torchvision has no image classifier {name!r}.",
            expected=f"It has {len(known)}, which {_LIST_NETWORKS} lists.",
            action=f"Did you mean {' or '.join(near)}?" if near else "Choose one of these.",
        )


def near_names(name: str, known: Sequence[str]) -> list[str]:
    """At most three of `known` that may have been meant."""
    return difflib.get_close_matches(name.lower(), known, n=3, cutoff=0.5)


def transfer_networks() -> list[str]:
    """The networks of torchvision that `transfer:` can take."""
    return [name for name in torchvision_networks() if not name.startswith(_UNFIT)]


@functools.cache
def torchvision_networks() -> list[str]:
    """All image classifiers of torchvision, as its `list_models` gives them, read from its files.

    Importing torchvision takes seconds, and with it comes torch.
    """
    found = importlib.util.find_spec("torchvision")
    folders = list(found.submodule_search_locations or []) if found is not None else []
    files = sorted(file for folder in folders for file in (Path(folder) / "models").glob("*.py"))
    return sorted(name for file in files for name in _REGISTERED.findall(file.read_text(encoding="utf-8")))
