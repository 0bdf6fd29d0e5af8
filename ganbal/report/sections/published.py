"""The published figures of the same systems, beside this run's."""

from collections.abc import Mapping, Sequence
from typing import Any

from ganbal.report.page import Block, Column, Notice, Paragraph, Table, TableEntry
from ganbal.report.run_reader import RunFiles
from ganbal.report.study_view import StudyView, study_view
from ganbal.runtime import number_text

CAUTION = (
    "The published figures come from one training each, without an interval, and early stopping and the learning-rate "
    "schedule used the test set. They are likely too good, and a difference of one or two points between them means "
    "nothing."
)


def published_blocks(run: RunFiles) -> list[Block]:
    """Nothing where no system of the study was published, or its images do not compare with the published ones, as
    those of a study with a fraction of the minority class do not.
    """
    study = study_view(run)
    published = study.summary["published"] if study is not None else None
    if study is None or not published or not published["systems"] or study.fraction_of_answer != 1:
        return []
    sources = dict.fromkeys(system["source"] for system in published["systems"] if system["source"])
    return [
        Notice(CAUTION, "Published figures"),
        _table(study, published),
        *(Paragraph(text, quiet=True) for text in _remarks(study, published["num_test"])),
        *([Paragraph(f"Source: {' '.join(sources)}", quiet=True)] if sources else []),
    ]


def _remarks(study: StudyView, num_published: int | None) -> list[str]:
    if study.summary["protocol"] == "documents":
        remarks = ["This run followed the published protocol, including early stopping on the test set."]
    else:
        remarks = [
            "This run stopped early on validation images of other patients and used the test set once per training, so "
            "its figures may well be lower and still be the better estimate."
        ]
    own = study.summary["num_test"]
    if own != num_published:
        test_sets = f"{number_text.count(num_published)} images; this run's has {number_text.count(own)}"
        remarks.append(f"The published test set has {test_sets}.")
    return remarks


def _table(study: StudyView, published: Mapping[str, Any]) -> Table:
    classes = published["classes"]
    metrics = ["accuracy", *(f"{kind}_{name}" for name in classes for kind in ("precision", "recall"))]
    rows = []
    for system in published["systems"]:
        title = system["title"] or system["classifier"]
        rows.append([TableEntry(title), TableEntry("published"), *_published(system, classes, metrics)])
        means = [study.mean(system["arm"], system["classifier"], metric) for metric in metrics]
        own = [TableEntry(number_text.mean_sd(mean, sd), mean) for mean, sd, _ in means]
        seeds = number_text.plural(max(n for _, _, n in means), "seed")
        rows.append([TableEntry(title), TableEntry(f"this run, {seeds}"), *own])
    return Table(
        "published",
        "Published figures (one training each, no interval) and this run's (mean ± standard deviation over seeds).",
        [Column("System"), Column("Whose"), *(Column(study.metric_title(name), numeric=True) for name in metrics)],
        rows,
    )


def _published(system: Mapping[str, Any], classes: Sequence[str], metrics: Sequence[str]) -> list[TableEntry]:
    values = {"accuracy": system["accuracy"]}
    for kind in ("precision", "recall"):
        values |= {f"{kind}_{name}": value for name, value in zip(classes, system[kind], strict=False)}
    return [TableEntry(number_text.share(values.get(metric), 2), values.get(metric)) for metric in metrics]
