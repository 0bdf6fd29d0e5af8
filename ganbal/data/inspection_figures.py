"""Figures of a data set: class balance, sizes, samples."""

import contextlib
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from ganbal.data.dataset import Dataset
from ganbal.data.decoding import decode_file
from ganbal.data.image_limits import UnreadableImageError
from ganbal.runtime.atomic_files import atomic_path

_SAMPLES_PER_CLASS = 8
_SAMPLE_SIZE_PX = 160
_INK, _FAINT = "#333333", "#888888"
# Okabe and Ito's palette, which color-blind people can distinguish.
_COLORS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00")


def draw_inspection(dataset: Dataset, content: dict[str, Any], folder: Path) -> list[Path]:
    """Write class_balance.png, sizes.png and samples.png into `folder`.

    Args:
        content: from `inspect_dataset`.

    Returns:
        The files. Those of the phantom set carry a note that it is one.
    """
    figures = {
        "class_balance.png": _class_balance(content),
        "sizes.png": _sizes(dataset, content),
        "samples.png": _samples(dataset),
    }
    files = []
    for name, figure in figures.items():
        if content["source"]["is_phantom"]:
            figure.text(0.5, 0.01, "PHANTOM SET: simulated images", ha="center", color="#B00020", weight="bold")
        FigureCanvasAgg(figure)
        with atomic_path(folder / name) as temporary, warnings.catch_warnings():
            # Class names in a script that the font lacks appear as boxes; a warning per character helps nobody.
            warnings.filterwarnings("ignore", message="Glyph .* missing")
            figure.savefig(temporary, dpi=130)
        files.append(folder / name)
    return files


def _class_balance(content: dict[str, Any]) -> Figure:
    counts, classes = content["counts"], content["classes"]
    splits = [split for split in counts if sum(counts[split].values())]
    figure = Figure(figsize=(7.5, 1.4 + 0.3 * len(splits) * (len(classes) + 0.7)), layout=_layout())
    axes = figure.subplots()
    most = max(max(counts[split].values()) for split in splits)
    for number, name in enumerate(classes):
        positions = np.arange(len(splits)) + (number - (len(classes) - 1) / 2) * 0.8 / len(classes)
        values = [counts[split][name] for split in splits]
        axes.barh(positions, values, 0.8 / len(classes), color=_COLORS[number % len(_COLORS)], label=_label(name))
        for position, value in zip(positions, values, strict=True):
            axes.text(value + 0.01 * most, position, f"{value:,}", va="center", color=_INK, fontsize=9)
    axes.set_yticks(range(len(splits)), splits)
    axes.invert_yaxis()
    axes.set_xlim(0, 1.12 * most)
    axes.set_xlabel("images")
    axes.set_title(
        f"Training images, smallest class to largest: 1 : {content['imbalance_ratio']:.2f}", loc="left", fontsize=11
    )
    axes.legend(frameon=False, loc="lower right")
    _plain(axes)
    return figure


def _sizes(dataset: Dataset, content: dict[str, Any]) -> Figure:
    frame = dataset.table.frame
    figure = Figure(figsize=(6.0, 5.0), layout=_layout())
    axes = figure.subplots()
    for number, name in enumerate(dataset.table.classes):
        images = frame[frame["class_name"] == name]
        axes.scatter(
            images["width_px"],
            images["height_px"],
            s=14,
            alpha=0.35,
            linewidths=0,
            color=_COLORS[number % len(_COLORS)],
            label=_label(name),
        )
    axes.set_xlabel("width, px")
    axes.set_ylabel("height, px")
    axes.set_xlim(0, 1.15 * content["sizes"]["max"][0])
    axes.set_ylim(0, 1.15 * content["sizes"]["max"][1])
    median, distinct = content["sizes"]["median"], content["sizes"]["distinct"]
    many = f"{distinct} different sizes, median {median[0]} × {median[1]} px"
    only = f"All images are {median[0]} × {median[1]} px"
    axes.set_title(only if distinct == 1 else many, loc="left", fontsize=11)
    axes.legend(frameon=False, loc="upper left")
    _plain(axes)
    return figure


def _samples(dataset: Dataset) -> Figure:
    """Training images of every class, evenly spaced over the table."""
    table = dataset.table
    classes = table.classes
    figure = Figure(figsize=(1.3 * _SAMPLES_PER_CLASS, 1.6 * len(classes) + 0.3), layout=_layout())
    grid = figure.subplots(len(classes), _SAMPLES_PER_CLASS, squeeze=False)
    for row, name in zip(grid, classes, strict=True):
        rows = table.rows("train", name)
        shown = rows[np.unique(np.linspace(0, len(rows) - 1, _SAMPLES_PER_CLASS).round().astype(int))]
        for axes in row:
            axes.axis("off")
        for axes, index in zip(row, shown, strict=False):
            # From the files: a few dozen images are no reason to decode all at this size.
            with contextlib.suppress(UnreadableImageError):  # deleted since it was decoded
                image = decode_file(
                    table.root / table.frame["file_name"].iloc[index], [_SAMPLE_SIZE_PX], table.conversion
                )
                axes.imshow(image.squares[_SAMPLE_SIZE_PX], cmap="gray", vmin=0, vmax=255)
        row[0].set_title(f"{_label(name)}, {len(rows):,} training images", loc="left", fontsize=10, color=_INK)
    return figure


def _layout() -> ConstrainedLayoutEngine:
    # Room at the bottom for the note that marks the phantom set.
    return ConstrainedLayoutEngine(rect=(0, 0.06, 1, 0.92))


def _label(name: str) -> str:
    """A class name as matplotlib shows it: no formula between dollar signs, and no hidden label after `_`."""
    return ("\u200a" if name.startswith("_") else "") + name.replace("$", r"\$")


def _plain(axes: Axes) -> None:
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.tick_params(colors=_FAINT, labelcolor=_INK)
