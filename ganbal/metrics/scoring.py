"""Entry points: score the synthetic images of a run, or any two folders of images."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from classifiers.pixels import num_channels
from ganbal.config import ScoreConfig
from ganbal.config.data import Fit
from ganbal.errors import InputError
from ganbal.metrics.comparison import ImageSets, SetScorer
from ganbal.metrics.features.extractor import Extractor
from ganbal.metrics.features.feature_cache import SetFeatureCache
from ganbal.metrics.features.images import ArrayImages, FolderImages, open_folders
from ganbal.metrics.features.registry import build_extractor, check_extractor, resolve_extractor
from ganbal.metrics.statistics_file import is_statistics, score_statistics
from ganbal.runtime.console import Console


@dataclass(frozen=True)
class RunImages:
    """The images of one class of a run; pixels are uint8 (N, S, S) or (N, S, S, 3).

    Attributes:
        train: images that the generator was trained on.
        synthetic: images that it generated.
        held_out: real images that neither the generator nor its selection saw; may be empty.
    """

    train: np.ndarray
    synthetic: np.ndarray
    held_out: np.ndarray | None = None

    def as_sources(self, train_names: Sequence[str] | None, synthetic_names: Sequence[str] | None) -> ImageSets:
        held_out = None
        if self.held_out is not None and len(self.held_out):
            held_out = ArrayImages(self.held_out, name="held-out real images")
        return ImageSets(
            ArrayImages(self.train, name="training images", names=train_names),
            ArrayImages(self.synthetic, name="synthetic images", names=synthetic_names),
            held_out,
            num_channels(self.train),
        )


def check_score(config: ScoreConfig) -> None:
    """Check in seconds that everything a score needs is available; nothing is downloaded.

    Raises:
        InputError: weights or a package are missing or damaged, or do not suit `config.dims`.
    """
    check_extractor(config)


def score_run(
    images: RunImages,
    *,
    train_names: Sequence[str],
    synthetic_names: Sequence[str],
    config: ScoreConfig,
    device: torch.device,
    cache_root: Path | None,
    seed: int,
    console: Console,
    classifier_images: RunImages | None = None,
    figures_folder: Path | None = None,
    extractor: Extractor | None = None,
) -> dict[str, Any]:
    """Score a run's synthetic images of one class.

    Args:
        images: at the generator's size.
        train_names: names of the training images.
        synthetic_names: names of the synthetic images.
        config: which scores, with which extractor.
        device: where networks run.
        cache_root: where features are kept between calls; None keeps nothing.
        seed: of all random choices.
        console: for progress and warnings.
        classifier_images: the same images at the classifiers' input size, each resized from its original; None resizes
            `images`, which hides a difference in resolution between real and synthetic images.
        figures_folder: where `nearest_pairs.png` is written; None: no picture.
        extractor: replaces the extractor of the settings, for example by a trained classifier.

    Returns:
        The content of scores.json.

    Raises:
        InputError: fewer than 16 images per side; missing or damaged weights; features that are not finite.
    """
    at_classifier_size = None
    if classifier_images is not None:
        at_classifier_size = classifier_images.as_sources(None, None)
        config = config.model_copy(update={"two_sample_size_px": max(32, classifier_images.train.shape[1])})
    extractor = extractor or _resolved_extractor(config, device, console, num_channels(images.train))
    scorer = SetScorer(config, extractor, device, SetFeatureCache(cache_root, console), seed, console)
    return scorer.score(
        images.as_sources(train_names, synthetic_names),
        classifier_images=at_classifier_size,
        image_size_px=images.train.shape[1],
        figures_folder=figures_folder,
    )


def score_sets(
    real: Path | np.ndarray,
    synthetic: Path | np.ndarray,
    *,
    config: ScoreConfig,
    device: torch.device,
    cache_root: Path | None,
    seed: int,
    console: Console,
    held_out: Path | np.ndarray | None = None,
    fit: Fit = "stretch",
    figures_folder: Path | None = None,
    extractor: Extractor | None = None,
) -> dict[str, Any]:
    """Score any two folders or arrays of images.

    Args:
        real: a folder (any depth, image sizes and formats); an array, uint8 (N, S, S) or (N, S, S, 3); or a `.npz`
            file of statistics as pytorch-fid writes it, which suffices for FID and nothing else.
        synthetic: the same.
        held_out: a folder or an array of real images that the generator was not trained on.
        fit: how images in folders become squares if they are not.
        config, device, cache_root, seed, console, figures_folder, extractor: as in `score_run`.

    Returns:
        The content of a scores.json.

    Raises:
        InputError: as `score_run`; no such folder, or no images in it; more than 5 % unreadable images.
    """
    # Before the extractor is built, which takes seconds: wrong paths and arrays are reported at once.
    given = {"real": real, "synthetic": synthetic} | ({} if held_out is None else {"held-out": held_out})
    from_statistics = any(isinstance(side, Path) and is_statistics(side) for side in (real, synthetic))
    sets = None if from_statistics else _opened(given, fit, console)
    extractor = extractor or _resolved_extractor(config, device, console, sets.channels if sets else 1)
    if sets is None:
        if not (isinstance(real, Path) and isinstance(synthetic, Path)):
            raise InputError(
                found="One side is an array, the other a file of statistics.",
                expected="Statistics are compared with those of a folder or of another file.",
                action="Give a folder of images instead of the array.",
            )
        return score_statistics(real, synthetic, extractor=extractor, cache_root=cache_root, console=console, fit=fit)
    scorer = SetScorer(config, extractor, device, SetFeatureCache(cache_root, console), seed, console)
    return scorer.score(sets, figures_folder=figures_folder)


def _opened(given: Mapping[str, Path | np.ndarray], fit: Fit, console: Console) -> ImageSets:
    """The images of each side; deep images in folders share one range."""
    folders = open_folders(*(side for side in given.values() if isinstance(side, Path)), fit=fit)
    for folder in folders:
        for warning in folder.warnings:
            console.warn(f"{folder.name}: {warning}.")
    in_order = iter(folders)
    sets: dict[str, FolderImages | ArrayImages] = {
        name: next(in_order) if isinstance(side, Path) else _checked_array(side, name) for name, side in given.items()
    }
    channels = max(side.channels() for side in sets.values())
    return ImageSets(sets["real"], sets["synthetic"], sets.get("held-out"), channels)


def _checked_array(pixels: np.ndarray, side: str) -> ArrayImages:
    is_color = pixels.ndim == 4 and pixels.shape[3] == 3
    if pixels.dtype != np.uint8 or not (pixels.ndim == 3 or is_color):
        raise InputError(
            found=f"The {side} images are an array {pixels.shape} of {pixels.dtype}.",
            expected="An array of images is uint8, (N, H, W) gray or (N, H, W, 3) RGB.",
            action="Convert it, or give a folder of images.",
        )
    return ArrayImages(pixels, name=f"array of {side} images")


def _resolved_extractor(config: ScoreConfig, device: torch.device, console: Console, channels: int) -> Extractor:
    if config.extractor == "auto":
        name = resolve_extractor(config)
        reason = "no Inception weights on this machine" if name == "untrained" else "Inception weights are available"
        console.say(f"Features: {name} ({reason}).")
    return build_extractor(config, device, channels)
