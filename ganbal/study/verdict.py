"""What a study may claim: a word for every difference, and one sentence about GAN images."""

from collections.abc import Mapping, Sequence
from typing import Any

from ganbal.study.arms import BASELINE
from ganbal.study.comparisons import CONTROL
from ganbal.study.statistics.bootstrap import CONFIDENCE

MAIN_METRIC = "balanced_accuracy"
RANKING_METRIC = "roc_auc"
"""Told beside the main one where something was found: a threshold can hide what happened to the ranking."""
_TITLES = {MAIN_METRIC: "balanced accuracy", RANKING_METRIC: "ROC-AUC"}
NOTHING_FOUND = "no difference found"


def verdict(mean: float | None, p_holm: float | None, *, lower_is_better: bool = False) -> str:
    """`helps` or `hurts` where the p-value, corrected for all comparisons of its family, is at most 0.05."""
    if mean is None or p_holm is None:
        return "too few seeds"
    if p_holm > 1 - CONFIDENCE + 1e-12 or mean == 0:
        return NOTHING_FOUND
    return "helps" if (mean < 0) == lower_is_better else "hurts"


def verdict_sentence(differences: Sequence[Mapping[str, Any]], facts: Mapping[str, Any]) -> str:
    """The study's answer about GAN images: for every classifier against no balancing and against plain copies.

    Of several ratios it is about the one nearest to what is missing, of several minority fractions about the largest.

    Args:
        differences: the rows of study/summary.json.
        facts: what names the classifiers.
    """
    parts = []
    for classifier in facts["classifiers"]:
        rows = [row for row in differences if (row["arm"], row["classifier"]) == ("gan", classifier["name"])]
        answer = _most_usual([row for row in rows if (row["metric"], row["baseline"]) == (MAIN_METRIC, BASELINE)])
        if answer is not None:
            there = {(row["metric"], row["baseline"]): row for row in rows if _place(row) == _place(answer)}
            parts.append(f"{classifier['title']}{_condition(answer)}: {_answer(answer, there)}")
    if not parts:
        return "The study has no `gan` arm beside the imbalanced one, so it cannot say whether GAN images help."
    return "Adding GAN images — " + ". ".join(parts) + "."


def _answer(answer: Mapping[str, Any], there: Mapping[tuple[str, str], Mapping[str, Any]]) -> str:
    """What was found, then what it has to be read beside; `there`: the rows of its condition by metric and baseline."""
    told = [_in_words(answer)]
    ranking, copies = there.get((RANKING_METRIC, BASELINE)), there.get((MAIN_METRIC, CONTROL))
    if ranking is not None and ranking["verdict"] in ("helps", "hurts"):
        link = "in ranking, too" if ranking["verdict"] == answer["verdict"] else "but in ranking"
        told.append(f"{link}: {_in_words(ranking)}")
    if copies is not None:
        told.append(f"against as many plain copies: {_in_words(copies)}")
    return "; ".join(told)


def _place(row: Mapping[str, Any]) -> tuple[float | None, float]:
    return row["synthetic_ratio"], row["minority_fraction"]


def _most_usual(rows: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    def oddness(row: Mapping[str, Any]) -> tuple[float, float]:
        return -row["minority_fraction"], 0.0 if row["synthetic_ratio"] is None else abs(row["synthetic_ratio"] - 1)

    return min(rows, key=oddness, default=None)


def _condition(row: Mapping[str, Any]) -> str:
    parts = []
    if row["synthetic_ratio"] is not None:
        parts.append(f"{row['synthetic_ratio']:g} × the missing images")
    if row["minority_fraction"] != 1:
        parts.append(f"{row['minority_fraction']:.0%} of the minority class")
    return f" ({', '.join(parts)})" if parts else ""


def _in_words(row: Mapping[str, Any]) -> str:
    if row["mean"] is None:
        return "no figures"
    change = f"{_TITLES[row['metric']]} {_points(row['mean'])} points"
    if row["low"] is None:
        return f"{change} in a single run, which says nothing: one seed has no interval"
    ends = f"{_points(row['low'])} to {_points(row['high'])}"
    interval = f"{100 * CONFIDENCE:g} % interval {ends}, {row['n']} seeds"
    if row["verdict"] != NOTHING_FOUND:
        return f"{row['verdict']} ({change}, {interval})"
    if row["low"] > 0 or row["high"] < 0:
        return f"{NOTHING_FOUND}: not after correction for {row['family_size']} comparisons ({change}, {interval})"
    if row["smallest_detectable"] is None:
        return f"{NOTHING_FOUND} ({change}, {interval}; nothing varied between trainings: too few steps?)"
    missed = f"a true effect under {100 * row['smallest_detectable']:.1f} points would likely be missed"
    return f"{NOTHING_FOUND} ({change}, {interval}; {missed})"


def _points(share: float) -> str:
    """Hundredths with their sign, a true minus sign."""
    return f"{100 * share:+.1f}".replace("-", "\N{MINUS SIGN}")
