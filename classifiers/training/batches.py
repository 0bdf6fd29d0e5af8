"""Training batches: which images each step gets, unchanged or augmented."""

import itertools
import threading
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from classifiers.training.augmentation import build_augmentation, build_move_sampler
from classifiers.training.config import TrainingConfig
from classifiers.training.device_augmentation import choose_augmentation_place, move_images
from classifiers.training.network_inputs import pixels_to_device
from classifiers.training.prefetching import prefetched

Batches = Generator[tuple[Tensor, ...], None, None]
"""Inputs (B, …), labels (B,) int64 and, where it is known, is_synthetic (B,) bool of successive steps, on the network's
device."""

# Row numbers of this many steps go to the device in one copy: a copy per step would wait for the GPU in each step.
_STEPS_PER_COPY = 256
# On the device, the images of several steps are augmented at a time: an operation takes 10 µs to launch, whatever its
# size. This many values take some 150 MB while they are computed.
_VALUES_AT_ONCE = 2**22


@dataclass(frozen=True)
class Examples:
    """Inputs (N, …) of a network, labels (N,) int64 and which are synthetic, (N,) bool, on the network's device."""

    inputs: Tensor
    labels: Tensor
    is_synthetic: Tensor | None = None


def plain_batches(examples: Examples, config: TrainingConfig) -> Batches:
    """Yield batches of unchanged examples."""
    labels, is_synthetic = examples.labels, examples.is_synthetic
    for rows in _on_device(rows_of_batches(labels, config, is_synthetic), labels.device):
        yield examples.inputs[rows], *_targets(labels, is_synthetic, rows)


def versioned_batches(examples: Examples, num_versions: int, config: TrainingConfig) -> Batches:
    """Yield batches with one version, chosen at random, of each image; images follow `config.sampling`.

    Args:
        examples: row v · N + i is version v of image i of N.
    """
    labels, is_synthetic = examples.labels, examples.is_synthetic
    num_images, random = len(labels) // num_versions, np.random.default_rng([config.seed, num_versions])
    marks = None if is_synthetic is None else is_synthetic[:num_images]
    chosen = (
        rows + num_images * random.integers(num_versions, size=len(rows))
        for rows in rows_of_batches(labels[:num_images], config, marks)
    )
    for rows in _on_device(chosen, labels.device):
        yield examples.inputs[rows], *_targets(labels, is_synthetic, rows)


def augmented_batches(
    pixels: np.ndarray, labels: Tensor, config: TrainingConfig, is_synthetic: Tensor | None = None
) -> Batches:
    """Yield batches of augmented images, computed while the network works on earlier batches.

    The changes are the same wherever the images are computed (`config.augment_on`).

    Args:
        pixels: (N, S, S) or (N, S, S, 3) uint8.
        labels: (N,) int64 on the network's device; the batches are put on the same device.
        is_synthetic: (N,) bool there.
    """
    place = choose_augmentation_place(config.augment_on, labels.device, pixels.nbytes)
    return (_augmented_on_device if place == "device" else _augmented_on_host)(pixels, labels, config, is_synthetic)


def _augmented_on_host(
    pixels: np.ndarray, labels: Tensor, config: TrainingConfig, is_synthetic: Tensor | None
) -> Batches:
    own = threading.local()

    def augment_batch(job: tuple[int, np.ndarray]) -> np.ndarray:
        # An augmentation holds its random state, so threads cannot share one.
        if not hasattr(own, "augment"):
            own.augment = build_augmentation(config.augment)
        step, rows = job
        return np.stack([own.augment(pixels[row], (config.seed, step, place)) for place, row in enumerate(rows)])

    for_images, for_labels = itertools.tee(rows_of_batches(labels, config, is_synthetic))
    rows_on_device = _on_device(for_labels, labels.device)
    with closing(prefetched(augment_batch, enumerate(for_images), config.num_workers)) as ahead:
        for (_, batch), rows in zip(ahead, rows_on_device, strict=True):
            yield _sent(batch, labels.device), *_targets(labels, is_synthetic, rows)


