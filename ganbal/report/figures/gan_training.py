"""The course of the GAN's training: losses, discriminator outputs, distance and diversity of the generated images."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from ganbal.report.figures.training_curves import Curve, curve_of, draw_curves
from ganbal.report.page import Drawing
from ganbal.runtime import number_text
from ganbal.runtime.number_text import count, listing


@dataclass(frozen=True)
class _Plot:
    """Columns of the GAN's history that share a plot: column → (label, color)."""

    name: str
    title: str
    caption: str
    columns: Mapping[str, tuple[str, str]]
    reference: float | None = None
    limits: tuple[float, float] | None = None
    smooth: bool = False
    only_if_changing: bool = False


_GAN_PLOTS = (
    _Plot(
        "losses",
        "Loss",
        "Losses of both networks.",
        {"discriminator_loss": ("discriminator", "slate"), "generator_loss": ("generator", "teal")},
        smooth=True,
    ),
    _Plot(
        "outputs",
        "Output of the discriminator",
        "Mean probability of being real, for real and for synthetic images; at 0.5 it cannot separate them.",
        {"real_score": ("D(x), real", "slate"), "synthetic_score": ("D(G(z)), synthetic", "teal")},
        reference=0.5,
        limits=(0, 1),
        smooth=True,
    ),
    _Plot(
        "distance",
        "Distance to the training images",
        "Kernel distance between images of the averaged generator and training images; lower is closer.",
        {"kernel_distance": ("kernel distance", "teal")},
    ),
    _Plot(
        "diversity",
        "Diversity",
        "How much synthetic images differ from each other; 1 is as much as real ones do.",
        {"relative_diversity": ("relative to the real images", "violet")},
        reference=1.0,
    ),
    _Plot(
        "augment-probability",
        "Strength of augmentation",
        "Probability of each augmentation; it rises while the discriminator overfits.",
        {"augment_probability": ("probability", "violet")},
        limits=(0, 1),
        only_if_changing=True,
    ),
)


def gan_drawings(history: pd.DataFrame, mark: str | None, name: str = "gan") -> list[Drawing]:
    """Losses, discriminator outputs and what training measured, as far as the history holds them.

    Their names begin with `name`.
    """
    drawings = []
    for plot in _GAN_PLOTS:
        found = (curve_of(history, column, label, color) for column, (label, color) in plot.columns.items())
        curves = [curve for curve in found if curve is not None]
        is_constant = all(len(set(curve.values)) == 1 for curve in curves)
        if curves and not (plot.only_if_changing and is_constant):
            last = count(max(float(curve.steps[-1]) for curve in curves))
            drawings.append(
                draw_curves(
                    curves,
                    name=f"{name}-{plot.name}",
                    title=plot.title,
                    caption=plot.caption,
                    alt=f"{plot.title}, over steps: {_ends(curves)}; last at step {last}.",
                    mark=mark,
                    reference=plot.reference,
                    limits=plot.limits,
                    smooth=plot.smooth,
                )
            )
    return drawings


def _ends(curves: Sequence[Curve]) -> str:
    return listing(
        [f"{c.label} from {number_text.score(c.values[0])} to {number_text.score(c.values[-1])}" for c in curves]
    )
