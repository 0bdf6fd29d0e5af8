"""Trained networks that several models start from.

A support vector machine and a forest on a network's features begin with the training of that network. The same images,
settings and seed give the same network, so it is trained once and found again by a digest of all of these.
"""

import hashlib
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch

from classifiers.models.network import Network
from classifiers.tensor_files import TensorCache
from classifiers.training.config import TrainingConfig
from classifiers.training.loop import TrainingResult


def training_digest(network_name: str, config: TrainingConfig, arrays: list[np.ndarray], *others: object) -> str:
    """SHA-256 of everything that the result of a training depends on, on one machine.

    Args:
        arrays: training and validation images and labels.
        others: further values, by their repr.
    """
    # The number of augmentation threads changes nothing; the number of compute threads changes last digits.
    settings = replace(config, num_workers=1)
    words = (network_name, settings, others, torch.__version__, torch.get_num_threads())
    digest = hashlib.sha256(repr(words).encode())
    for array in arrays:
        digest.update(repr((array.shape, array.dtype)).encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def trained_once(
    cache: TensorCache | None, name_of: Callable[[], str], network: Network, train: Callable[[], TrainingResult]
) -> TrainingResult:
    """Load stored weights into the network, or call `train` and store the weights that it leaves in the network.

    Args:
        cache: None stores nothing.
        name_of: computes the name under which the weights are stored; not called without a cache.
    """
    if cache is None:
        return train()
    name = name_of()
    result = load_trained(cache, name, network)
    if result is None:
        result = train()
        save_trained(cache, name, network, result)
    return result


def load_trained(cache: TensorCache, name: str, network: Network) -> TrainingResult | None:
    """Fill the network with stored weights and return the history of their training.

    Returns:
        None where the file is missing or damaged; then the network is unchanged.
    """
    stored = cache.load(name)
    if stored is None:
        return None
    network.load_state_dict(stored.tensors, strict=False)
    result = TrainingResult()
    result.history, result.kept_step = stored.metadata["history"], stored.metadata["kept_step"]
    return result


def save_trained(cache: TensorCache, name: str, network: Network, result: TrainingResult) -> None:
    """Store the network's trained weights and the history of their training."""
    cache.save(name, network.changing_state(), {"history": result.history, "kept_step": result.kept_step})