def _augmented_on_device(
    pixels: np.ndarray, labels: Tensor, config: TrainingConfig, is_synthetic: Tensor | None
) -> Batches:
    """No threads: a GPU works on the steps before while this one samples the changes of the next."""
    images, size_px = pixels_to_device(pixels, labels.device), pixels.shape[1]
    sampler = build_move_sampler(config.augment)
    steps_at_once = max(1, _VALUES_AT_ONCE // (config.batch_size * pixels[0].size))
    steps = enumerate(rows_of_batches(labels, config, is_synthetic))
    while chunk := list(itertools.islice(steps, steps_at_once)):
        matrices = sampler.sample(
            size_px, [(config.seed, step, place) for step, rows in chunk for place in range(len(rows))]
        )
        rows = _sent(np.stack([rows for _, rows in chunk]), labels.device)  # (steps, B)
        moves = _sent(matrices.astype(np.float32), labels.device)
        moved = move_images(images[rows.flatten()], moves, mirrored_edges=sampler.mirrored_edges)
        yield from zip(moved.unflatten(0, rows.shape), *_targets(labels, is_synthetic, rows), strict=True)


def _targets(labels: Tensor, is_synthetic: Tensor | None, rows: Tensor) -> tuple[Tensor, ...]:
    return (labels[rows],) if is_synthetic is None else (labels[rows], is_synthetic[rows])


def rows_of_batches(labels: Tensor, config: TrainingConfig, is_synthetic: Tensor | None = None) -> Iterator[np.ndarray]:
    """Yield the rows (B,) int64 of each step's batch, chosen by `config.sampling` and `config.synthetic_steps`."""
    if config.sampling == "class-balanced":
        of_all = class_balanced_rows(labels.cpu().numpy(), config)
    else:
        of_all = shuffled_rows(len(labels), config)
    if is_synthetic is None or not (first := steps_with_synthetic(config)):
        return of_all
    return itertools.chain(itertools.islice(of_all, first), _real_rows(labels, is_synthetic, config, first))


def steps_with_synthetic(config: TrainingConfig) -> int:
    """How many steps come before those that sample real images only; 0 where there are no such steps."""
    return round(config.synthetic_steps * config.steps) if config.synthetic_steps < 1 else 0


def _real_rows(labels: Tensor, is_synthetic: Tensor, config: TrainingConfig, steps_before: int) -> Iterator[np.ndarray]:
    """Rows of real images, all classes equally often, for the remaining steps."""
    real = np.flatnonzero(~is_synthetic.cpu().numpy())
    remaining = replace(config, steps=config.steps - steps_before)
    for rows in class_balanced_rows(labels.cpu().numpy()[real], remaining):
        yield real[rows]


def class_balanced_rows(labels: np.ndarray, config: TrainingConfig) -> Iterator[np.ndarray]:
    """Sample rows with replacement, each with probability 1 / (number of classes · count of its class).

    torch's `WeightedRandomSampler` does the same from torch's random stream; this one depends on the seed alone.
    """
    classes, class_of_row, counts = np.unique(labels, return_inverse=True, return_counts=True)
    probabilities = 1.0 / (len(classes) * counts[class_of_row])
    random = np.random.default_rng(config.seed)
    for _ in range(config.steps):
        yield random.choice(len(labels), size=config.batch_size, p=probabilities)


def shuffled_rows(num_images: int, config: TrainingConfig) -> Iterator[np.ndarray]:
    """Sample rows without replacement, in a new order per epoch.

    Batches are always full: a batch may hold the end of one epoch and the beginning of the next.
    """
    random = np.random.default_rng(config.seed)
    waiting = np.empty(0, dtype=np.int64)
    for _ in range(config.steps):
        while len(waiting) < config.batch_size:
            waiting = np.concatenate([waiting, random.permutation(num_images)])
        rows, waiting = waiting[: config.batch_size], waiting[config.batch_size :]
        yield rows


def _on_device(batches: Iterator[np.ndarray], device: torch.device) -> Iterator[Tensor]:
    """The rows of each batch on the device, copied for many steps at a time on CUDA."""
    while chunk := list(itertools.islice(batches, _STEPS_PER_COPY if device.type == "cuda" else 1)):
        yield from _sent(np.stack(chunk), device)


def _sent(array: np.ndarray, device: torch.device) -> Tensor:
    """The array on the device; from pinned memory, the copy to a GPU runs while the CPU continues."""
    on_cuda, tensor = device.type == "cuda", torch.from_numpy(array)
    return (tensor.pin_memory() if on_cuda else tensor).to(device, non_blocking=on_cuda)
