"""The conclusions of a study: a verdict per difference, and the answer about GAN images as data and as a paragraph.

`verdict` of summary.json is `{"kind", "chance", "answers", "findings"}`:

| kind | meaning |
|---|---|
| `not-learned` | cannot tell: no classifier does better than chance in any arm |
| `no-gan-arm` | the study does not compare GAN images with the imbalanced set |
| `too-few-seeds` | at least one classifier has a single seed |
| `helps` | helps with every classifier, and more than plain copies of real images and class weights |
| `helps-untested` | helps, but the study lacks one of these cheap alternatives |
| `helps-like-alternatives` | helps, but not provably more than the cheap alternatives |
| `helps-less-than-alternatives` | helps, but less than one of them with a classifier, and more than it with none |
| `helps-and-hurts` | helps by balanced accuracy, hurts the ranking (ROC-AUC) |
| `hurts` | hurts with every classifier |
| `some-harm` | no gain found, and harm with some classifier or to the ranking |
| `no-difference` | no difference found with any classifier |
| `depends` | helps with some classifiers, not with all |

`answers` has one entry per classifier: `classifier`, `synthetic_ratio`, `minority_fraction`, the verdicts on `main` and
`ranking`, None where there is no such comparison, and `against`, the verdict per cheap alternative in the study. A
classifier that does no better than chance in any arm has the verdict `did not learn` and does not count.
`findings` are the rows of `differences` in which an arm without synthetic images helps or hurts.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy import special

from ganbal.config.study import BASELINE
from ganbal.runtime.shared_text import CHEAP_ALTERNATIVES, METRIC_TITLES
from ganbal.study.arms import ARMS
from ganbal.study.cell import Cell
from ganbal.study.statistics.bootstrap import CONFIDENCE

MAIN_METRIC = "balanced_accuracy"
RANKING_METRIC = "roc_auc"
"""Reported beside the main metric where a difference was found: a threshold can hide an effect on the ranking."""
SIGNIFICANCE = 1 - CONFIDENCE
NOTHING_FOUND, TOO_FEW_SEEDS, NOT_LEARNED = "no difference found", "too few seeds", "did not learn"
_GAN = "gan"
_NOT_LEARNED = (
    "Cannot tell: the classifiers did not learn. In every arm their balanced accuracy is at chance ({chance:.2f}), so "
    "no balancing can show an effect. Train longer (study.steps), try another study.learning_rate or other "
    "study.classifiers, or use more training images."
)
_IS_AT_CHANCE = "cannot tell, because it did not learn: its balanced accuracy is at chance in every arm"
_NO_GAN_ARM = "The study has no `gan` arm beside the imbalanced one, so it cannot say whether GAN images help."

Row = Mapping[str, Any]
"""A row of `differences` in summary.json."""


def verdict_of(mean: float | None, p_holm: float | None, *, lower_is_better: bool = False) -> str:
    """`helps` or `hurts` where the p-value, corrected for all comparisons of its family, is at most
    `SIGNIFICANCE`.
    """
    if mean is None or p_holm is None:
        return TOO_FEW_SEEDS
    if p_holm > SIGNIFICANCE + 1e-12 or mean == 0:
        return NOTHING_FOUND
    return "helps" if (mean < 0) == lower_is_better else "hurts"


def learned_classifiers(
    figures: Mapping[Cell, Mapping[str, float]],
    resampled: Mapping[Cell, Mapping[str, np.ndarray]],
    *,
    num_classes: int,
    num_patients: int,
) -> set[str]:
    """The classifiers whose balanced accuracy is above chance in at least one arm.

    Above chance means: the mean over seeds exceeds 1/K by more than its bootstrap standard error over test patients
    times Student's quantile of `SIGNIFICANCE`, one-sided, divided by the number of arms (Bonferroni).

    Args:
        resampled: `balanced_accuracy` per bootstrap sample of test patients, (B,), per cell.
        num_patients: number of test patients of the class that has the fewest.
    """
    groups: dict[tuple[str, str, float | None, float], list[Cell]] = {}
    for cell in figures:
        condition = (cell.classifier, cell.arm, cell.synthetic_ratio, cell.minority_fraction)
        groups.setdefault(condition, []).append(cell)
    quantile = -float(special.stdtrit(max(num_patients - 1, 1), SIGNIFICANCE / max(len(groups), 1)))
    learned = set()
    for (classifier, *_), cells in groups.items():
        mean = float(np.mean([figures[cell][MAIN_METRIC] for cell in cells]))
        samples = np.mean([resampled[cell][MAIN_METRIC] for cell in cells], axis=0)
        if mean - 1 / num_classes > max(quantile * float(np.nanstd(samples)), 1e-9):
            learned.add(classifier)
    return learned


def study_verdict(
    differences: Sequence[Row], classifiers: Sequence[Mapping[str, Any]], *, learned: set[str], num_classes: int
) -> dict[str, Any]:
    """The answer as data; see the head of this module.

    Of several ratios it is about the one nearest to 1, of several minority fractions about the largest.

    Args:
        differences: the rows of study/summary.json.
        classifiers: entries with `name` and `title`.
        learned: from `learned_classifiers`.
    """
    answers = [answer for entry in classifiers if (answer := _answer(differences, entry["name"])) is not None]
    answers = [
        answer if answer["classifier"] in learned else answer | {"main": NOT_LEARNED, "ranking": None, "against": {}}
        for answer in answers
    ]
    return {
        "kind": _kind([answer for answer in answers if answer["main"] != NOT_LEARNED]) if learned else "not-learned",
        "chance": 1 / num_classes,
        "answers": answers,
        "findings": _findings(differences) if learned else [],
    }


def verdict_sentence(verdict: Mapping[str, Any], differences: Sequence[Row], classifiers: Sequence[Row]) -> str:
    """The answer about GAN images as a paragraph: per classifier against no balancing and the cheap alternatives."""
    if verdict["kind"] == "not-learned":
        return _NOT_LEARNED.format(chance=verdict["chance"])
    titles = {entry["name"]: entry["title"] for entry in classifiers}
    parts = []
    for answer in verdict["answers"]:
        found = _IS_AT_CHANCE if answer["main"] == NOT_LEARNED else _sentence(_gan_rows(differences, answer))
        parts.append(f"{titles[answer['classifier']]}{_condition(answer)}: {found}")
    return "Adding GAN images — " + ". ".join(parts) + "." if parts else _NO_GAN_ARM


def _answer(differences: Sequence[Row], classifier: str) -> dict[str, Any] | None:
    wanted = (_GAN, classifier, MAIN_METRIC, BASELINE)
    rows = [row for row in differences if (row["arm"], row["classifier"], row["metric"], row["baseline"]) == wanted]
    main = min(rows, key=usual_first, default=None)
    if main is None:
        return None
    found = {"classifier": classifier} | {name: main[name] for name in ("synthetic_ratio", "minority_fraction")}
    others = _gan_rows(differences, found)
    return found | {
        "main": main["verdict"],
        "ranking": others.get((RANKING_METRIC, BASELINE), {}).get("verdict"),
        "against": {
            arm: others[MAIN_METRIC, arm]["verdict"] for arm in CHEAP_ALTERNATIVES if (MAIN_METRIC, arm) in others
        },
    }


def _gan_rows(differences: Sequence[Row], answer: Row) -> dict[tuple[str, str], Row]:
    """The rows of the GAN arm under the answer's condition, by metric and baseline."""
    names = ("classifier", "synthetic_ratio", "minority_fraction")
    return {
        (row["metric"], row["baseline"]): row
        for row in differences
        if row["arm"] == _GAN and all(row[name] == answer[name] for name in names)
    }


