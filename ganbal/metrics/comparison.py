"""Scores of synthetic against real images: from image sets to the content of scores.json."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from ganbal.config import ScoreConfig
from ganbal.metrics.feature_score import FeatureScore, FeatureTriple, compute_score
from ganbal.metrics.features.extractor import Extractor
from ganbal.metrics.features.feature_cache import FeatureSet, SetFeatureCache
from ganbal.metrics.features.images import ImageSource
from ganbal.metrics.features.thumbnails import thumbnail_extractor
from ganbal.metrics.features.untrained import untrained_extractor
from ganbal.metrics.frechet import FID_KIND, distance_of_factored
from ganbal.metrics.memorization.copies import Views
from ganbal.metrics.memorization.copy_scores import CopyReport, score_copies
from ganbal.metrics.memorization.nearest_pairs import describe_copies
from ganbal.metrics.num_images import MIN_IMAGES, require_images
from ganbal.metrics.registry import COPIES, chosen_names, chosen_scores
from ganbal.metrics.score import Score
from ganbal.metrics.score_warnings import warnings_of
from ganbal.metrics.threads import one_matrix_thread
from ganbal.runtime.console import Console

_MIN_HELD_OUT = 12
_SMALL_SET = 5000


@dataclass(frozen=True)
class ImageSets:
    """The images to compare."""

    real: ImageSource
    """The images that the generator was trained on or should resemble."""
    synthetic: ImageSource
    held_out: ImageSource | None
    """Real images that the generator was not trained on."""
    channels: int = 1
    """3 where colors matter, 1 where the images are gray, whatever the number of their channels."""


@dataclass(frozen=True)
class FeatureSets:
    """Features of the same sets from one extractor."""

    real: FeatureSet
    synthetic: FeatureSet
    held_out: FeatureSet | None

    @property
    def triple(self) -> FeatureTriple:
        held_out = self.held_out.values if self.held_out else None
        return FeatureTriple(self.real.values, self.synthetic.values, held_out, self.real.identity)


@dataclass(frozen=True)
class SetScorer:
    """Computes the scores that the settings ask for.

    Attributes:
        config: which scores, and how.
        extractor: source of the features.
        device: where networks and pairwise distances are computed.
        cache: keeps features between calls.
        seed: of all random choices.
        console: for progress and warnings.
    """

    config: ScoreConfig
    extractor: Extractor
    device: torch.device
    cache: SetFeatureCache
    seed: int
    console: Console

    def score(
        self,
        images: ImageSets,
        *,
        classifier_images: ImageSets | None = None,
        image_size_px: int | None = None,
        figures_folder: Path | None = None,
    ) -> dict[str, Any]:
        """Compute all scores.

        Args:
            images: the sets to compare.
            classifier_images: the same sets at the classifiers' input size, for the two-sample test; None resizes
                `images` to `config.two_sample_size_px`.
            image_size_px: side of the images where they all have the same, for the report.
            figures_folder: where the picture of the nearest pairs is written; None: no picture.

        Returns:
            The content of scores.json.

        Raises:
            InputError: fewer than 16 images per side, too many unreadable images, or features that are not finite.
        """
        definitions = chosen_scores(self.config, self.device)
        images = _checked(images, self.config, self.console)
        if classifier_images is not None and images.held_out is None:
            classifier_images = replace(classifier_images, held_out=None)
        main, thumbnails, artifacts = self._all_features(images, classifier_images, definitions)
        with self.console.progress(len(definitions) + bool(thumbnails), "scores", "score") as bar:
            scores = []
            for score in self._feature_scores(definitions, main, artifacts):
                scores.append(score)
                bar.update()
            copies = self._copies(main, thumbnails) if thumbnails is not None else None
        scores += copies.scores if copies else []
        return {
            "comparison": self._describe(images, main, image_size_px),
            "scores": [score.to_json() for score in scores],
            "copies": _pairs(images, main, copies, figures_folder) if copies and copies.findings else None,
            "warnings": warnings_of(scores, has_held_out=main.held_out is not None, copies=copies),
        }

    def _all_features(
        self, images: ImageSets, classifier_images: ImageSets | None, definitions: Sequence[FeatureScore]
    ) -> tuple[FeatureSets, FeatureSets | None, FeatureSets | None]:
        """Features of the chosen extractor, thumbnails, and artifact features; each image is decoded once."""
        wanted = {"main": self.extractor}
        if COPIES in chosen_names(self.config):
            wanted["thumbnails"] = thumbnail_extractor(self.device)
        artifacts = None
        if any(definition.features == "artifacts" for definition in definitions):
            size_px = self.config.two_sample_size_px
            extractor = untrained_extractor(self.device, size_px=size_px, channels=images.channels)
            if classifier_images is None:
                wanted["artifacts"] = extractor
            else:
                artifacts = self._features(classifier_images, [extractor])[0]
        found = dict(zip(wanted, self._features(images, list(wanted.values())), strict=True))
        return found["main"], found.get("thumbnails"), found.get("artifacts", artifacts)

    def _features(self, images: ImageSets, extractors: Sequence[Extractor]) -> list[FeatureSets]:
        sets = [
            self.cache.features(source, extractors, batch_size=self.config.batch_size) if source else None
            for source in (images.real, images.synthetic, images.held_out)
        ]
        real, synthetic, held_out = sets
        assert real is not None and synthetic is not None
        return [FeatureSets(real[i], synthetic[i], held_out[i] if held_out else None) for i in range(len(extractors))]

    def _feature_scores(
        self, definitions: Sequence[FeatureScore], main: FeatureSets, artifacts: FeatureSets | None
    ) -> Iterator[Score]:
        """The scores in order; small sets use one thread per score instead of several per matrix product."""

        def compute(definition: FeatureScore) -> Score:
            features = artifacts if definition.features == "artifacts" else main
            assert features is not None
            known = self._distance(main) if definition.kind is FID_KIND else None
            return compute_score(
                definition, features.triple, splits=self.config.floor_splits, seed=self.seed, value=known
            )

        is_small = max(len(main.real), len(main.synthetic)) <= _SMALL_SET
        if not is_small:
            yield from map(compute, definitions)
            return
        with one_matrix_thread(), ThreadPoolExecutor(torch.get_num_threads()) as pool:
            yield from pool.map(compute, definitions)

    def _distance(self, features: FeatureSets) -> float:
        return distance_of_factored(*(self.cache.factored(side) for side in (features.real, features.synthetic)))

    def _copies(self, main: FeatureSets, thumbnails: FeatureSets) -> CopyReport:
        held_out = None
        if main.held_out is not None and thumbnails.held_out is not None:
            held_out = Views(main.held_out.values, thumbnails.held_out.values)
        is_small = max(len(main.real), len(main.synthetic)) <= _SMALL_SET
        with one_matrix_thread(only_if=is_small):
            return score_copies(
                Views(main.real.values, thumbnails.real.values),
                Views(main.synthetic.values, thumbnails.synthetic.values),
                held_out,
                identity=main.real.identity,
                splits=self.config.floor_splits,
                seed=self.seed,
                device=self.device,
            )

    def _describe(self, images: ImageSets, main: FeatureSets, image_size_px: int | None) -> dict[str, Any]:
        held_out = images.held_out
        return {
            "real": {"name": images.real.name, "n": len(main.real)},
            "synthetic": {"name": images.synthetic.name, "n": len(main.synthetic)},
            "held_out": {"name": held_out.name, "n": len(main.held_out)} if held_out and main.held_out else None,
            "image_size_px": image_size_px,
            "seed": self.seed,
        }


def _pairs(images: ImageSets, main: FeatureSets, copies: CopyReport, folder: Path | None) -> dict[str, Any]:
    return describe_copies(copies, images.synthetic, main.synthetic, images.real, main.real, folder)


def _checked(images: ImageSets, config: ScoreConfig, console: Console) -> ImageSets:
    """The sets, without held-out images where these are too few.

    Raises:
        InputError: too few real or synthetic images.
    """
    minimum = max(MIN_IMAGES, 2 * config.nearest_k + 2)
    for side, source in (("real", images.real), ("synthetic", images.synthetic)):
        require_images(len(source), side, source.name, minimum)
    if images.held_out is not None and len(images.held_out) < max(_MIN_HELD_OUT, 2 * config.nearest_k + 2):
        console.warn(f"{len(images.held_out)} held-out images are too few to be used in the scores.")
        return replace(images, held_out=None)
    return images
