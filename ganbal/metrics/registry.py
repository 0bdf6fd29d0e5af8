"""The scores by their names in `score.metrics`. A new score is one new file and one line here."""

from collections.abc import Callable, Sequence

import torch

from ganbal.config import ScoreConfig
from ganbal.metrics.density_coverage import coverage_score, density_score
from ganbal.metrics.feature_score import FeatureScore, ScoreOptions
from ganbal.metrics.frechet import FID
from ganbal.metrics.frechet_infinity import FID_INFINITY
from ganbal.metrics.kid import kid_score
from ganbal.metrics.memorization.authenticity import authenticity_score
from ganbal.metrics.precision_recall import precision_score, recall_score
from ganbal.metrics.two_sample import TWO_SAMPLE_AUC

COPIES = "copies"
"""Besides authenticity: the share of copies and the data-copying test, which compare images one by one."""

SCORES: dict[str, Callable[[ScoreOptions], Sequence[FeatureScore]]] = {
    "fid": lambda _: [FID],
    "fid_infinity": lambda _: [FID_INFINITY],
    "kid": lambda options: [kid_score(options)],
    "precision_recall": lambda options: [precision_score(options), recall_score(options)],
    "density_coverage": lambda options: [density_score(options), coverage_score(options)],
    COPIES: lambda options: [authenticity_score(options)],
    "two_sample": lambda _: [TWO_SAMPLE_AUC],
}


def chosen_names(config: ScoreConfig) -> list[str]:
    """Names of the scores to compute, each once."""
    return list(SCORES if config.metrics == "all" else dict.fromkeys(config.metrics))


def chosen_scores(config: ScoreConfig, device: torch.device) -> list[FeatureScore]:
    """Definitions of the scores to compute."""
    options = ScoreOptions(config.nearest_k, device)
    return [score for name in chosen_names(config) for score in SCORES[name](options)]