def usual_first(condition: Row) -> tuple[float, float]:
    """Sorts conditions so that an arm's usual one comes first: the whole minority class, the ratio nearest to 1."""
    ratio = condition["synthetic_ratio"]
    return -condition["minority_fraction"], 0.0 if ratio is None else abs(ratio - 1)


def _kind(answers: Sequence[Row]) -> str:
    kinds = {answer["main"] for answer in answers}
    if not kinds:
        return "no-gan-arm"
    if any(answer["ranking"] == "hurts" for answer in answers):
        if kinds == {"helps"}:
            return "helps-and-hurts"
        kinds |= {"hurts"}
    if kinds == {"helps"}:
        against = [
            {answer["against"][arm] for answer in answers if arm in answer["against"]} for arm in CHEAP_ALTERNATIVES
        ]
        if any("hurts" in found and "helps" not in found for found in against):
            return "helps-less-than-alternatives"
        if not all(found <= {"helps"} for found in against):
            return "helps-like-alternatives"
        return "helps" if all(against) else "helps-untested"
    if kinds == {"hurts"}:
        return "hurts"
    if TOO_FEW_SEEDS in kinds:
        return "too-few-seeds"
    if kinds == {NOTHING_FOUND}:
        return "no-difference"
    return "some-harm" if kinds == {"hurts", NOTHING_FOUND} else "depends"


