"""The retrained classifiers, arm by arm."""

from typing import Any

from ganbal.report.number_text import count, plural
from ganbal.report.page import Block, Facts, Missing, Section
from ganbal.report.run_reader import RunFiles
from ganbal.report.sections.arm_figures import curve_galleries, histories_block, matrices_block
from ganbal.report.sections.arm_tables import arms_table, cells_block, means_blocks
from ganbal.report.sections.cases import cases_block
from ganbal.report.sections.comparison_tables import differences_blocks, pairs_block
from ganbal.report.sections.condition_curves import condition_galleries
from ganbal.report.study_view import StudyView, study_view


def classifiers_section(run: RunFiles) -> Section:
    """The study in full."""
    study = study_view(run)
    blocks: list[Block]
    if study is None:
        cells = sum(cell.metrics is not None for cell in run.cells)
        text = f"The study is not finished: {plural(cells, 'cell')} of it stand on disk." if cells else ""
        blocks = [Missing(text or "The classifiers have not been retrained yet.", run.command("compare"))]
    else:
        blocks = [
            Facts(_facts(study)),
            arms_table(study),
            *condition_galleries(study),
            *(block for classifier in study.classifiers for block in means_blocks(study, classifier)),
            *differences_blocks(study),
            *pairs_block(study),
            *matrices_block(study),
            *cases_block(study),
            *curve_galleries(study),
            *histories_block(study),
            *cells_block(study),
        ]
    return Section("classifiers", "The classifiers, arm by arm", "Classifiers", blocks)


_WEIGHTS = {"imagenet": " (ImageNet weights)", "none": " (not pretrained)", "file": " (weights from a file)"}


def _facts(study: StudyView) -> list[tuple[str, str]]:
    summary = study.summary
    models = [
        f"{model['title']} at {model['image_size_px']} px{_WEIGHTS.get(str(model.get('pretrained')), '')}"
        for model in study.classifiers
    ]
    return [
        ("Classifiers", "; ".join(models)),
        ("Seeds", f"{count(len(study.seeds))}: {', '.join(map(str, study.seeds))}"),
        ("Budget", f"{count(summary.get('steps'))} optimiser steps at most, the same in every arm"),
        ("Test images", _test_images(summary)),
        ("Validation images", count(summary.get("num_val"))),
        ("Interval", f"{study.confidence}; covers {study.interval_covers}"),
    ]


def _test_images(summary: dict[str, Any]) -> str:
    patients = summary.get("num_test_patients")
    of_patients = f" of {plural(patients, 'patient')}" if patients else ""
    honest = summary.get("protocol") != "documents"
    use = "looked at once a cell, at its end" if honest else "also used for early stopping, as published"
    return f"{count(summary.get('num_test'))}{of_patients}; {use}"
