"""The study in figures: confusion matrices, ROC, precision-recall and reliability curves, training histories."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from ganbal.report.figures.confusion import draw_confusion
from ganbal.report.figures.quality_curves import Predictions, draw_precision_recall, draw_reliability, draw_roc
from ganbal.report.figures.training_curves import Curve, curve_of, draw_curves
from ganbal.report.names import file_stem
from ganbal.report.number_text import plural
from ganbal.report.page import Block, Drawing, Fold, Gallery
from ganbal.report.study_view import StudyView


def matrices_block(study: StudyView) -> list[Block]:
    """One confusion matrix for every classifier and arm, summed over seeds."""
    drawings = _matrices(study)
    remark = (
        f"Summed over {plural(len(study.seeds), 'seed')}: every test image counts once a seed. "
        "Rows are what an image shows, columns what the classifier says."
    )
    return [Gallery("Confusion matrices", drawings, remark)] if drawings else []


def _matrices(study: StudyView) -> list[Drawing]:
    drawings = []
    for classifier in study.classifiers:
        for arm in study.arms:
            name = str(classifier["name"])
            cells = [c.metrics for c in study.cells(name, arm) if c.metrics]
            found = [np.array(metrics["confusion_matrix"]) for metrics in cells if "confusion_matrix" in metrics]
            size = len(study.classes)
            found = [matrix for matrix in found if matrix.shape == (size, size)]
            if found:
                drawings.append(
                    draw_confusion(
                        np.sum(found, axis=0),
                        study.classes,
                        name=f"confusion-{file_stem(name)}-{file_stem(arm)}",
                        title=f"{arm} · {classifier['title']}",
                        num_seeds=len(found),
                        mark=study.run.mark,
                    )
                )
    return drawings


def curve_galleries(study: StudyView) -> list[Block]:
    """One row of curves a classifier."""
    positive = study.curve_class
    if positive is None:
        return []
    kinds: list[tuple[str, str, Callable[..., Drawing]]] = [
        ("roc", "ROC", draw_roc),
        ("precision-recall", "Precision and recall", draw_precision_recall),
        ("reliability", "Reliability", draw_reliability),
    ]
    blocks: list[Block] = []
    for classifier in study.classifiers:
        name = str(classifier["name"])
        arms: dict[str, Predictions] = {
            arm: found for arm in study.arms if (found := study.predictions(name, arm, positive))
        }
        if arms:
            colours = {arm: study.arm_colour(arm) for arm in arms}
            drawings = [
                draw(arms, colours, name=f"{kind}-{file_stem(name)}", title=title, mark=study.run.mark)
                for kind, title, draw in kinds
            ]
            blocks.append(Gallery(f"{classifier['title']}: curves for {positive}", drawings))
    return blocks


def histories_block(study: StudyView) -> list[Block]:
    """Losses over steps for every classifier and arm, folded."""
    drawings = []
    for classifier in study.classifiers:
        name = str(classifier["name"])
        top = _loss_limit(study, name)
        for arm in study.arms:
            tables = [c.history for c in study.cells(name, arm) if c.history is not None]
            curves = _history_curves(tables)
            if curves:
                drawings.append(
                    draw_curves(
                        curves,
                        name=f"history-{file_stem(name)}-{file_stem(arm)}",
                        title=f"{arm} · {classifier['title']}",
                        caption=f"Loss, one line a seed ({len(tables)}).",
                        alt=f"Training and validation loss over steps of {classifier['title']} on the arm {arm}, "
                        f"{plural(len(tables), 'seed')}.",
                        mark=study.run.mark,
                        limits=(0, top),
                    )
                )
    if not drawings:
        return []
    remark = (
        "Lines end where training stopped early. Validation loss that rises while training loss falls is overfitting."
    )
    return [Fold("Training histories", [Gallery("", drawings, remark)])]


def _history_curves(tables: Sequence[pd.DataFrame]) -> list[Curve]:
    kinds = (("train_loss", "training", "slate", (0, (3, 1.5))), ("val_loss", "validation", "teal", "-"))
    found = [curve_of(table, column, label, colour, dash) for table in tables for column, label, colour, dash in kinds]
    return [curve for curve in found if curve is not None]


def _loss_limit(study: StudyView, classifier: str) -> float:
    """A top for the loss axis of a classifier's panels that single spikes cannot push up."""
    values = [
        curve.values
        for arm in study.arms
        for cell in study.cells(classifier, arm)
        if cell.history is not None
        for curve in _history_curves([cell.history])
    ]
    return 1.1 * float(np.quantile(np.concatenate(values), 0.99)) or 1.0 if values else 1.0
