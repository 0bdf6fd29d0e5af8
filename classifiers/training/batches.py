"""Which images come in which step, as they are or augmented."""

import os
import threading
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from classifiers.training.augmentation import build_augmentation
from classifiers.training.config import TrainingConfig
from classifiers.training.prefetching import prefetched

Batches = Generator[tuple[Tensor, Tensor], None, None]
"""Inputs (B, …) and labels (B,) int64 of one step after another, on the device of the network."""


@dataclass(frozen=True)
class Examples:
    """Inputs (N, …) of a network and their labels (N,) int64, on its device."""

    inputs: Tensor
    labels: Tensor


def plain_batches(examples: Examples, config: TrainingConfig) -> Batches:
    """Batches of the examples as they are."""
    for rows in rows_of_batches(examples.labels, config):
        chosen = torch.from_numpy(rows).to(examples.labels.device)
        yield examples.inputs[chosen], examples.labels[chosen]


def augmented_batches(pixels: np.ndarray, labels: Tensor, config: TrainingConfig) -> Batches:
    """Batches of augmented images, made while the network is busy with earlier ones.

    Args:
        pixels: (N, S, S) uint8.
        labels: (N,) int64 on the network's device, where the batches will be.
    """
    own = threading.local()

    def augment_batch(job: tuple[int, np.ndarray]) -> np.ndarray:
        # An augmentation holds its random state, so that threads cannot share one.
        if not hasattr(own, "augment"):
            own.augment = build_augmentation(config.augment)
        step, rows = job
        return np.stack([own.augment(pixels[row], (config.seed, step, place)) for place, row in enumerate(rows)])

    jobs = enumerate(rows_of_batches(labels, config))
    num_workers = config.num_workers or default_num_workers()
    with closing(prefetched(augment_batch, jobs, num_workers)) as ahead:
        for (_, rows), batch in ahead:
            yield torch.from_numpy(batch).to(labels.device), labels[torch.from_numpy(rows).to(labels.device)]


def rows_of_batches(labels: Tensor, config: TrainingConfig) -> Iterator[np.ndarray]:
    """The rows (B,) int64 of every step's batch, as `config.sampling` says."""
    if config.sampling == "class-balanced":
        return class_balanced_rows(labels.cpu().numpy(), config)
    return shuffled_rows(len(labels), config)


def class_balanced_rows(labels: np.ndarray, config: TrainingConfig) -> Iterator[np.ndarray]:
    """Rows drawn with replacement, each with probability 1 / (number of classes · count of its class).

    torch's `WeightedRandomSampler` with these weights does the same; here the draws are the seed's alone.
    """
    classes, class_of_row, counts = np.unique(labels, return_inverse=True, return_counts=True)
    probabilities = 1.0 / (len(classes) * counts[class_of_row])
    random = np.random.default_rng(config.seed)
    for _ in range(config.steps):
        yield random.choice(len(labels), size=config.batch_size, p=probabilities)


def shuffled_rows(num_images: int, config: TrainingConfig) -> Iterator[np.ndarray]:
    """The rows (B,) int64 of every step's batch.

    Every image comes once before any comes again. Batches are always full: one may hold the end of a round and the
    beginning of the next.
    """
    random = np.random.default_rng(config.seed)
    waiting = np.empty(0, dtype=np.int64)
    for _ in range(config.steps):
        while len(waiting) < config.batch_size:
            waiting = np.concatenate([waiting, random.permutation(num_images)])
        rows, waiting = waiting[: config.batch_size], waiting[config.batch_size :]
        yield rows


def default_num_workers() -> int:
    """One core is left to the loop that feeds the network; more than eight would wait for Python's lock."""
    return max(1, min(8, (os.cpu_count() or 1) - 1))
