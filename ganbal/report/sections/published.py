"""The published figures of the report whose classifiers these are, beside this run's."""

from ganbal.report import documents, number_text
from ganbal.report.documents import Published
from ganbal.report.page import Block, Column, Entry, Notice, Paragraph, Section, Table
from ganbal.report.run_reader import RunFiles
from ganbal.report.study_view import StudyView, study_view


def published_section(run: RunFiles) -> Section | None:
    """None where the images are of other classes: there is nothing to set beside them then."""
    if set(run.classes) != set(documents.CLASSES):
        return None
    study = study_view(run)
    comparable = study if not run.is_phantom else None
    blocks: list[Block] = [
        Notice(documents.CAUTION, "Published figures"),
        _table(comparable),
        *([Paragraph(text, quiet=True) for text in _remarks(run, study)]),
        Paragraph(f"Source: {documents.SOURCE}", quiet=True),
    ]
    return Section("published", "Beside the published figures", "Published", blocks)


def _remarks(run: RunFiles, study: StudyView | None) -> list[str]:
    remarks = []
    if run.is_phantom:
        remarks.append(
            "This run's own figures are not set beside them: they come from drawn images, not from patients."
        )
    elif study is None:
        remarks.append("This run has no figures of its own yet.")
    elif study.summary.get("protocol") == "documents":
        remarks.append("This run followed the published protocol, early stopping on the test set included.")
    else:
        remarks.append(
            "This run stopped early on validation images of other patients and looked at the test set once a training, "
            "so that its figures may well be lower and still be the better estimate."
        )
    if study and study.summary.get("num_test") != documents.NUM_TEST and not run.is_phantom:
        number = number_text.count(study.summary.get("num_test"))
        remarks.append(f"The published test set has {documents.NUM_TEST} images; this run's has {number}.")
    return remarks


def _table(study: StudyView | None) -> Table:
    measures = ["accuracy", *(f"{kind}_{name}" for name in documents.CLASSES for kind in ("precision", "recall"))]
    rows = []
    for published in documents.PUBLISHED:
        rows.append([Entry(published.system), Entry("published"), *_published(published, measures)])
        if study is not None and _is_studied(study, published):
            means = [study.mean(published.arm, published.classifier, measure) for measure in measures]
            own = [Entry(number_text.mean_sd(mean, sd), mean) for mean, sd, _ in means]
            seeds = number_text.plural(max(n for _, _, n in means), "seed")
            rows.append([Entry(published.system), Entry(f"this run, {seeds}"), *own])
    return Table(
        "published",
        "Published figures (one training each, no interval; about 2,500 DCGAN images of NORMAL) and this run's (mean ± "
        "standard deviation over seeds).",
        [Column("System"), Column("Whose"), *(Column(_title(measure), numeric=True) for measure in measures)],
        rows,
    )


def _title(measure: str) -> str:
    """`recall_NORMAL` → `Recall NORMAL`."""
    kind, _, class_name = measure.partition("_")
    return f"{kind.capitalize()} {class_name}".strip()


def _is_studied(study: StudyView, published: Published) -> bool:
    names = {str(classifier["name"]) for classifier in study.classifiers}
    return published.classifier in names and published.arm in study.arms


def _published(published: Published, measures: list[str]) -> list[Entry]:
    by_measure = {"accuracy": published.accuracy}
    by_measure |= {f"precision_{name}": value for name, value in published.precision.items()}
    by_measure |= {f"recall_{name}": value for name, value in published.recall.items()}
    return [Entry(number_text.share(by_measure[measure], 2), by_measure[measure]) for measure in measures]
