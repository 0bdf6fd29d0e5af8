"""Over-sampling with a GAN, for arrays: `fit_resample` with the interface of imbalanced-learn's over-samplers."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state

from ganbal.config import FEWEST_TO_LEARN_FROM, GanConfig, allowed_gan_sizes_px, load_config
from ganbal.data.decoding import resize_gray
from ganbal.errors import InputError
from ganbal.gan.checkpoint import chosen_checkpoint, load_generator
from ganbal.gan.fingerprint import TrainingFingerprint
from ganbal.gan.folder import GanFolder
from ganbal.gan.sampling import latent_rows
from ganbal.gan.training import train_gan
from ganbal.metrics.quality import KernelQuality
from ganbal.over_sampling.sampling_strategy import SamplingStrategy, images_to_add
from ganbal.runtime.console import Console
from ganbal.runtime.device import choose_device
from ganbal.runtime.hashing import digest_of


class GANOverSampler(BaseEstimator):
    """Adds synthetic images to small classes, from one GAN per class, trained one after another.

    Parameters have the names and meanings of imbalanced-learn. Nearly all of the time is training: minutes on a GPU,
    hours on a CPU with the default settings.

    Args:
        sampling_strategy: see `ganbal.over_sampling.sampling_strategy.images_to_add`.
        random_state: a seed, a numpy RandomState, or None for a different result every time.
        gan: settings of section `gan` (configs/default.yaml), e.g. `{"steps": 5000}`. The default of
            `image_size_px` is the smallest size that can be generated and is not smaller than the images; images are
            resized to it and back.
        device: "auto", "cpu" or "cuda".
        verbose: whether to show progress.

    Attributes, after `fit_resample`:
        sampling_strategy_: {class: number of images added}, as in imbalanced-learn.
        sample_indices_: (N,) rows of the given images among those returned: all of them, in their order; they come
            first. Synthetic images are not copies of a row and have no index (imbalanced-learn's RandomOverSampler
            repeats rows; its over-samplers that create samples, such as SMOTE, have no such attribute).
        is_synthetic_: (M,) bool, per returned image.
    """

    def __init__(
        self,
        *,
        sampling_strategy: SamplingStrategy = "auto",
        random_state: int | np.random.RandomState | None = None,
        gan: Mapping[str, Any] | None = None,
        device: str = "auto",
        verbose: bool = False,
    ) -> None:
        self.sampling_strategy = sampling_strategy
        self.random_state = random_state
        self.gan = gan
        self.device = device
        self.verbose = verbose

    def fit_resample(self, images: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The given images and labels, followed by the synthetic ones, class after class.

        Args:
            images: (N, S, S) or (N, S, S, 1) uint8, gray.
            labels: (N,) strings or whole numbers.

        Returns:
            (M, S, S) or (M, S, S, 1) uint8, as given, and labels (M,) of the given type.

        Raises:
            InputError: images or labels of another shape or type, an impossible strategy or setting, or a class with
                too few images to learn from.
            GanbalError: training collapsed repeatedly.
        """
        images, labels = np.asarray(images), np.asarray(labels)
        _check_arrays(images, labels)
        gray = images[..., 0] if images.ndim == 4 else images
        to_add = images_to_add(labels, self.sampling_strategy)
        for name in to_add:
            _check_enough(name, int((labels == name).sum()))
        config, device = _gan_config(self.gan, gray.shape[1]), choose_device(self.device)
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        parts, part_labels = [gray], [labels]
        for name, number in to_add.items():
            generated = _generate(gray[labels == name], number, config, seed, device, Console(quiet=not self.verbose))
            parts.append(generated)
            part_labels.append(np.full(number, name, dtype=labels.dtype))
        self.sampling_strategy_ = to_add
        self.sample_indices_ = np.arange(len(images))
        resampled = np.concatenate(parts)
        self.is_synthetic_ = np.arange(len(resampled)) >= len(images)
        return resampled.reshape(-1, *images.shape[1:]), np.concatenate(part_labels)


def _generate(
    images: np.ndarray, number: int, config: GanConfig, seed: int, device: torch.device, console: Console
) -> np.ndarray:
    """Train a GAN on images (N, S, S) and return `number` synthetic ones: (number, S, S) uint8."""
    size_px, training = images.shape[1], _resized(images, config.image_size_px)
    fingerprint = TrainingFingerprint.of(
        config,
        seed=seed,
        class_names=["one class"],
        data_digest=digest_of(training.shape),  # this training is never resumed
    )
    with tempfile.TemporaryDirectory(prefix="ganbal-") as place:
        folder = GanFolder(Path(place))
        train_gan(
            training,
            config,
            fingerprint=fingerprint,
            seed=seed,
            device=device,
            folder=folder,
            console=console,
            quality=KernelQuality(training, device),
        )
        generator = load_generator(chosen_checkpoint(folder), device)
    latents = latent_rows(seed, number, generator.latent_dim)
    return _resized(np.concatenate(list(generator.generate(latents, config.batch_size))), size_px)


def _resized(images: np.ndarray, size_px: int) -> np.ndarray:
    return images if images.shape[1] == size_px else np.stack([resize_gray(image, size_px) for image in images])


def _gan_config(settings: Mapping[str, Any] | None, size_px: int) -> GanConfig:
    given = dict(settings or {})
    if "image_size_px" not in given:
        large_enough = [size for size in allowed_gan_sizes_px() if size >= size_px]
        if not large_enough:
            raise InputError(
                found=f"The images have {size_px} px.",
                expected=f"The largest size that can be generated is {max(allowed_gan_sizes_px())} px.",
                action="Resize them, or set gan={'image_size_px': …}; enlarged images are blurred.",
            )
        given["image_size_px"] = large_enough[0]
    return load_config(None, base={"gan": given}).gan


def _check_arrays(images: np.ndarray, labels: np.ndarray) -> None:
    is_gray = images.ndim == 3 or (images.ndim == 4 and images.shape[3] == 1)
    if not is_gray or images.dtype != np.uint8 or images.shape[1] != images.shape[2]:
        raise InputError(
            found=f"The images are an array {images.shape} of {images.dtype}.",
            expected="They must be (N, S, S) or (N, S, S, 1) of uint8: gray squares with values from 0 to 255.",
            action="Convert and resize them first.",
        )
    if labels.shape != (len(images),):
        raise InputError(
            found=f"The labels are an array {labels.shape} for {len(images)} images.",
            expected="Every image needs one label.",
            action=f"Give an array of {len(images)} labels.",
        )


def _check_enough(name: Any, number: int) -> None:
    if number < FEWEST_TO_LEARN_FROM:
        raise InputError(
            found=f"There are {number} images of {name}.",
            expected=f"A generator needs at least {FEWEST_TO_LEARN_FROM} images to learn from.",
            action="Add images of it, or leave it out of sampling_strategy.",
        )
