"""The study in numbers: what the arms are, their means, every cell."""

import functools
from collections.abc import Sequence
from typing import Any

import pandas as pd
from pandas.api.types import is_numeric_dtype

from ganbal.report.metric_names import chosen, chosen_metrics, primary_metrics, secondary_metrics
from ganbal.report.page import Block, Column, Fold, Paragraph, Table, TableEntry, code, file_stem
from ganbal.report.study_view import StudyView
from ganbal.runtime import number_text
from ganbal.runtime.number_text import count, plural

_WHY_TWO_THRESHOLDS = (
    "Balancing shifts probabilities, so that at 0.5 an arm can seem better only because it predicts the rarer class "
    "more often. At the threshold that the validation images would choose (Youden's index), every arm has the same "
    "freedom: an advantage that disappears there was a moved threshold, not a better classifier."
)


def arms_table(study: StudyView) -> list[Block]:
    """What each arm trains on, and how many images that is."""
    rows = []
    for arm in study.arms:
        sizes = [study.results_mean(arm, column) for column in ("num_train", "num_train_synthetic")]
        rows.append(
            [TableEntry(arm), TableEntry(study.arm_title(arm)), *(TableEntry(count(size), size) for size in sizes)]
        )
    columns = [
        Column("Arm"),
        Column("Training set", wide=True),
        Column("Images", numeric=True),
        Column("of them synthetic", numeric=True),
    ]
    return [Table("arms", "The arms: ways of building the training set.", columns, rows)]


def means_blocks(study: StudyView) -> list[Block]:
    """The primary metrics of each classifier in one table; the secondary ones, and both thresholds, folded."""
    return [block for classifier in study.classifiers for block in _of_classifier(study, classifier)]


def _of_classifier(study: StudyView, classifier: dict[str, Any]) -> list[Block]:
    name, title = classifier["name"], classifier["title"]
    spread = f"mean ± standard deviation over {plural(len(study.seeds), 'seed')}, on the test images"
    blocks: list[Block] = [
        _means_table(
            study,
            name,
            f"means-{file_stem(name)}",
            f"{title}: {spread}.{study.positive_words}",
            primary_metrics(study.classes),
        )
    ]
    rest = [metric for metric in secondary_metrics(study.classes) if study.holds(metric)]
    if rest:
        caption = f"{title}: other metrics, {spread}; at threshold 0.5 where one is needed.{study.positive_words}"
        table = _means_table(study, name, f"other-metrics-{file_stem(name)}", caption, rest)
        blocks.append(Fold(f"{title}: other metrics", [table]))
    return blocks + _thresholds_blocks(study, name, title)


def _thresholds_blocks(study: StudyView, classifier: str, title: str) -> list[Block]:
    """Every threshold-dependent metric at 0.5 and, next to it, at the threshold chosen on validation; folded."""
    twice = [metric for metric in chosen_metrics(study.classes) if study.holds(chosen(metric))]
    if not twice:
        return []
    both = [name for metric in twice for name in (metric, chosen(metric))]
    pairs = [f"{study.metric_title(metric)} {place}" for metric in twice for place in ("at 0.5", "at chosen")]
    thresholds = ["threshold_chosen"] if study.holds("threshold_chosen") else []
    table = _means_table(
        study,
        classifier,
        f"thresholds-{file_stem(classifier)}",
        f"{title}: predictions at threshold 0.5 and at the one chosen on the validation images, for the probability "
        f"of the positive class {study.positive_class or number_text.UNKNOWN}.",
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
        if any(number for _, _, number in means):  # not every arm is trained with every classifier
            rows.append([TableEntry(arm), *(TableEntry(number_text.mean_sd(mean, sd), mean) for mean, sd, _ in means)])
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
    caption = (
        f"One row per cell: one training of one classifier on one arm with one seed. As in {code('study/results.csv')}."
    )
    return [Fold(f"All {len(rows)} cells", [Table("cells", caption, titles, rows)])]


def _cells_column(values: pd.Series) -> list[TableEntry]:
    """Metrics with four decimals, counts whole, everything else unchanged."""
    if not is_numeric_dtype(values):
        return [TableEntry(str(value)) for value in values]
    known = values.dropna()
    text = number_text.whole if (known % 1 == 0).all() else number_text.score
    if len(known) and known.abs().max() <= 1 and values.dtype.kind == "f":
        text = functools.partial(number_text.share, digits=4)
    return [TableEntry(text(float(value)), None if pd.isna(value) else value.item()) for value in values.to_numpy()]
