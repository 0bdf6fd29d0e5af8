"""Features of frozen backbones, computed for all cells of a study before any of them is trained.

The work is announced, its progress shown, and it is divided among all workers; cells then find the features stored.
"""

import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from classifiers.registry import build_model, find_model
from classifiers.tensor_files import TensorCache
from classifiers.training.augmented_versions import AugmentedVersions
from classifiers.training.config import resolve_published
from classifiers.training.feature_cache import image_digests
from classifiers.training.network_inputs import NetworkInputs
from classifiers.training.train import versions_of
from ganbal.config import StudyConfig
from ganbal.runtime.atomic_files import write_bytes
from ganbal.runtime.classifier_errors import as_input_error
from ganbal.runtime.console import Console
from ganbal.runtime.cpus import torch_threads
from ganbal.runtime.device import choose_device
from ganbal.runtime.number_text import plural
from ganbal.runtime.signals import stop_on_signal
from ganbal.runtime.text import duration
from ganbal.study.cell import Cell
from ganbal.study.cell_training import training_config
from ganbal.study.executors import Executor
from ganbal.study.plan import classifier_size_px
from ganbal.study.source import StudySource, training_set

_FEATURES_PER_PIECE = 64
"""What one task of a worker computes; a kill loses no more than this per worker."""
_WORTH_WORKERS_SECONDS = 20.0
"""Workers take seconds to start."""


@dataclass(frozen=True)
class Backbone:
    """A classifier's frozen backbone, and where and how its features are computed."""

    classifier: str
    weights: str
    size_px: int
    num_classes: int
    device: str
    threads: int
    cache: Path

    def inputs(self) -> NetworkInputs:
        network = build_model(self.classifier, self.num_classes, self.size_px, self.weights)
        cache = TensorCache(self.cache, write_bytes)
        return NetworkInputs.of(network, self.classifier, self.size_px, choose_device(self.device), cache)


@dataclass(frozen=True)
class Piece:
    """Images whose features one task computes: of the images themselves, or of their augmented versions."""

    backbone: Backbone
    pixels: np.ndarray
    versions: AugmentedVersions | None
    num_features: int


