"""All scores of one comparison, from images to the content of scores.json."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from ganbal.config import ScoreConfig
from ganbal.errors import InputError
from ganbal.metrics.features.extractor import Extractor
from ganbal.metrics.features.images import ImageSource
from ganbal.metrics.features.store import FeatureSet, FeatureStore
from ganbal.metrics.features.thumbnails import thumbnail_extractor
from ganbal.metrics.features.untrained import untrained_extractor
from ganbal.metrics.frechet import distance_of_factored
from ganbal.metrics.measures import FeatureMetric, FeatureTriple, feature_metrics, score_features
from ganbal.metrics.memorization.copies import Views
from ganbal.metrics.memorization.copy_findings import describe_copies
from ganbal.metrics.memorization.copy_scores import CopyReport, score_copies
from ganbal.metrics.score_entries import Score
from ganbal.metrics.score_warnings import warnings_of
from ganbal.metrics.threads import one_matrix_thread
from ganbal.runtime.console import Console

FEWEST_IMAGES = 16
_FEWEST_HELD_OUT = 12
_SMALL_SET = 5000


@dataclass(frozen=True)
class ImageSets:
    """What is compared with what."""

    real: ImageSource
    """What the generator was trained on, or is to resemble."""
    synthetic: ImageSource
    held_out: ImageSource | None
    """Real images that the generator did not see."""


@dataclass(frozen=True)
class FeatureSets:
    """The same sets as one extractor sees them."""

    real: FeatureSet
    synthetic: FeatureSet
    held_out: FeatureSet | None

    @property
    def triple(self) -> FeatureTriple:
        held_out = self.held_out.values if self.held_out else None
        return FeatureTriple(self.real.values, self.synthetic.values, held_out, self.real.identity)


class Comparison:
    """Computes what the settings ask for."""

    def __init__(
        self,
        images: ImageSets,
        *,
        config: ScoreConfig,
        extractor: Extractor,
        device: torch.device,
        cache_root: Path | None,
        seed: int,
        console: Console,
        as_classifiers_see_them: ImageSets | None = None,
        image_size_px: int | None = None,
    ) -> None:
        """Prepare; nothing is computed yet.

        Args:
            images: what is compared.
            config: which scores.
            extractor: what gives the features.
            device: where networks run.
            cache_root: where features are kept; None keeps nothing.
            seed: of every random draw.
            console: for progress and warnings.
            as_classifiers_see_them: the same sets as a classifier gets them, for the two-sample test; None resizes
                `images` to `config.two_sample_size_px`.
            image_size_px: side of the images where they all have one.

        Raises:
            InputError: fewer than 16 images on a side.
        """
        self.images = _checked(images, config, console)
        if as_classifiers_see_them is not None and self.images.held_out is None:
            as_classifiers_see_them = replace(as_classifiers_see_them, held_out=None)
        self.config, self.extractor, self.device = config, extractor, device
        self.seed, self.console, self.image_size_px = seed, console, image_size_px
        self.classifier_images = as_classifiers_see_them or self.images
        self.store = FeatureStore(cache_root, console)

    def score(self, figures_folder: Path | None = None) -> dict[str, Any]:
        """The content of scores.json; the picture of the nearest pairs goes to `figures_folder` where it is given.

        Raises:
            InputError: too many unreadable images, or features that are not finite.
        """
        artefacts = untrained_extractor(self.device, size_px=self.config.two_sample_size_px)
        main, thumbnails, texture = self._features(artefacts)
        metrics = [(metric, texture if group == "two_sample" else main) for group, metric in self._metrics()]
        scores: list[Score] = []
        copies: CopyReport | None = None
        is_small = max(len(main.real), len(main.synthetic)) <= _SMALL_SET
        with self.console.progress(len(metrics) + 1, "scores", "score") as bar, one_matrix_thread(only_if=is_small):
            for metric, features in metrics:
                assert features is not None
                known = self._distance(main) if metric.metric == "fid" else None
                splits = self.config.floor_splits
                scores.append(score_features(metric, features.triple, splits=splits, seed=self.seed, value=known))
                bar.update()
            if thumbnails is not None:
                copies = self._copies(main, thumbnails)
                scores += copies.scores
        return self._report(main, scores, copies, figures_folder)

    def _metrics(self) -> list[tuple[str, FeatureMetric]]:
        return [(g, m) for g in dict.fromkeys(self.config.metrics) for m in feature_metrics(g, self.config.nearest_k)]

    def _features(self, artefacts: Extractor) -> tuple[FeatureSets, FeatureSets | None, FeatureSets | None]:
        """Features of the chosen extractor, thumbnails, and artefact features; each image is decoded once."""
        wanted = [self.extractor]
        if "copies" in self.config.metrics:
            wanted.append(thumbnail_extractor(self.device))
        two_sample = "two_sample" in self.config.metrics
        together = two_sample and self.classifier_images is self.images
        if together:
            wanted.append(artefacts)
        found = self._compute(self.images, wanted)
        texture = found.pop() if together else None
        if two_sample and not together:
            texture = self._compute(self.classifier_images, [artefacts])[0]
        return found[0], found[1] if len(found) > 1 else None, texture

    def _compute(self, images: ImageSets, extractors: Sequence[Extractor]) -> list[FeatureSets]:
        sets = [
            self.store.features(source, extractors, batch_size=self.config.batch_size) if source else None
            for source in (images.real, images.synthetic, images.held_out)
        ]
        real, synthetic, held_out = sets
        assert real is not None and synthetic is not None
        return [FeatureSets(real[i], synthetic[i], held_out[i] if held_out else None) for i in range(len(extractors))]

    def _distance(self, features: FeatureSets) -> float:
        return distance_of_factored(*(self.store.factored(side) for side in (features.real, features.synthetic)))

    def _copies(self, main: FeatureSets, thumbnails: FeatureSets) -> CopyReport:
        held_out = None
        if main.held_out is not None and thumbnails.held_out is not None:
            held_out = Views(main.held_out.values, thumbnails.held_out.values)
        return score_copies(
            Views(main.real.values, thumbnails.real.values),
            Views(main.synthetic.values, thumbnails.synthetic.values),
            held_out,
            identity=main.real.identity,
            splits=self.config.floor_splits,
            seed=self.seed,
        )

    def _report(
        self,
        main: FeatureSets,
        scores: Sequence[Score],
        copies: CopyReport | None,
        figures_folder: Path | None,
    ) -> dict[str, Any]:
        warnings = warnings_of(
            scores,
            has_held_out=main.held_out is not None,
            near_identical=copies.findings.near_identical if copies else 0,
        )
        return {
            "comparison": {
                "real": {"name": self.images.real.name, "n": len(main.real)},
                "synthetic": {"name": self.images.synthetic.name, "n": len(main.synthetic)},
                "held_out": {"name": self.images.held_out.name, "n": len(main.held_out)}
                if self.images.held_out and main.held_out
                else None,
                "image_size_px": self.image_size_px,
                "seed": self.seed,
            },
            "scores": [score.to_json() for score in scores],
            "copies": _pairs(self.images, main, copies, figures_folder) if copies else None,
            "warnings": warnings,
        }


def _pairs(images: ImageSets, main: FeatureSets, copies: CopyReport, folder: Path | None) -> dict[str, Any]:
    return describe_copies(copies, images.synthetic, main.synthetic, images.real, main.real, folder)


def _checked(images: ImageSets, config: ScoreConfig, console: Console) -> ImageSets:
    fewest = max(FEWEST_IMAGES, 2 * config.nearest_k + 2)
    for side, source in (("real", images.real), ("synthetic", images.synthetic)):
        if len(source) < fewest:
            raise InputError(
                expected=f"at least {fewest} {side} images to score",
                found=f"{len(source)} in {source.name}",
                action="Add images; scores of a handful say nothing.",
            )
    if images.held_out is not None and len(images.held_out) < max(_FEWEST_HELD_OUT, 2 * config.nearest_k + 2):
        console.warn(f"{len(images.held_out)} held-out images are too few to be used in the scores.")
        return replace(images, held_out=None)
    return images
