"""Over-sampling with a GAN, for arrays: `fit_resample` with the interface of imbalanced-learn's over-samplers."""

import hashlib
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
import torch
from sklearn.base import BaseEstimator, OneToOneFeatureMixin
from sklearn.utils import check_random_state

from classifiers.pixels import num_channels
from ganbal.config import FEWEST_TO_LEARN_FROM, GanConfig, allowed_gan_sizes_px, load_config
from ganbal.errors import InputError
from ganbal.gan.checkpoint import chosen_checkpoint
from ganbal.gan.fingerprint import TrainingFingerprint
from ganbal.gan.folder import GanFolder
from ganbal.gan.image_generator import ImageGenerator
from ganbal.gan.training import train_gan
from ganbal.metrics.quality import KernelQuality
from ganbal.over_sampling.array_types import as_images, as_labels, images_like, labels_like
from ganbal.over_sampling.image_layout import ImageLayout, ValueRange, resized
from ganbal.over_sampling.sampling_strategy import SamplingStrategy, images_to_add
from ganbal.runtime.console import Console
from ganbal.runtime.device import choose_device
from ganbal.runtime.python_console import PythonConsole

_NESTED = "gan__"


class GANOverSampler(OneToOneFeatureMixin, BaseEstimator):
    """Adds synthetic images to small classes, from one GAN per class, trained one after another.

    It follows imbalanced-learn's over-samplers, works in its pipelines and does not need it. Nearly all of the time is
    training: minutes on a GPU, hours on a CPU with the default settings.

    Example:
        >>> sampler = GANOverSampler(random_state=0, gan={"steps": 5000})
        >>> X_resampled, y_resampled = sampler.fit_resample(X, y)  # X uint8 (N, S, S)
        >>> sampler.set_params(gan__steps=8000)  # nested parameters, also in a grid search

    Args:
        sampling_strategy: see `ganbal.over_sampling.sampling_strategy.images_to_add`.
        random_state: a seed, a numpy RandomState, or None for a different result every time.
        gan: settings of section `gan` (`ganbal config` lists them), e.g. `{"steps": 5000}`; single ones are also
            parameters, such as `gan__steps`. The default of `image_size_px` is the smallest size that can be generated
            and is not smaller than the images; images are resized to it and back.
        image_shape: for flat vectors, the shape of the image in each: (H, W), (H, W, 3) or (3, H, W); one number may
            be -1.
        value_range: the values of X that are black and white, between which all values lie. "auto": 0 and 255 for
            uint8; 0 and 1 for floats that lie between them; otherwise the least and the greatest value of X. Generated
            values are multiples of 1/255 of the range.
        device: "auto", "cpu" or "cuda".
        verbose: whether to show progress.

    Attributes, after `fit_resample`:
        sampling_strategy_: {class: number of images added}, as in imbalanced-learn.
        generators_: {class: its trained `ganbal.Generator`}, for more images or to be saved.
        sample_indices_: (N,) rows of the given images among those returned: all of them, in their order; they come
            first. Synthetic images are not copies of a row and have no index (imbalanced-learn's RandomOverSampler
            repeats rows; its over-samplers that create samples, such as SMOTE, have no such attribute).
        is_synthetic_: (M,) bool, per returned image.
        n_features_in_, feature_names_in_: of flat vectors, as in scikit-learn.
    """

    _estimator_type = "sampler"
    _sampling_type = "over-sampling"

    def __init__(
        self,
        *,
        sampling_strategy: SamplingStrategy = "auto",
        random_state: int | np.random.RandomState | None = None,
        gan: Mapping[str, Any] | None = None,
        image_shape: Sequence[int] | None = None,
        value_range: ValueRange = "auto",
        device: str = "auto",
        verbose: bool = False,
    ) -> None:
        self.sampling_strategy = sampling_strategy
        self.random_state = random_state
        self.gan = gan
        self.image_shape = image_shape
        self.value_range = value_range
        self.device = device
        self.verbose = verbose

    def fit(self, X: Any, y: Any) -> Self:  # noqa: N803 - scikit-learn's names
        """Check the images and labels, and find how many images of each class to add; nothing is trained.

        Raises:
            InputError: as `fit_resample`.
        """
        self._prepare(X, y)
        return self

    def fit_resample(self, X: Any, y: Any) -> tuple[Any, Any]:  # noqa: N803
        """The given images and labels, followed by the synthetic ones, class after class.

        Args:
            X: gray images (N, H, W), (N, H, W, 1) or (N, 1, H, W); RGB images (N, H, W, 3) or (N, 3, H, W); flat
                vectors (N, D) with `image_shape`. uint8, or other numbers (see `value_range`). An array, a list or a
                data frame.
            y: (N,) text or whole numbers, or one column per class.

        Returns:
            X with M rows and y with M labels, of the given types, shapes and dtypes.

        Raises:
            InputError: images or labels of another shape or type, an impossible strategy or setting, or a class with
                too few images to learn from.
            GanbalError: training collapsed repeatedly.
        """
        images, labels, num_columns, layout = self._prepare(X, y)
        for name in self.sampling_strategy_:
            _check_enough(name, int((labels == name).sum()))
        config, device = _gan_config(self.gan, max(layout.size)), choose_device(self.device)
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        pixels = layout.to_pixels(images)
        parts, part_labels = [images], [labels]
        self.generators_ = {}
        square = (config.image_size_px, config.image_size_px)
        of_all_classes = resized(pixels, square) if config.pretrain_steps else None
        for name, number in self.sampling_strategy_.items():
            training = resized(pixels[labels == name], square)
            console = PythonConsole(quiet=not self.verbose)
            generator = _train(training, of_all_classes, str(name), config, seed, device, console)
            generated = generator.sample(number, seed, batch_size=config.batch_size)
            self.generators_[name] = generator
            parts.append(layout.from_pixels(resized(generated, layout.size)))
            part_labels.append(np.full(number, name, dtype=labels.dtype))
        more, more_labels = np.concatenate(parts), np.concatenate(part_labels)
        self.sample_indices_ = np.arange(len(images))
        self.is_synthetic_ = np.arange(len(more)) >= len(images)
        return images_like(X, more), labels_like(y, more_labels, num_columns)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Parameters by name; with `deep` also `gan__steps` and so on, for every setting of section `gan`."""
        found = super().get_params(deep=False)
        if not deep:
            return found
        defaults = GanConfig.model_validate({}).model_dump() | {"image_size_px": None}
        return found | {f"{_NESTED}{name}": value for name, value in (defaults | dict(self.gan or {})).items()}

    def set_params(self, **params: Any) -> Self:
        """Set parameters; `gan__steps` and so on change single settings and keep the others."""
        nested = {name.removeprefix(_NESTED): value for name, value in params.items() if name.startswith(_NESTED)}
        super().set_params(**{name: value for name, value in params.items() if not name.startswith(_NESTED)})
        unknown = [name for name in nested if name not in GanConfig.model_fields]
        if unknown:
            raise InputError(
                found=f"GANOverSampler has no parameter {_NESTED}{unknown[0]}.",
                expected=f"Nested parameters are settings of section gan, such as {_NESTED}steps.",
                action="Correct the name; `ganbal config` lists them.",
            )
        if nested:
            self.gan = {**(self.gan or {}), **nested}
        return self

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.estimator_type = "sampler"
        tags.target_tags.required = True
        tags.input_tags.three_d_array = True
        try:
            from imblearn.utils._tags import InputTags, SamplerTags, Tags
        except ImportError:
            return tags
        of_input = {field.name: getattr(tags.input_tags, field.name) for field in fields(tags.input_tags)}
        given = {field.name: getattr(tags, field.name) for field in fields(tags)}
        given["input_tags"] = InputTags(**of_input, dataframe=True)
        return Tags(**given, sampler_tags=SamplerTags(sample_indices=True))

    def _prepare(self, given: Any, given_labels: Any) -> tuple[np.ndarray, np.ndarray, int | None, ImageLayout]:
        """Images and labels as arrays, the number of columns of one-hot labels, and the layout of the images."""
        images = as_images(given)
        labels, num_columns = as_labels(given_labels)
        if images.ndim < 2 or len(images) != len(labels):
            raise InputError(
                found=f"X is an array {images.shape}, with {len(labels)} labels.",
                expected="Every image needs one label.",
                action="Give as many labels as images.",
            )
        layout = ImageLayout.of(images, self.image_shape, self.value_range)
        self._note_features(given, images)
        self.sampling_strategy_ = images_to_add(labels, self.sampling_strategy)
        return images, labels, num_columns, layout

    def _note_features(self, given: Any, images: np.ndarray) -> None:
        for name in ("n_features_in_", "feature_names_in_"):
            self.__dict__.pop(name, None)
        if images.ndim == 2:
            self.n_features_in_ = images.shape[1]
        if isinstance(given, pd.DataFrame) and all(isinstance(name, str) for name in given.columns):
            self.feature_names_in_ = np.asarray(given.columns, dtype=object)


def _train(
    images: np.ndarray,
    of_all_classes: np.ndarray | None,
    class_name: str,
    config: GanConfig,
    seed: int,
    device: torch.device,
    console: Console,
) -> ImageGenerator:
    """Train a GAN on images of one class: uint8 (N, S, S) or (N, S, S, 3).

    Args:
        of_all_classes: (M, S, S) or (M, S, S, 3), for a pretraining; None for a generator without one.
    """
    fingerprint = TrainingFingerprint.of(
        config,
        seed=seed,
        class_names=[class_name],
        data_digest=hashlib.sha256(images.tobytes()).hexdigest(),
        channels=num_channels(images),
    )
    with tempfile.TemporaryDirectory(prefix="ganbal-") as place:
        folder = GanFolder(Path(place))
        train_gan(
            images,
            config,
            pretraining_images=of_all_classes,
            fingerprint=fingerprint,
            seed=seed,
            device=device,
            folder=folder,
            console=console,
            quality=KernelQuality(images, device),
        )
        return ImageGenerator.load(chosen_checkpoint(folder), str(device))


def _gan_config(settings: Mapping[str, Any] | None, size_px: int) -> GanConfig:
    given = {name: value for name, value in (settings or {}).items() if (name, value) != ("image_size_px", None)}
    if "image_size_px" not in given:
        large_enough = [size for size in allowed_gan_sizes_px() if size >= size_px]
        if not large_enough:
            raise InputError(
                found=f"The images have {size_px} px.",
                expected=f"The largest size that can be generated is {max(allowed_gan_sizes_px())} px.",
                action="Resize them, or set gan={'image_size_px': …}; enlarged images are blurred.",
            )
        given["image_size_px"] = large_enough[0]
    config = load_config(None, base={"gan": given}).gan
    if config.conditional:
        raise InputError(
            found="gan.conditional is True.",
            expected="GANOverSampler trains one generator per class.",
            action="Leave the setting out, or use ganbal.train_gan with conditional=True.",
        )
    return config


def _check_enough(name: Any, number: int) -> None:
    if number < FEWEST_TO_LEARN_FROM:
        raise InputError(
            found=f"There are {number} images of {name}.",
            expected=f"A generator needs at least {FEWEST_TO_LEARN_FROM} images to learn from.",
            action="Add images of it, or leave it out of sampling_strategy.",
        )
