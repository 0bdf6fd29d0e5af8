"""The published figures of the same systems, beside this run's."""

from collections.abc import Mapping, Sequence
from typing import Any

from ganbal.report import number_text
from ganbal.report.page import Block, Column, Entry, Notice, Paragraph, Section, Table
from ganbal.report.run_reader import RunFiles
from ganbal.report.study_view import StudyView, study_view

CAUTION = (
    "The published figures come from one training each, without an interval, and early stopping and the learning-rate "
    "schedule looked at the test set. They are likely too good, and a difference of one or two points between them "
    "says nothing."
)


def published_section(run: RunFiles) -> Section | None:
    """None where no system of the study was published, or its images cannot be compared with the published ones."""
    study = study_view(run)
    published = study.summary.get("published") if study is not None else None
    if study is None or not published:
        return None
    sources = dict.fromkeys(str(system["source"]) for system in published["systems"])
    blocks: list[Block] = [
        Notice(CAUTION, "Published figures"),
        _table(study, published),
        *(Paragraph(text, quiet=True) for text in _remarks(study, published["num_test"])),
        Paragraph(f"Source: {' '.join(sources)}", quiet=True),
    ]
    return Section("published", "Beside the published figures", "Published", blocks)


def _remarks(study: StudyView, num_published: int) -> list[str]:
    if study.summary.get("protocol") == "documents":
        remarks = ["This run followed the published protocol, including early stopping on the test set."]
    else:
        remarks = [
            "This run stopped early on validation images of other patients and used the test set once per training, so "
            "its figures may well be lower and still be the better estimate."
        ]
    if study.summary.get("num_test") != num_published:
        number = number_text.count(study.summary.get("num_test"))
        remarks.append(f"The published test set has {num_published} images; this run's has {number}.")
    return remarks


def _table(study: StudyView, published: Mapping[str, Any]) -> Table:
    classes = [str(name) for name in published["classes"]]
    measures = ["accuracy", *(f"{kind}_{name}" for name in classes for kind in ("precision", "recall"))]
    rows = []
    for system in published["systems"]:
        rows.append([Entry(system["title"]), Entry("published"), *_published(system, classes, measures)])
        means = [study.mean(system["arm"], system["classifier"], measure) for measure in measures]
        own = [Entry(number_text.mean_sd(mean, sd), mean) for mean, sd, _ in means]
        seeds = number_text.plural(max(n for _, _, n in means), "seed")
        rows.append([Entry(system["title"]), Entry(f"this run, {seeds}"), *own])
    return Table(
        "published",
        "Published figures (one training each, no interval) and this run's (mean ± standard deviation over seeds).",
        [Column("System"), Column("Whose"), *(Column(_title(measure), numeric=True) for measure in measures)],
        rows,
    )


def _title(measure: str) -> str:
    """`recall_NORMAL` → `Recall NORMAL`."""
    kind, _, class_name = measure.partition("_")
    return f"{kind.capitalize()} {class_name}".strip()


def _published(system: Mapping[str, Any], classes: Sequence[str], measures: Sequence[str]) -> list[Entry]:
    values = {"accuracy": system["accuracy"]}
    for kind in ("precision", "recall"):
        found = system[kind] or [None] * len(classes)
        values |= {f"{kind}_{name}": value for name, value in zip(classes, found, strict=True)}
    return [Entry(number_text.share(values[measure], 2), values[measure]) for measure in measures]
