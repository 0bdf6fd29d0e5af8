"""How variants are ranked, by a rule that was fixed before the search.

1. Last come variants of which a training failed; before them, those that collapsed (diversity below 0.7 of that of real
   images) or copy (more than 5 % of the images). Distances such as KID do not see a collapse.
2. The others are ordered by the mean of their ranks in `RANKED`, each measured on validation images. Precision and
   density do not count: few perfect images would win.
A variant's measure is the mean over its seeds.
"""

import statistics
from collections.abc import Mapping, Sequence

from scipy.stats import rankdata

RANKED = {"KID x 1000": "lower", "recall": "higher", "coverage": "higher", "CNN AUC, epoch 1": "lower"}
"""Ends of the names of measures → which values are better. Those of features count once per extractor."""
LEAST_DIVERSITY, MOST_COPIES = 0.7, 0.05
Row = Mapping[str, float]


def ranked_variants(rows: Mapping[str, Sequence[Row | None]]) -> list[tuple[str, float | None, dict[str, float]]]:
    """(variant, mean rank, mean measures), the best first; the mean rank is None where rule 1 applies.

    Args:
        rows: variant → the measures of its seeds, None for a training that failed.
    """
    means = {variant: _means([row for row in found if row is not None]) for variant, found in rows.items()}
    failed = [variant for variant, found in rows.items() if None in found or not found]
    degenerate = [variant for variant in rows if variant not in failed and _is_degenerate(means[variant])]
    others = [variant for variant in rows if variant not in failed and variant not in degenerate]
    scores = _mean_ranks([means[variant] for variant in others])
    ordered = sorted(zip(scores, others, strict=True), key=lambda pair: pair[0])
    ranked: list[tuple[str, float | None]] = [(variant, score) for score, variant in ordered]
    return [(variant, score, means[variant]) for variant, score in [*ranked, *((v, None) for v in degenerate + failed)]]


def _is_degenerate(row: Row) -> bool:
    return row["diversity"] < LEAST_DIVERSITY or row["copies"] > MOST_COPIES


def _means(rows: Sequence[Row]) -> dict[str, float]:
    return {name: statistics.fmean(row[name] for row in rows) for name in (rows[0] if rows else ())}


def _mean_ranks(rows: Sequence[Row]) -> list[float]:
    if not rows:
        return []
    ranks = []
    for name in rows[0]:
        better = next((better for end, better in RANKED.items() if name.endswith(end)), None)
        if better is not None:
            sign = 1 if better == "lower" else -1
            ranks.append(rankdata([sign * row[name] for row in rows]))  # ties get their mean rank
    return [float(statistics.fmean(own)) for own in zip(*ranks, strict=True)]
