"""The course of the classifiers' training."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from ganbal.report.figures.training_curves import Curve, curve_of, draw_curves
from ganbal.report.page import Block, Fold, Gallery, file_stem
from ganbal.report.study_view import StudyView
from ganbal.runtime.number_text import plural


def histories_fold(study: StudyView) -> list[Block]:
    """Losses of the classifiers over steps, one plot per classifier and arm, folded."""
    drawings = []
    for classifier in study.classifiers:
        name = classifier["name"]
        top = _loss_limit(study, name)
        for arm in study.arms:
            tables = [cell.history for cell in study.cells(name, arm) if cell.history is not None]
            curves = _loss_curves(tables)
            if curves:
                drawings.append(
                    draw_curves(
                        curves,
                        name=f"history-{file_stem(name)}-{file_stem(arm)}",
                        title=f"{arm} · {classifier['title']}",
                        caption=f"Loss, one line per seed ({len(tables)}).",
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


def _loss_curves(tables: Sequence[pd.DataFrame]) -> list[Curve]:
    kinds = (("train_loss", "training", "slate", (0, (3, 1.5))), ("val_loss", "validation", "teal", "-"))
    found = [curve_of(table, column, label, color, dash) for table in tables for column, label, color, dash in kinds]
    return [curve for curve in found if curve is not None]


def _loss_limit(study: StudyView, classifier: str) -> float:
    """Upper limit of the loss axis of a classifier's plots, robust to single spikes."""
    tables = [cell.history for arm in study.arms for cell in study.cells(classifier, arm) if cell.history is not None]
    values = [curve.values for curve in _loss_curves(tables)]
    return 1.1 * float(np.quantile(np.concatenate(values), 0.99)) or 1.0 if values else 1.0