@dataclass(frozen=True)
class _Missing:
    """Images with features that are not stored yet, and how many of each."""

    pixels: np.ndarray
    counts: np.ndarray
    versions: AugmentedVersions | None

    def pieces(self, backbone: Backbone) -> Iterator[Piece]:
        size = max(1, _FEATURES_PER_PIECE // (self.versions.number if self.versions else 1))
        for start in range(0, len(self.pixels), size):
            part = slice(start, start + size)
            yield Piece(backbone, self.pixels[part], self.versions, int(self.counts[part].sum()))


def compute_backbone_features(
    cells: Sequence[Cell],
    source: StudySource,
    config: StudyConfig,
    *,
    device: torch.device,
    cache: Path,
    executor: Executor | None,
    console: Console,
) -> None:
    """Compute and store the features that these cells need and that are not stored yet.

    Args:
        cache: the folder of features.
        executor: computes them in other processes, if they take long; None computes them in this one.

    Raises:
        InputError: a backbone is not available, or the features do not fit into memory.
        InterruptedBySignal: SIGINT or SIGTERM; finished features are on disk.
    """
    for classifier in config.classifiers:
        model, of_classifier = find_model(classifier), [cell for cell in cells if cell.classifier == classifier]
        if not of_classifier or not model.frozen_backbone or model.trained_blocks:
            continue
        backbone = Backbone(
            classifier,
            config.weights_of(classifier),
            classifier_size_px(classifier, config),
            len(source.classes),
            str(device),
            config.threads,
            cache.resolve(),
        )
        with as_input_error():
            inputs = backbone.inputs()
            missing = [_missing(inputs, *needed) for needed in _needed(of_classifier, source, config, device)]
            missing = [part for part in missing if len(part.pixels)]
            if missing:
                _compute(backbone, inputs, missing, executor, console)


def _needed(
    cells: Sequence[Cell], source: StudySource, config: StudyConfig, device: torch.device
) -> list[tuple[AugmentedVersions | None, list[np.ndarray]]]:
    """Sets of images of one classifier whose features are used unchanged, and those used in augmented versions."""
    plain, versions, augmented = list[np.ndarray](), None, list[np.ndarray]()
    for cell in cells:
        images = source.with_fraction(cell.minority_fraction).at_size(classifier_size_px(cell.classifier, config))
        training = training_set(cell, images)
        settings = training_config(config, cell, training, device)
        settings = resolve_published(settings, find_model(cell.classifier).recipe)
        plain += [images.validation.pixels, images.test.images.pixels]
        versions = versions_of(True, settings)
        if versions is not None:
            augmented.append(training.images.pixels)
        elif settings.augment == "none":
            plain.append(training.images.pixels)
    return [(None, plain), (versions, augmented)]


def _missing(inputs: NetworkInputs, versions: AugmentedVersions | None, sets: Sequence[np.ndarray]) -> _Missing:
    found: dict[bytes, tuple[np.ndarray, int]] = {}
    for pixels in {id(pixels): pixels for pixels in sets}.values():  # arms share arrays
        counts = inputs.count_missing(pixels, versions)
        rows = np.flatnonzero(counts)
        for digest, row in zip(image_digests(pixels[rows]), rows, strict=True):
            if digest not in found:
                found[digest] = pixels[row].copy(), int(counts[row])
    images, counts_found = [image for image, _ in found.values()], [count for _, count in found.values()]
    return _Missing(np.stack(images) if images else np.empty(0), np.array(counts_found, np.int64), versions)


def _compute(
    backbone: Backbone, inputs: NetworkInputs, missing: Sequence[_Missing], executor: Executor | None, console: Console
) -> None:
    pieces = [piece for part in missing for piece in part.pieces(backbone)]
    total = sum(piece.num_features for piece in pieces)
    with torch_threads(backbone.threads):
        seconds = inputs.seconds_per_image(pieces[0].pixels) * total
    if torch.device(backbone.device).type != "cpu" or seconds < _WORTH_WORKERS_SECONDS:
        executor = None  # one process keeps a GPU busy
    console.say(_announcement(backbone.classifier, missing, total, seconds / (executor.workers if executor else 1)))
    with stop_on_signal() as stop, console.progress(total, "features of images", "image") as bar:

        def check() -> None:
            bar.update(0)  # where there is no terminal, a line now and then shows that the work goes on
            stop.raise_if_requested(f"The features of {bar.n} of {total} images are saved.")

        if executor is None:
            for piece in pieces:
                done = bar.n

                def on_features(images: int, of: int, done: int = done) -> None:
                    bar.update(done + images - bar.n)
                    check()

                _store(piece, inputs, on_features)
        else:
            for piece in executor.each(compute_piece, pieces, check):
                bar.update(piece.num_features)


def _announcement(classifier: str, missing: Sequence[_Missing], total: int, seconds: float) -> str:
    parts = [
        f"{plural(part.versions.number, 'augmented version')} of {plural(len(part.pixels), 'image')}"
        for part in missing
        if part.versions is not None
    ]
    included = f" ({parts[0]} among them)" if parts else ""
    return (
        f"{find_model(classifier).title}: {total} images pass through the frozen backbone once{included}, about "
        f"{duration(seconds)} here. Their features are saved, and later cells and runs use them again."
    )


def compute_piece(piece: Piece) -> None:
    """Compute the missing features of a piece in a worker, and store them.

    Raises:
        ClassifierInputError: the backbone is not available.
    """
    _store(piece, _inputs_of(piece.backbone))


def _store(piece: Piece, inputs: NetworkInputs, on_features: Callable[[int, int], None] | None = None) -> None:
    report = on_features or (lambda done, total: None)
    with torch_threads(piece.backbone.threads):
        if piece.versions is None:
            inputs.prepare(piece.pixels, report)
        else:
            inputs.prepare_versions(piece.pixels, piece.versions, report)


@functools.lru_cache(maxsize=1)
def _inputs_of(backbone: Backbone) -> NetworkInputs:
    """Kept between the pieces of one worker."""
    return backbone.inputs()
