"""The warnings about a run, severe ones first, each kind once."""

from collections.abc import Iterable, Mapping
from typing import Any

from ganbal.report.page import Block, Notice, Paragraph, code
from ganbal.report.run_reader import RunFiles
from ganbal.report.staleness import stale_stages
from ganbal.report.study_view import study_view
from ganbal.runtime.number_text import count, listing
from ganbal.runtime.warning_text import WarningText, warning_text

_MOST_FILES = 4
_STAGE_RESULTS = {
    "inspect": "What is said of the images",
    "train-gan": "The generator",
    "synthesize": "The set of synthetic images",
    "score": "The scores",
    "compare": "The study",
}


def warning_notices(run: RunFiles) -> list[Notice]:
    """The warnings of the stages' files and of the report itself; those with the same heading become one."""
    texts: dict[tuple[str, str], list[str]] = {}
    for record in _records(run):
        found: WarningText = warning_text(record)
        texts.setdefault((found.severity, found.title), []).append(found.text)
    notices = [
        Notice(" ".join(dict.fromkeys(sentences)), title, "bad" if severity == "severe" else "caution")
        for (severity, title), sentences in texts.items()
    ]
    return sorted(notices, key=lambda notice: notice.tone != "bad")


def stale_notice(run: RunFiles, stage: str) -> list[Notice]:
    """To stand above a section whose results are out of date; nothing where they are not."""
    return [Notice(found.text, found.title, "bad") for found in map(warning_text, _stale_records(run, (stage,)))]


def warnings_blocks(run: RunFiles) -> list[Block]:
    """Everything that limits what the numbers mean."""
    return [*warning_notices(run)] or [Paragraph("The checks of this run found nothing to warn of.")]


def _records(run: RunFiles) -> Iterable[Mapping[str, Any]]:
    yield from _stale_records(run, tuple(_STAGE_RESULTS))
    if run.is_phantom:
        yield _record("phantom")
    for one in (run, *run.other_generators):
        imported = (one.training or {}).get("imported")
        if imported is not None and not imported["same_training_images"]:
            yield _record("imported-generator", **{"class": one.gan_class or ""})
    study = study_view(run)
    if study is not None and study.fraction_of_answer != 1:
        yield _record("answer-for-fraction", percent=100 * study.fraction_of_answer)
    yield from (run.scores or {}).get("warnings", [])
    for name, scores in (run.scores or {}).get("other_classes", {}).items():
        yield from ({**record, "values": {**record["values"], "class": name}} for record in scores["warnings"])
    yield from (run.summary or {}).get("warnings", [])
    yield from _of_the_sizes(run)
    yield from (run.data or {}).get("warnings", [])
    yield from _of_the_data(run.data)
    for file, reason in run.unread[:_MOST_FILES]:
        yield _record("damaged-file", file=file, reason=reason)
    if len(run.unread) > _MOST_FILES:
        more = ", ".join(file for file, _ in run.unread[_MOST_FILES:][:20])
        yield _record("damaged-files", files=len(run.unread) - _MOST_FILES, names=more)


def _record(kind: str, **values: Any) -> dict[str, Any]:
    return {"kind": kind, "values": values}


def _stale_records(run: RunFiles, stages: Iterable[str]) -> Iterable[Mapping[str, Any]]:
    found = stale_stages(run)
    action = f"To bring it up to date: {code(run.command('run'))}."
    for stage in stages:
        if stage in found:
            yield _record("stale", outdated=_STAGE_RESULTS[stage], input=found[stage], action=action)


def _of_the_sizes(run: RunFiles) -> Iterable[Mapping[str, Any]]:
    size = (run.training or {}).get("image_size_px")
    for classifier in (run.summary or {}).get("classifiers", []):
        own = classifier["image_size_px"]
        if size is not None and own is not None and own > size:
            title = classifier["title"] or classifier["name"]
            yield _record("smaller-generator", generator_px=size, classifier=title, classifier_px=own)


def _of_the_data(data: Mapping[str, Any] | None) -> Iterable[Mapping[str, Any]]:
    if data is None:
        return
    shared = [entry for entry in data["patients_shared"] if entry["count"] and "unused" not in entry["splits"]]
    if shared and not data["patients_recognized"]["are_certain"]:
        places = [f"{count(entry['count'])} in {listing(entry['splits'])}" for entry in shared]
        yield _record("shared-patients", places=places)
