"""Scoring synthetic images against real ones: those of a run, or any two folders."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ganbal.config import ScoreConfig
from ganbal.metrics.compute import Comparison, ImageSets
from ganbal.metrics.features.extractor import Extractor
from ganbal.metrics.features.images import ArrayImages, open_folders
from ganbal.metrics.features.registry import build_extractor, check_extractor, settle_extractor
from ganbal.metrics.statistics_scoring import is_statistics, score_statistics
from ganbal.runtime.console import Console


@dataclass(frozen=True)
class ClassifierImages:
    """The images as the study's classifiers get them, for the two-sample test; each uint8 (N, S, S)."""

    train: np.ndarray
    synthetic: np.ndarray
    held_out: np.ndarray | None = None


def check_score(config: ScoreConfig) -> None:
    """See in seconds that everything a score needs can be had; nothing is downloaded.

    Raises:
        InputError: weights or a package are missing, damaged, or do not reach as far as `config.dims`.
    """
    check_extractor(config)


def score_run(
    *,
    train_images: np.ndarray,
    held_out_images: np.ndarray | None,
    synthetic_images: np.ndarray,
    train_names: Sequence[str],
    synthetic_names: Sequence[str],
    config: ScoreConfig,
    device: torch.device,
    cache_root: Path | None,
    seed: int,
    console: Console,
    classifier_images: ClassifierImages | None = None,
    figures_folder: Path | None = None,
    extractor: Extractor | None = None,
) -> dict[str, Any]:
    """Score a run's synthetic images.

    Args:
        train_images: (N, S, S) uint8, the images of one class that the generator was trained on.
        held_out_images: (K, S, S) uint8 real images of the class that it did not see; None or a handful is told.
        synthetic_images: (M, S, S) uint8.
        train_names: N names.
        synthetic_names: M names.
        config: which scores, with which extractor.
        device: where networks run.
        cache_root: where features are kept between calls; None keeps nothing.
        seed: of every random draw.
        console: for progress and warnings.
        classifier_images: the same images at the classifiers' input size, each resized from its own original; None
            resizes the images above, which hides a difference in resolution between them.
        figures_folder: where `nearest_pairs.png` goes; None draws none.
        extractor: takes the place of the settings' one, such as a trained classifier's.

    Returns:
        The content of scores.json.

    Raises:
        InputError: fewer than 16 images a side; missing or broken weights; features that are not finite.
    """
    images = ImageSets(
        ArrayImages(train_images, name="training images", names=train_names),
        ArrayImages(synthetic_images, name="synthetic images", names=synthetic_names),
        _held_out(held_out_images),
    )
    at_classifier_size = None
    if classifier_images is not None:
        at_classifier_size = ImageSets(
            ArrayImages(classifier_images.train, name="training images"),
            ArrayImages(classifier_images.synthetic, name="synthetic images"),
            _held_out(classifier_images.held_out),
        )
        config = config.model_copy(update={"two_sample_size_px": max(32, classifier_images.train.shape[-1])})
    comparison = Comparison(
        images,
        config=config,
        extractor=extractor or _settled_extractor(config, device, console),
        device=device,
        cache_root=cache_root,
        seed=seed,
        console=console,
        as_classifiers_see_them=at_classifier_size,
        image_size_px=train_images.shape[-1],
    )
    return comparison.score(figures_folder)


def score_folders(
    real: Path,
    synthetic: Path,
    *,
    config: ScoreConfig,
    device: torch.device,
    cache_root: Path | None,
    seed: int,
    console: Console,
    held_out: Path | None = None,
    figures_folder: Path | None = None,
    extractor: Extractor | None = None,
) -> dict[str, Any]:
    """Score any two folders of images; arguments are those of `score_run`.

    Args:
        real: a folder (any depth, sizes, formats), or a `.npz` file of statistics as pytorch-fid writes it, which is
            enough for FID and nothing else.
        synthetic: the same.
        held_out: a folder of real images that the generator did not see.
        config, device, cache_root, seed, console, figures_folder, extractor: as in `score_run`.

    Returns:
        The content of a scores.json.

    Raises:
        InputError: as `score_run`; no such folder, or no images in it; unreadable images beyond 5 %.
    """
    chosen = extractor or _settled_extractor(config, device, console)
    if is_statistics(real) or is_statistics(synthetic):
        return score_statistics(real, synthetic, extractor=chosen, cache_root=cache_root, console=console)
    folders = open_folders(real, synthetic, *([held_out] if held_out else []))
    for folder in folders:
        for warning in folder.warnings:
            console.warn(f"{folder.name}: {warning}.")
    comparison = Comparison(
        ImageSets(folders[0], folders[1], folders[2] if held_out else None),
        config=config,
        extractor=chosen,
        device=device,
        cache_root=cache_root,
        seed=seed,
        console=console,
    )
    return comparison.score(figures_folder)


def _settled_extractor(config: ScoreConfig, device: torch.device, console: Console) -> Extractor:
    if config.extractor == "auto":
        name = settle_extractor(config)
        reason = "no Inception weights on this machine" if name == "untrained" else "Inception weights are at hand"
        console.say(f"Features: {name} ({reason}).")
    return build_extractor(config, device)


def _held_out(pixels: np.ndarray | None) -> ArrayImages | None:
    if pixels is None or len(pixels) == 0:
        return None
    return ArrayImages(pixels, name="held-out real images")
