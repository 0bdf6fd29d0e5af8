"""The retrained classifiers, arm by arm."""

import functools
from collections.abc import Callable
from typing import Any

from ganbal.report import pictures
from ganbal.report.figures.classifier_training import histories_fold
from ganbal.report.figures.condition_curves import condition_galleries
from ganbal.report.figures.confusion import confusion_gallery
from ganbal.report.figures.quality_curves import curve_galleries
from ganbal.report.guard import guarded
from ganbal.report.page import Block, Definitions, Gallery, Missing
from ganbal.report.run_reader import RunFiles
from ganbal.report.sections.arm_tables import arms_table, cells_block, means_blocks
from ganbal.report.sections.comparison_tables import differences_blocks, pairs_block
from ganbal.report.sections.warnings import stale_notice
from ganbal.report.study_view import GAN_ARM, StudyView, study_view
from ganbal.runtime.number_text import count, plural

_HEAT_MAPS = (
    "Grad-CAM heat maps show coarsely which parts of an image raised the probability of the predicted class. Heat "
    "outside the lungs (letters, borders, the diaphragm) suggests that the classifier uses something other than the "
    "disease."
)
_WEIGHTS = {"imagenet": " (ImageNet weights)", "none": " (not pretrained)", "file": " (weights from a file)"}


def classifiers_blocks(run: RunFiles) -> list[Block]:
    """The study in full."""
    study = study_view(run)
    if study is None:
        cells = sum(cell.metrics is not None for cell in run.cells)
        text = f"The study is not finished: {plural(cells, 'finished cell')} on disk." if cells else ""
        return [Missing(text or "The classifiers have not been retrained yet.", run.command("compare"))]
    parts = [block for name, make in _PARTS for block in guarded(name, functools.partial(make, study))]
    return [*stale_notice(run, "compare"), *parts]


def _entries_block(study: StudyView) -> list[Block]:
    summary = study.summary
    models = [
        f"{model['title']} at {count(model['image_size_px'])} px{_WEIGHTS.get(model['pretrained'], '')}"
        for model in study.classifiers
    ]
    content = [
        ("Classifiers", "; ".join(models)),
        ("Positive class", study.positive_class or "none: more than two classes"),
        ("Seeds", f"{count(len(study.seeds))}: {', '.join(map(str, study.seeds))}"),
        ("Budget", f"at most {count(summary['steps'])} optimizer steps, the same in every arm"),
        ("Test images", _test_images(summary)),
        ("Validation images", count(summary["num_val"])),
        ("Interval", f"{study.confidence}; covers {study.interval_covers}"),
    ]
    return [Definitions(content)]


def _test_images(summary: dict[str, Any]) -> str:
    patients = summary["num_test_patients"]
    of_patients = f" of {plural(patients, 'patient')}" if patients else ""
    is_honest = summary["protocol"] != "documents"
    use = "used once per cell, at its end" if is_honest else "also used for early stopping, as published"
    return f"{count(summary['num_test'])}{of_patients}; {use}"


def cases_gallery(study: StudyView) -> list[Block]:
    """Correct and wrong predictions of each classifier with the baseline arm and with the `gan` arm, first seed."""
    found = []
    for classifier in study.classifiers:
        for arm in dict.fromkeys((study.baseline, GAN_ARM)):
            for cell in study.cells(classifier["name"], arm)[:1]:
                picture = pictures.case_picture(study.run, cell, classifier["title"])
                found += [picture] if picture is not None else []
    return [Gallery("Correct and wrong predictions", found, _HEAT_MAPS)] if found else []


_PARTS: tuple[tuple[str, Callable[[StudyView], list[Block]]], ...] = (
    ("the study's numbers", _entries_block),
    ("the arms", arms_table),
    ("curves over ratios and fractions", condition_galleries),
    ("the means", means_blocks),
    ("the differences", differences_blocks),
    ("the confusion matrices", confusion_gallery),
    ("the cases", cases_gallery),
    ("the tests of pairs", pairs_block),
    ("the ROC, precision-recall and reliability curves", curve_galleries),
    ("the training histories", histories_fold),
    ("the cells", cells_block),
)
"""In reading order; one line adds a figure or a table."""