def _findings(differences: Sequence[Row]) -> list[dict[str, Any]]:
    names = ("classifier", "arm", "synthetic_ratio", "minority_fraction", "metric", "mean", "low", "high", "verdict")
    return [
        {name: row[name] for name in names}
        for row in differences
        if row["baseline"] == BASELINE
        and row["verdict"] in ("helps", "hurts")
        and not ARMS[row["arm"]].needs_synthetic
        and (row["metric"] in (MAIN_METRIC, RANKING_METRIC) or row["metric"].startswith("recall_"))
        and not row["metric"].endswith("_chosen")
    ]


def _sentence(rows: Mapping[tuple[str, str], Row]) -> str:
    """The main result and the context needed to interpret it."""
    main = rows[MAIN_METRIC, BASELINE]
    ranking = rows.get((RANKING_METRIC, BASELINE))
    parts = [_in_words(main)]
    if ranking is not None and ranking["verdict"] in ("helps", "hurts"):
        link = "in ranking, too" if ranking["verdict"] == main["verdict"] else "but in ranking"
        parts.append(f"{link}: {_in_words(ranking)}")
    for arm, words in CHEAP_ALTERNATIVES.items():
        if (MAIN_METRIC, arm) in rows:
            as_many = "as many " if ARMS[arm].adds_images else ""
            parts.append(f"against {as_many}{words}: {_in_words(rows[MAIN_METRIC, arm])}")
    return "; ".join(parts)


def _condition(answer: Row) -> str:
    parts = []
    if answer["synthetic_ratio"] is not None:
        parts.append(f"{answer['synthetic_ratio']:g} × the missing images")
    if answer["minority_fraction"] != 1:
        parts.append(f"{100 * answer['minority_fraction']:g} % of the minority class")
    return f" ({', '.join(parts)})" if parts else ""


def _name_in_sentence(metric: str) -> str:
    title = METRIC_TITLES[metric]
    return title if title[1].isupper() else title[0].lower() + title[1:]


def _in_words(row: Row) -> str:
    if row["mean"] is None:
        return "no figures"
    change = f"{_name_in_sentence(row['metric'])} {_points(row['mean'])} points"
    if row["low"] is None and row["n"] > 1:
        return f"{change}, which says nothing: neither seeds nor test patients varied"
    if row["low"] is None:
        return f"{change} in a single run, which says nothing: one seed has no interval"
    interval = f"{100 * CONFIDENCE:g} % interval {_points(row['low'])} to {_points(row['high'])}, {row['n']} seeds"
    if not row["is_informative"]:
        return f"{row['verdict']} ({change}, {interval}: uninformative, it reaches the limits of the metric)"
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
