"""How the generator was set and trained, and what it drew along the way."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from ganbal.report import number_text, pictures
from ganbal.report.figures.training_curves import Curve, curve_of, draw_curves
from ganbal.report.number_text import count, listing, plural
from ganbal.report.page import Block, Drawing, Facts, Gallery, Missing, Paragraph, Section
from ganbal.report.run_reader import RunFiles


def generator_section(run: RunFiles) -> Section:
    """The GAN and the images drawn from it."""
    blocks: list[Block] = []
    if run.training is None:
        begun = run.gan_history is not None or bool(run.sample_grids)
        text = "The GAN's training is not finished; what follows is how far it came." if begun else ""
        blocks.append(Missing(text or "The GAN has not been trained yet.", run.command("train-gan")))
    else:
        blocks += [Facts(_facts(one, one.training)) for one in (run, *run.other_generators) if one.training]
    several = bool(run.other_generators)
    for one in (run, *run.other_generators):
        blocks += _course(one, f" · {one.gan_class}" if several else "")
    blocks.append(_synthesised(run))
    return Section("generator", "The generator", "Generator", blocks)


def _course(run: RunFiles, of_class: str) -> list[Block]:
    """Curves and pictures of one training; `of_class` ends their titles where there are several."""
    blocks: list[Block] = []
    if run.gan_history is not None and len(run.gan_history):
        blocks.append(
            Gallery(f"Training{of_class}", history_drawings(run.gan_history, run.mark, run.gan_name), _reading_aid(run))
        )
    grids = pictures.training_grids(run)
    if grids:
        remark = "The same latents each time, drawn by the moving average of the generator."
        blocks.append(Gallery(f"Samples over time{of_class}", grids, remark))
    for title, picture in (
        ("Between latents", pictures.interpolation(run)),
        ("What the discriminator is shown", pictures.augmentation(run)),
    ):
        if picture:
            blocks.append(Gallery(f"{title}{of_class}", [picture]))
    return blocks


@dataclass(frozen=True)
class _Plot:
    """Columns of the history that share a plot: column → (label, colour)."""

    name: str
    title: str
    caption: str
    columns: Mapping[str, tuple[str, str]]
    reference: float | None = None
    limits: tuple[float, float] | None = None
    smooth: bool = False
    only_if_changing: bool = False


_PLOTS = (
    _Plot(
        "gan-losses",
        "Loss",
        "Losses of both networks.",
        {"discriminator_loss": ("discriminator", "slate"), "generator_loss": ("generator", "teal")},
        smooth=True,
    ),
    _Plot(
        "gan-outputs",
        "What the discriminator believes",
        "Mean probability of being real, for real and for synthetic images; at 0.5 it cannot tell.",
        {"real_score": ("D(x), real", "slate"), "synthetic_score": ("D(G(z)), synthetic", "teal")},
        reference=0.5,
        limits=(0, 1),
        smooth=True,
    ),
    _Plot(
        "gan-distance",
        "Distance to the training images",
        "Kernel distance of the averaged generator's images to training images; lower is nearer.",
        {"kernel_distance": ("kernel distance", "teal")},
    ),
    _Plot(
        "gan-diversity",
        "Diversity",
        "How much synthetic images differ among themselves; 1 is as much as real ones do.",
        {"relative_diversity": ("relative to the real images", "violet")},
        reference=1.0,
    ),
    _Plot(
        "gan-augment-probability",
        "Strength of augmentation",
        "Probability of each augmentation; it rises while the discriminator overfits.",
        {"augment_probability": ("probability", "violet")},
        limits=(0, 1),
        only_if_changing=True,
    ),
)


def history_drawings(history: pd.DataFrame, mark: str | None, name: str = "gan") -> list[Drawing]:
    """Losses, discriminator outputs, and what was measured on the way, as far as the history holds them.

    Their names begin with `name`.
    """
    last = count(float(history["step"].iloc[-1]))
    drawings = []
    for plot in _PLOTS:
        curves = _curves(history, plot.columns)
        is_constant = all(len(set(curve.values)) == 1 for curve in curves)
        if curves and not (plot.only_if_changing and is_constant):
            drawings.append(
                draw_curves(
                    curves,
                    name=plot.name.replace("gan", name, 1),
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


def _curves(history: pd.DataFrame, columns: Mapping[str, tuple[str, str]]) -> list[Curve]:
    found = [curve_of(history, column, label, colour) for column, (label, colour) in columns.items()]
    return [curve for curve in found if curve is not None]


def _ends(curves: list[Curve]) -> str:
    return listing(
        [f"{c.label} from {number_text.score(c.values[0])} to {number_text.score(c.values[-1])}" for c in curves]
    )


def _reading_aid(run: RunFiles) -> str:
    return (
        "GAN losses do not fall as those of a classifier do, and say little about how good the images are. A "
        "discriminator that is always right (its two lines near 1 and 0) teaches the generator nothing."
    )


def _facts(run: RunFiles, training: Mapping[str, Any]) -> list[tuple[str, str]]:
    parameters = training.get("parameters") or {}
    augment = training.get("augment")
    entries = [
        ("Class", str(training["class_name"])),
        ("Trained on", f"{plural(training.get('num_images') or 0, 'image')}, the training split only"),
        ("Image size", f"{training['image_size_px']} × {training['image_size_px']} px, grey"),
        (
            "Steps",
            f"{count(training['steps'])} of each network at batch {count(run.setting('gan.batch_size'))}; "
            f"{plural(training.get('images_seen') or 0, 'image')} seen",
        ),
        ("Networks", listing([f"{name} {plural(n, 'parameter')}" for name, n in parameters.items()])),
        ("Preset", _or_nothing(run.setting("gan.preset"))),
        ("Loss", _or_nothing(run.setting("gan.loss"))),
        ("Augmentation", listing([str(name) for name in augment]) or "none" if augment is not None else ""),
        ("Time", f"{number_text.duration(training.get('seconds'))} on {training.get('device') or 'an unnamed device'}"),
    ]
    return [(term, text) for term, text in entries if text]


def _or_nothing(value: Any) -> str:
    return "" if value is None else str(value)


def _synthesised(run: RunFiles) -> Block:
    if run.manifest is None:
        return Missing("No synthetic images have been drawn yet.", run.command("synthesize"))
    by_class = run.manifest["label"].value_counts()
    told = listing([f"{count(int(n))} {name}" for name, n in by_class.items()])
    seeds = sorted(set(run.manifest["seed"])) if "seed" in run.manifest.columns else []
    rejected = (run.synthesis or {}).get("num_rejected")
    filtered = f" {plural(rejected, 'image')} too near to a training image had been rejected." if rejected else ""
    with_seed = f" with seed {', '.join(map(str, seeds))}" if seeds else ""
    return Paragraph(
        f"Synthetic images drawn: {told}{with_seed}{_checkpoint(run)}.{filtered} "
        "Every file says in its own metadata that it is synthetic; `synthetic/manifest.csv` lists them."
    )


def _checkpoint(run: RunFiles) -> str:
    assert run.manifest is not None
    if "checkpoint_step" not in run.manifest.columns:
        return ""
    steps = sorted(set(pd.to_numeric(run.manifest["checkpoint_step"], errors="coerce").dropna()))
    return f", from the generator at step {listing([count(step) for step in steps])}" if steps else ""
