"""How the arms differ: differences with interval, p and verdict, and the tests between pairs of arms."""

from collections.abc import Mapping, Sequence
from typing import Any

from ganbal.report.conditions import condition_of
from ganbal.report.metric_names import is_at_chosen_threshold, primary_metrics
from ganbal.report.page import Block, Column, Fold, Paragraph, Table, TableEntry, file_stem
from ganbal.report.study_view import GAN_ARM, VERDICT_TONES, StudyView
from ganbal.runtime import number_text
from ganbal.runtime.number_text import UNKNOWN, count


def differences_blocks(study: StudyView) -> list[Block]:
    """Differences of the primary metrics from the baseline; all others, and those from other arms, folded."""
    open_tables, all_tables = (
        _differences_tables(study, study.baseline, complete=complete) for complete in (False, True)
    )
    blocks: list[Block] = [Paragraph(_remark(study), quiet=True), *open_tables] if open_tables else []
    if any(len(every.rows) > len(some.rows) for every, some in zip(all_tables, open_tables, strict=False)):
        blocks.append(Fold(f"Differences to {study.baseline} in every metric and condition", all_tables))
    for baseline in study.other_baselines():
        blocks.append(Fold(f"Differences to {baseline}", _differences_tables(study, baseline, complete=True)))
    return blocks


def pairs_block(study: StudyView) -> list[Block]:
    """McNemar's and DeLong's tests between arms, where the summary has them."""
    rows = study.summary["pairs"]
    if not rows:
        return []
    remark = (
        "A second opinion that the verdicts do not rest on: test predictions are averaged over the seeds, then "
        "compared image by image. McNemar tests whether two arms are correct equally often, DeLong whether their "
        "ROC-AUCs differ. Both take the trainings as given and treat every image as a patient of its own."
    )
    return [Fold("Pairs of arms: McNemar and DeLong", [Paragraph(remark, quiet=True), _pairs_table(study, rows)])]


def _remark(study: StudyView) -> str:
    return (
        "Differences are paired by seed and given in points. A verdict other than “no difference found” needs a p of "
        f"at most {study.significance} after Holm's correction for all comparisons of the same metric and baseline. "
        "“Smallest detectable” is the true difference that this study would have found four times in five, "
        "“Seeds needed” is how many seeds would find the observed difference that often; a dash where no number would, "
        "since the test images stay the same. Both include the correction."
    )


def _differences_tables(study: StudyView, baseline: str, *, complete: bool) -> list[Table]:
    """One per classifier: primary metrics of each arm at its usual condition, or everything where `complete`."""
    tables = []
    for classifier in study.classifiers:
        name, title = classifier["name"], classifier["title"]
        found = study.all_differences(name, baseline) if complete else _primary(study, name, baseline)
        # By metric, the main one first; within it the arm that the question is about.
        found.sort(key=lambda row: (_place(study, row["metric"]), row["arm"] != GAN_ARM))
        if found:
            stem = f"differences-{'all-' if complete else ''}{file_stem(name)}-{file_stem(baseline)}"
            caption = f"{title}: difference of each arm to {baseline}, with its {study.confidence} interval."
            caption += study.positive_words
            tables.append(_differences_table(study, stem, caption, found))
    return tables


def _primary(study: StudyView, classifier: str, baseline: str) -> list[dict[str, Any]]:
    wanted = {study.main_metric, *primary_metrics(study.classes)}
    return [row for row in study.differences(classifier, baseline) if row["metric"] in wanted]


def _place(study: StudyView, metric: str) -> tuple[bool, int]:
    return is_at_chosen_threshold(metric), study.compared_metrics.index(metric)


def _differences_table(study: StudyView, name: str, caption: str, found: Sequence[Mapping[str, Any]]) -> Table:
    conditions = _condition_columns(found)
    columns = [
        Column("Arm"),
        *conditions.values(),
        Column("Metric"),
        Column("Difference (points)", numeric=True, title_in_file="Difference"),
        Column("Interval", numeric=True),
        Column("Verdict"),
        Column("p", numeric=True),
        Column("p (Holm)", numeric=True),
        Column("Smallest detectable", numeric=True),
        Column("Seeds", numeric=True),
        Column("Seeds needed", numeric=True),
    ]
    rows = []
    for row in found:
        verdict = row["verdict"] or UNKNOWN
        rows.append(
            [
                TableEntry(row["arm"]),
                *_condition_entries(row, conditions),
                TableEntry(study.metric_title(row["metric"])),
                TableEntry(number_text.points(row["mean"]), row["mean"]),
                _interval_entry(row),
                TableEntry(verdict, tone=VERDICT_TONES.get(verdict, "plain")),
                _p_entry(row["p_value"]),
                _p_entry(row["p_holm"]),
                TableEntry(_unsigned(row["smallest_detectable"]), row["smallest_detectable"]),
                TableEntry(count(row["n"]), row["n"]),
                TableEntry(count(row["seeds_needed"]), row["seeds_needed"]),
            ]
        )
    return Table(name, caption, columns, rows)


def _pairs_table(study: StudyView, found: Sequence[Mapping[str, Any]]) -> Table:
    titles = {model["name"]: model["title"] for model in study.classifiers}
    conditions = _condition_columns(found)
    columns = [
        Column("Arm"),
        *conditions.values(),
        Column("Against"),
        Column("Classifier"),
        Column("Only baseline correct", numeric=True),
        Column("Only arm correct", numeric=True),
        Column("McNemar p", numeric=True),
        Column("McNemar p (Holm)", numeric=True),
        Column("ROC-AUC difference (points)", numeric=True, title_in_file="ROC-AUC difference"),
        Column("Interval", numeric=True),
        Column("DeLong p", numeric=True),
        Column("DeLong p (Holm)", numeric=True),
    ]
    rows = []
    for row in found:
        counts, areas = row["mcnemar"] or {}, row["delong"] or {}
        rows.append(
            [
                TableEntry(row["arm"]),
                *_condition_entries(row, conditions),
                TableEntry(row["baseline"]),
                TableEntry(titles.get(row["classifier"], row["classifier"])),
                *(TableEntry(count(counts.get(side)), counts.get(side)) for side in ("b", "c")),
                *(_p_entry(counts.get(kind)) for kind in ("p_value", "p_holm")),
                TableEntry(number_text.points(areas.get("difference")), areas.get("difference")),
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


def _condition_entries(row: Mapping[str, Any], columns: Mapping[str, Column]) -> list[TableEntry]:
    values = condition_of(row)._asdict()
    return [TableEntry(UNKNOWN if values[name] is None else f"{values[name]:g}", values[name]) for name in columns]


def _interval_entry(row: Mapping[str, Any]) -> TableEntry:
    low, high = row.get("low"), row.get("high")
    return TableEntry(number_text.points_interval(low, high), low, upper=high)


def _p_entry(value: float | None) -> TableEntry:
    return TableEntry(number_text.p_value(value), value)


def _unsigned(value: float | None) -> str:
    """A size in points; no difference of two shares can exceed 100."""
    if value is None:
        return UNKNOWN
    return "> 100" if value > 1 else number_text.points(value).lstrip("+")
