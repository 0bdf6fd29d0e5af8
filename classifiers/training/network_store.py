"""Networks that several models start from, trained once.

A support vector machine and a forest on a network's features begin with the very training that a third model consists
of: the same images, settings and seed give the same network, so it is kept and found again by a digest of all of these.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open

from classifiers.atomic_file import save_tensors
from classifiers.models.network import Network
from classifiers.training.config import TrainingConfig
from classifiers.training.loop import Outcome


def training_digest(network_name: str, config: TrainingConfig, arrays: list[np.ndarray], *others: object) -> str:
    """SHA-256 over everything that a training's outcome depends on, on one machine.

    Args:
        arrays: the training and validation images and labels.
        others: whatever else there is, by its repr.
    """
    # How many threads augment changes nothing; how many compute changes last digits.
    settings = replace(config, num_workers=None)
    words = (network_name, settings, others, torch.__version__, torch.get_num_threads())
    digest = hashlib.sha256(repr(words).encode())
    for array in arrays:
        digest.update(repr((array.shape, array.dtype)).encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def trained_once(file: Path | None, network: Network, train: Callable[[], Outcome]) -> Outcome:
    """What is kept in `file`, put into the network; or what `train` makes of the network, kept there from then on.

    Args:
        file: None keeps nothing.
    """
    if file is None:
        return train()
    outcome = load_trained(file, network)
    if outcome is None:
        outcome = train()
        save_trained(file, network, outcome)
    return outcome


def load_trained(file: Path, network: Network) -> Outcome | None:
    """Fill the network with the weights kept in `file` and give what is known of their training.

    Returns:
        None where there is no such file or it does not read; then the network is as it was.
    """
    try:
        with safe_open(file, framework="pt") as content:
            facts = json.loads(content.metadata()["training"])
            weights = {name: content.get_tensor(name) for name in content.keys()}  # noqa: SIM118 (not a dict)
    except (OSError, SafetensorError, ValueError, KeyError, TypeError):
        return None
    network.load_state_dict(weights, strict=False)
    outcome = Outcome()
    outcome.history, outcome.kept_step = facts["history"], facts["kept_step"]
    return outcome


def save_trained(file: Path, network: Network, outcome: Outcome) -> None:
    """Keep the network's trained weights and the history of their training in `file`."""
    facts = json.dumps({"history": outcome.history, "kept_step": outcome.kept_step})
    save_tensors(file, network.changing_state(), {"training": facts})
