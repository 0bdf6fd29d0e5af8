"""How the arms differ: differences with interval, p and verdict, and the tests between pairs of arms."""

from collections.abc import Mapping, Sequence
from typing import Any

from ganbal.report import number_text
from ganbal.report.conditions import condition_of
from ganbal.report.metric_names import LOWER_IS_BETTER
from ganbal.report.names import file_stem
from ganbal.report.number_text import UNKNOWN, count
from ganbal.report.page import Block, Column, Entry, Fold, Paragraph, Table, Tone
from ganbal.report.study_view import StudyView

VERDICT_TONES: dict[str, Tone] = {"helps": "good", "hurts": "bad", "too few seeds": "caution"}


def differences_blocks(study: StudyView) -> list[Block]:
    """Differences to the baseline in the open, those to other arms folded."""
    blocks: list[Block] = [
        Paragraph(_remark(study), quiet=True),
        *_differences_tables(study, study.baseline),
    ]
    complete = _differences_tables(study, study.baseline, complete=True)
    if complete:
        title = f"Differences to {study.baseline} at every ratio, share and threshold"
        blocks.append(Fold(title, complete))
    for baseline in study.other_baselines():
        tables = _differences_tables(study, baseline, complete=True) or _differences_tables(study, baseline)
        blocks.append(Fold(f"Differences to {baseline}", tables))
    return blocks


def pairs_block(study: StudyView) -> list[Block]:
    """McNemar's and DeLong's tests between arms, where the summary has them."""
    rows = [row for row in study.summary.get("pairs") or [] if isinstance(row, Mapping)]
    if not rows:
        return []
    remark = (
        "A second opinion that the verdicts do not rest on: test predictions averaged over the seeds, then compared "
        "image by image. McNemar asks whether two arms are right equally often, DeLong whether their ROC-AUCs differ. "
        "Both take the trainings as given and count every image as a patient of its own."
    )
    return [Fold("Pairs of arms: McNemar and DeLong", [Paragraph(remark, quiet=True), _pairs_table(study, rows)])]


def _remark(study: StudyView) -> str:
    text = "Differences are paired by seed and told in points, that is hundredths. "
    if any("p_holm" in row for row in study.summary["differences"]):
        return text + (
            "A verdict other than “no difference found” needs a p of at most 0.05 after Holm's correction for all "
            "comparisons of the same measure and baseline. “Smallest detectable” is the true difference that this "
            "study would have found four times in five. “Seeds needed” is how many in all would find the one seen "
            "that often; a dash where no number of seeds would, since the test images stay the same."
        )
    return text + "A verdict says no more than whether the interval leaves zero out."


def _differences_tables(study: StudyView, baseline: str, *, complete: bool = False) -> list[Table]:
    """One a classifier: each arm at its usual condition and at threshold 0.5, or `complete`, where there is more."""
    tables = []
    for classifier in study.classifiers:
        name, title = str(classifier["name"]), str(classifier["title"])
        every = study.all_differences(name, baseline)
        found = [row for row in study.differences(name, baseline) if not str(row["metric"]).endswith("_chosen")]
        if complete:
            found = every if len(every) > len(found) else []
        # By measure, the main one first; within it the arm that the question is about.
        found.sort(key=lambda row: (_place(study, str(row["metric"])), row["arm"] != "gan"))
        if found:
            stem = f"differences-{'all-' if complete else ''}{file_stem(name)}-{file_stem(baseline)}"
            caption = f"{title}: difference of each arm to {baseline}, with its {study.confidence} interval."
            tables.append(_differences_table(study, stem, caption, found))
    return tables


def _place(study: StudyView, metric: str) -> tuple[bool, int]:
    return metric.endswith("_chosen"), study.compared_metrics.index(metric)


