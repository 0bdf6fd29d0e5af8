"""How much to add, and from how few images on: the study over its ratios and minority fractions."""

from collections.abc import Callable, Mapping
from typing import Any

from ganbal.report.conditions import Condition, condition_of
from ganbal.report.figures.condition_curves import ConditionLine, draw_condition_curves, shared_limits
from ganbal.report.names import file_stem
from ganbal.report.page import Block, Drawing, Gallery
from ganbal.report.study_view import StudyView

_READING = "Bars are {confidence} intervals; filled marks are a verdict, empty ones are no difference found."


def condition_galleries(study: StudyView) -> list[Block]:
    """A curve a classifier over the ratios, another over the fractions; each only where several were tried."""
    measure = study.metric_title(study.main_metric).lower()
    ratios = _gallery(
        study,
        "ratio",
        f"Ratio: {measure} against {study.baseline}",
        "ratio: added images, as a share of the missing ones",
        lambda usual, found: found.fraction == usual.fraction and found.synthetic_ratio is not None,
        lambda found: float(found.synthetic_ratio or 0),
        "More images are not better by themselves: each arm was trained for the same number of steps. ",
    )
    fractions = _gallery(
        study,
        "fraction",
        f"Fewer images of the minority class: {measure} against {study.baseline}",
        "share of the minority class's training images",
        lambda usual, found: found.synthetic_ratio == usual.synthetic_ratio,
        lambda found: found.fraction,
        f"Each arm is compared with {study.baseline} at the same share. ",
    )
    return [*ratios, *fractions]


def _gallery(
    study: StudyView,
    stem: str,
    title: str,
    place_label: str,
    is_wanted: Callable[[Condition, Condition], bool],
    place_of: Callable[[Condition], float],
    remark: str,
) -> list[Block]:
    lines = {str(c["name"]): _lines(study, str(c["name"]), is_wanted, place_of) for c in study.classifiers}
    rows = [row for found in lines.values() for line in found for row in line.rows]
    if len({place for found in lines.values() for line in found for place in line.places}) < 2:
        return []
    limits = shared_limits(rows)
    drawings: list[Drawing] = [
        draw_condition_curves(
            lines[str(classifier["name"])],
            name=f"{stem}-{file_stem(str(classifier['name']))}",
            title=str(classifier["title"]),
            place_label=place_label,
            difference_label="difference (points)",
            caption="",
            limits=limits,
            mark=study.run.mark,
        )
        for classifier in study.classifiers
        if lines[str(classifier["name"])]
    ]
    return [Gallery(title, drawings, remark + _READING.format(confidence=study.confidence))]


def _lines(
    study: StudyView,
    classifier: str,
    is_wanted: Callable[[Condition, Condition], bool],
    place_of: Callable[[Condition], float],
) -> list[ConditionLine]:
    """One an arm, the arm that the question is about first."""
    lines = []
    rows = [row for row in study.all_differences(classifier) if row["metric"] == study.main_metric]
    for arm in sorted(study.other_arms, key=lambda arm: arm != "gan"):
        points = _points(study, arm, rows, is_wanted, place_of)
        if points:
            places = sorted(points)
            lines.append(ConditionLine(arm, study.arm_colour(arm), places, [points[place] for place in places]))
    return lines


def _points(
    study: StudyView,
    arm: str,
    rows: list[dict[str, Any]],
    is_wanted: Callable[[Condition, Condition], bool],
    place_of: Callable[[Condition], float],
) -> dict[float, Mapping[str, Any]]:
    usual = study.usual.get(arm, Condition())
    found = [(condition_of(row), row) for row in rows if row["arm"] == arm]
    return {place_of(condition): row for condition, row in found if is_wanted(usual, condition)}
