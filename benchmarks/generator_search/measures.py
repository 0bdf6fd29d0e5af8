"""What is measured of a generator's images, against validation images that it was not trained on."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch

from ganbal.gan.collapse import diversity
from ganbal.metrics.density_coverage import coverage, density
from ganbal.metrics.features.extractor import Extractor, embed_images
from ganbal.metrics.features.thumbnails import thumbnail_extractor
from ganbal.metrics.kid import kernel_distance
from ganbal.metrics.mean_image import mean_image_difference
from ganbal.metrics.memorization.copies import Views, copy_thresholds, find_copies, nearest_training
from ganbal.metrics.memorization.originals import find_originals
from ganbal.metrics.power_spectrum import spectrum_difference_db
from ganbal.metrics.precision_recall import precision, recall
from ganbal.metrics.two_sample_cnn import cnn_two_sample_aucs

CNN_EPOCHS = 3


@dataclass(frozen=True)
class Judge:
    """The real images, (N, S, S) uint8 each, and the extractors by name; the first one's features detect copies."""

    training: np.ndarray
    validation: np.ndarray
    extractors: Mapping[str, Extractor]
    device: torch.device

    @property
    def num_synthetic(self) -> int:
        """Images that `measure` takes: the small network trains on as many as there are training images."""
        return len(self.training) + len(self.validation)

    def measure(self, synthetic: np.ndarray, seed: int) -> dict[str, float]:
        """The measures of (num_synthetic, S, S) uint8 images."""
        count = len(self.training)
        sides = self.training, synthetic[:count], self.validation, synthetic[count:]
        views = self._views(synthetic)
        near = nearest_training(views, self._training_views, device=self.device)
        return {
            **self._compared(synthetic),
            **self._separated(*sides, seed=seed),
            "copies": float(find_copies(near, self._copy_thresholds).is_copy.mean()),
        }

    def measure_real(self, seed: int) -> dict[str, float]:
        """The measures of half of the training images in place of synthetic ones: what no generator can be far above.

        They are fewer than synthetic images are, so recall and coverage come out lower. Nothing is said of copies.
        """
        order = np.random.default_rng(seed).permutation(len(self.training))
        ours, others = (self.training[half] for half in np.array_split(order, 2))
        unseen = np.array_split(self.validation, 2)
        return {**self._compared(ours), **self._separated(others, ours, *unseen, seed=seed)}

    def _compared(self, synthetic: np.ndarray) -> dict[str, float]:
        found = {}
        for name, extractor in self.extractors.items():
            sides = self._validation_features[name], embed_images(synthetic, extractor)
            kid = kernel_distance(*sides, generator=np.random.default_rng(0), num_subsets=0, device=self.device)
            found[f"{name} KID x 1000"] = 1000 * kid.value
            for measure in (precision, recall, density, coverage):
                found[f"{name} {measure.__name__}"] = measure(*sides, device=self.device)
        return found | {
            "diversity": diversity(synthetic) / diversity(self.validation),
            "mean image off": mean_image_difference(self.validation, synthetic),
            "spectrum off (dB)": spectrum_difference_db(self.validation, synthetic),
        }

    def _separated(self, *sides: np.ndarray, seed: int) -> dict[str, float]:
        areas = cnn_two_sample_aucs(*sides, epochs=CNN_EPOCHS, seed=seed, device=self.device)
        return {f"CNN AUC, epoch {epoch}": area for epoch, area in enumerate(areas, 1)}

    def _views(self, images: np.ndarray) -> Views:
        first = next(iter(self.extractors.values()))
        return Views(embed_images(images, first), embed_images(images, thumbnail_extractor(self.device)))

    @cached_property
    def _validation_features(self) -> dict[str, np.ndarray]:
        return {name: embed_images(self.validation, extractor) for name, extractor in self.extractors.items()}

    @cached_property
    def _training_views(self) -> Views:
        return self._views(self.training)

    @cached_property
    def _copy_thresholds(self):
        originals = find_originals(self._training_views, self._views(self.validation), device=self.device)
        return copy_thresholds(originals.near)
