"""The study in numbers: what the arms are, their means, every cell."""

import functools
from collections.abc import Sequence
from typing import Any

import pandas as pd
from pandas.api.types import is_numeric_dtype

from ganbal.report import number_text
from ganbal.report.metric_names import chosen, chosen_metrics
from ganbal.report.names import file_stem
from ganbal.report.number_text import count, plural
from ganbal.report.page import Block, Column, Entry, Fold, Paragraph, Table
from ganbal.report.study_view import StudyView

_WHY_TWO_THRESHOLDS = (
    "Balancing shifts probabilities, so that at 0.5 an arm can seem better only because it calls the rarer class more "
    "often. At the threshold that the validation images would choose (Youden's index), every arm has the same freedom: "
    "an advantage that goes away there was a moved threshold, not a better classifier."
)


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


def means_blocks(study: StudyView, classifier: dict[str, Any]) -> list[Block]:
    """What is compared in one table; calls at both thresholds in another; precision and F1 only repeat it."""
    main = [metric for metric in study.table_metrics if not metric.startswith(("precision_", "f1_"))]
    rest = [metric for metric in study.table_metrics if metric not in main]
    name, title = str(classifier["name"]), str(classifier["title"])
    caption = f"mean ± standard deviation over {plural(len(study.seeds), 'seed')}, on the test images."
    blocks: list[Block] = [_means_table(study, name, f"means-{file_stem(name)}", f"{title}: {caption}", main)]
    blocks += _thresholds_blocks(study, name, title)
    if rest:
        stem = f"precision-f1-{file_stem(name)}"
        table = _means_table(study, name, stem, f"{title}, precision and F1 at threshold 0.5: {caption}", rest)
        blocks.append(Fold(f"{title}: precision and F1", [table]))
    return blocks


def _thresholds_blocks(study: StudyView, classifier: str, title: str) -> list[Block]:
    """Every call-dependent measure at 0.5 and, next to it, at the threshold chosen on validation; folded."""
    twice = [metric for metric in chosen_metrics(study.classes) if study.holds(chosen(metric))]
    if not twice:
        return []
    both = [name for metric in twice for name in (metric, chosen(metric))]
    pairs = [(f"{study.metric_title(metric)} {place}") for metric in twice for place in ("at 0.5", "at chosen")]
    thresholds = ["threshold_chosen"] if study.holds("threshold_chosen") else []
    caption = f"{title}: calls at threshold 0.5 and at the one chosen on the validation images."
    table = _means_table(
        study,
        classifier,
        f"thresholds-{file_stem(classifier)}",
        caption,
        [*both, *thresholds],
        [*pairs, *(["Chosen threshold"] if thresholds else [])],
    )
    return [Fold(f"{title}: threshold 0.5 and chosen threshold", [Paragraph(_WHY_TWO_THRESHOLDS, quiet=True), table])]


def _means_table(
    study: StudyView,
    classifier: str,
    name: str,
    caption: str,
    metrics: Sequence[str],
    titles: Sequence[str] | None = None,
) -> Table:
    rows = []
    for arm in study.arms:
        means = [study.mean(arm, classifier, metric) for metric in metrics]
        if any(number for _, _, number in means):  # not every arm goes with every classifier
            rows.append([Entry(arm), *(Entry(number_text.mean_sd(mean, sd), mean) for mean, sd, _ in means)])
    shown = titles or [study.metric_title(metric) for metric in metrics]
    return Table(name, caption, [Column("Arm"), *(Column(title, numeric=True) for title in shown)], rows)


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
