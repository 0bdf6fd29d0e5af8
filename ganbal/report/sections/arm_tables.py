"""The study in numbers: means per arm, differences with their intervals, every cell."""

import functools
from collections.abc import Sequence
from typing import Any

import pandas as pd
from pandas.api.types import is_numeric_dtype

from ganbal.report import number_text
from ganbal.report.names import file_stem
from ganbal.report.number_text import count, plural
from ganbal.report.page import Block, Column, Entry, Fold, Paragraph, Table, Tone
from ganbal.report.study_view import StudyView

VERDICT_TONES: dict[str, Tone] = {"helps": "good", "hurts": "bad", "too few seeds": "caution"}


_DIFFERENCE_COLUMNS = [
    Column("Arm"),
    Column("Measure"),
    Column("Difference (points)", numeric=True),
    Column("Interval", numeric=True),
    Column("Smallest detectable", numeric=True),
    Column("Seeds", numeric=True),
    Column("Verdict"),
]


def arms_table(study: StudyView) -> Table:
    """What each arm trains on, and how many images that is."""
    rows = []
    for arm in study.arms:
        sizes = [
            study.results_mean(arm, str(study.classifiers[0]["name"]), column)
            for column in ("num_train", "num_train_synthetic")
        ]
        rows.append([Entry(arm), Entry(study.arm_meaning(arm)), *(Entry(count(size), size) for size in sizes)])
    columns = [
        Column("Arm"),
        Column("What is trained on", wide=True),
        Column("Images", numeric=True),
        Column("of them synthetic", numeric=True),
    ]
    return Table("arms", "The arms: ways of making the training set.", columns, rows)


def means_tables(study: StudyView, classifier: dict[str, Any]) -> list[Table]:
    """What is compared in one table, precision and F1, which only repeat it, in another."""
    main = [metric for metric in study.table_metrics if not metric.startswith(("precision_", "f1_"))]
    rest = [metric for metric in study.table_metrics if metric not in main]
    name, title = str(classifier["name"]), str(classifier["title"])
    caption = f"mean ± standard deviation over {plural(len(study.seeds), 'seed')}, on the test images."
    tables = [_means_table(study, name, f"means-{file_stem(name)}", f"{title}: {caption}", main)]
    if rest:
        stem = f"precision-f1-{file_stem(name)}"
        tables.append(_means_table(study, name, stem, f"{title}, precision and F1: {caption}", rest))
    return tables


def _means_table(study: StudyView, classifier: str, name: str, caption: str, metrics: Sequence[str]) -> Table:
    rows = []
    for arm in study.arms:
        means = [study.mean(arm, classifier, metric) for metric in metrics]
        rows.append([Entry(arm), *(Entry(number_text.mean_sd(mean, sd), mean) for mean, sd, _ in means)])
    columns = [Column("Arm"), *(Column(study.metric_title(metric), numeric=True) for metric in metrics)]
    return Table(name, caption, columns, rows)


def differences_blocks(study: StudyView) -> list[Block]:
    """Differences to the baseline in the open, those to other arms folded."""
    remark = (
        "Differences are paired by seed and told in points, that is hundredths. "
        "A verdict says no more than whether the interval leaves zero out."
    )
    blocks: list[Block] = [Paragraph(remark, quiet=True), *_differences_tables(study, study.baseline)]
    for baseline in study.other_baselines():
        blocks.append(Fold(f"Differences to {baseline}", _differences_tables(study, baseline)))
    return blocks


def _differences_tables(study: StudyView, baseline: str) -> list[Table]:
    tables = []
    for classifier in study.classifiers:
        found = study.differences(str(classifier["name"]), baseline)
        # By measure, the main one first; within it the arm that the question is about.
        found.sort(key=lambda row: (study.compared_metrics.index(row["metric"]), row["arm"] != "gan"))
        if found:
            name = f"differences-{file_stem(str(classifier['name']))}-{file_stem(baseline)}"
            caption = (
                f"{classifier['title']}: difference of each arm to {baseline}, with its {study.confidence} interval."
            )
            rows = [_difference_row(study, row) for row in found]
            tables.append(Table(name, caption, _DIFFERENCE_COLUMNS, rows))
    return tables


def _difference_row(study: StudyView, row: dict[str, Any]) -> list[Entry]:
    return [
        Entry(str(row["arm"])),
        Entry(study.metric_title(str(row["metric"]))),
        Entry(number_text.points(row["mean"]), row["mean"]),
        Entry(number_text.points_interval(row["low"], row["high"]), row["low"]),
        Entry(_unsigned(row.get("smallest_detectable")), row.get("smallest_detectable")),
        Entry(count(row["n"]), row["n"]),
        Entry(str(row["verdict"]), tone=VERDICT_TONES.get(str(row["verdict"]), "plain")),
    ]


def _unsigned(value: float | None) -> str:
    return number_text.points(value).lstrip("+") if value is not None else number_text.UNKNOWN


def cells_block(study: StudyView) -> list[Block]:
    """Every row of results.csv, folded."""
    results = study.run.results
    if results is None or results.empty:
        return []
    columns = [_cells_column(results[name]) for name in results.columns]
    rows = [list(row) for row in zip(*columns, strict=True)]
    titles = [Column(str(name), numeric=is_numeric_dtype(results[name])) for name in results.columns]
    caption = "One row a cell: one training of one classifier on one arm with one seed. The same as study/results.csv."
    return [Fold(f"All {len(rows)} cells", [Table("cells", caption, titles, rows)])]


def _cells_column(values: pd.Series) -> list[Entry]:
    """Measures with four decimals, counts whole, all else as it stands."""
    if not is_numeric_dtype(values):
        return [Entry(str(value)) for value in values]
    known = values.dropna()
    text = number_text.whole if (known % 1 == 0).all() else number_text.score
    if len(known) and known.abs().max() <= 1 and values.dtype.kind == "f":
        text = functools.partial(number_text.share, digits=4)
    return [Entry(text(float(value)), None if pd.isna(value) else value.item()) for value in values.to_numpy()]