def _differences_table(study: StudyView, name: str, caption: str, found: Sequence[Mapping[str, Any]]) -> Table:
    has_tests = any("p_value" in row for row in found)
    conditions = _condition_columns(found)
    columns = [
        Column("Arm"),
        *conditions.values(),
        Column("Measure"),
        Column("Difference (points)", numeric=True, title_in_file="Difference"),
        Column("Interval", numeric=True),
        Column("Verdict"),
        *([Column("p", numeric=True), Column("p (Holm)", numeric=True)] if has_tests else []),
        Column("Smallest detectable", numeric=True),
        Column("Seeds", numeric=True),
        *([Column("Seeds needed", numeric=True)] if has_tests else []),
    ]
    rows = []
    for row in found:
        tests = [_p_entry(row.get("p_value")), _p_entry(row.get("p_holm"))] if has_tests else []
        needed = [Entry(count(row.get("seeds_needed")), row.get("seeds_needed"))] if has_tests else []
        verdict = str(row["verdict"])
        rows.append(
            [
                Entry(str(row["arm"])),
                *_condition_entries(row, conditions),
                Entry(_measure(study, row)),
                Entry(number_text.points(row["mean"]), row["mean"]),
                _interval_entry(row),
                Entry(verdict, tone=VERDICT_TONES.get(verdict, "plain")),
                *tests,
                Entry(_unsigned(row.get("smallest_detectable")), row.get("smallest_detectable")),
                Entry(count(row["n"]), row["n"]),
                *needed,
            ]
        )
    return Table(name, caption, columns, rows)


def _pairs_table(study: StudyView, found: Sequence[Mapping[str, Any]]) -> Table:
    titles = {str(model["name"]): str(model["title"]) for model in study.classifiers}
    conditions = _condition_columns(found)
    columns = [
        Column("Arm"),
        *conditions.values(),
        Column("Against"),
        Column("Classifier"),
        Column("Only baseline right", numeric=True),
        Column("Only arm right", numeric=True),
        Column("McNemar p", numeric=True),
        Column("McNemar p (Holm)", numeric=True),
        Column("ROC-AUC difference (points)", numeric=True, title_in_file="ROC-AUC difference"),
        Column("Interval", numeric=True),
        Column("DeLong p", numeric=True),
        Column("DeLong p (Holm)", numeric=True),
    ]
    rows = []
    for row in found:
        calls, areas = row.get("mcnemar") or {}, row.get("delong") or {}
        rows.append(
            [
                Entry(str(row["arm"])),
                *_condition_entries(row, conditions),
                Entry(str(row["baseline"])),
                Entry(titles.get(str(row["classifier"]), str(row["classifier"]))),
                *(Entry(count(calls.get(side)), calls.get(side)) for side in ("b", "c")),
                *(_p_entry(calls.get(kind)) for kind in ("p_value", "p_holm")),
                Entry(number_text.points(areas.get("difference")), areas.get("difference")),
                _interval_entry(areas),
                *(_p_entry(areas.get(kind)) for kind in ("p_value", "p_holm")),
            ]
        )
    caption = "Pairs of arms on the same test images, predictions averaged over the seeds."
    return Table("pairs", caption, columns, rows)


def _condition_columns(rows: Sequence[Mapping[str, Any]]) -> dict[str, Column]:
    """Columns for ratio and fraction, each only where the study has any."""
    conditions = [condition_of(row) for row in rows]
    columns = {}
    if any(condition.synthetic_ratio is not None for condition in conditions):
        columns["synthetic_ratio"] = Column("Ratio", numeric=True)
    if any(condition.fraction != 1 for condition in conditions):
        columns["fraction"] = Column("Share of the minority class", numeric=True)
    return columns


def _condition_entries(row: Mapping[str, Any], columns: Mapping[str, Column]) -> list[Entry]:
    values = condition_of(row)._asdict()
    return [Entry(UNKNOWN if values[name] is None else f"{values[name]:g}", values[name]) for name in columns]


def _measure(study: StudyView, row: Mapping[str, Any]) -> str:
    title = study.metric_title(str(row["metric"]))
    is_told = row["metric"] in LOWER_IS_BETTER or row.get("better") != "lower"
    return title if is_told else f"{title} (less is better)"


def _interval_entry(row: Mapping[str, Any]) -> Entry:
    low, high = row.get("low"), row.get("high")
    return Entry(number_text.points_interval(low, high), low, upper=high)


def _p_entry(value: float | None) -> Entry:
    return Entry(number_text.p_value(value), value)


def _unsigned(value: float | None) -> str:
    return number_text.points(value).lstrip("+") if value is not None else UNKNOWN
