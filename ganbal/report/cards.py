"""The model card of a run's generators and the data card of its images (Mitchell et al. 2019; Gebru et al. 2021).

Both hold what the report holds, without its figures, in the order of these two papers, and list what no run knows.
"""

import functools
from collections.abc import Callable, Sequence

from ganbal.report.guard import guarded
from ganbal.report.markdown import render_card
from ganbal.report.page import Block, Definitions, Fold, Gallery, PageSection, Paragraph, code
from ganbal.report.run_reader import RunFiles
from ganbal.report.sections.answer import answer_of
from ganbal.report.sections.data import data_blocks
from ganbal.report.sections.generator import generator_blocks
from ganbal.report.sections.provenance import provenance_blocks
from ganbal.report.sections.scores import scores_blocks
from ganbal.report.sections.warnings import warnings_blocks
from ganbal.runtime.number_text import count, listing

CARDS = MODEL_CARD, DATA_CARD = "MODEL_CARD.md", "DATA_CARD.md"
_Section = tuple[str, Callable[[RunFiles], list[Block]]]


def cards_of(run: RunFiles) -> dict[str, str]:
    """File name → content of the cards that the run has the files for."""
    classes = listing([one.gan_class or "" for one in (run, *run.other_generators)])
    found = {}
    if run.training is not None:
        found[MODEL_CARD] = _card(f"Model card: generator of {classes} images, trained on {run.set_name}", run, _MODEL)
    if run.manifest is not None:
        made = listing(list(run.synthetic_counts)) or "no"
        found[DATA_CARD] = _card(f"Data card: synthetic {made} images, generated from {run.set_name}", run, _DATA)
    return found


def _card(title: str, run: RunFiles, sections: Sequence[_Section]) -> str:
    made = [PageSection("", name, "", guarded(name, functools.partial(blocks, run))) for name, blocks in sections]
    return render_card(title, run.mark, made)


def _without_figures(blocks: Callable[[RunFiles], list[Block]]) -> Callable[[RunFiles], list[Block]]:
    """The blocks of a report's section that stand open and are text or tables."""
    return lambda run: [block for block in blocks(run) if not isinstance(block, Gallery | Fold)]


def _usefulness(run: RunFiles) -> list[Block]:
    answer = answer_of(run)
    return [Paragraph(answer.headline), *([answer.missing] if answer.missing else [Definitions(answer.findings)])]


def _generator_use(run: RunFiles) -> list[Block]:
    return [
        Paragraph(
            "Intended for research on augmentation of training sets. Not intended for diagnosis, for teaching, or as "
            "images of patients."
        ),
        Paragraph(f"To generate images into the run folder: {code(run.command('synthesize', '--n N'))}."),
    ]


def _contents(run: RunFiles) -> list[Block]:
    size = (run.training or {}).get("image_size_px")
    at_size = f"; {count(size)} × {count(size)} px, grayscale" if size else ""
    entries = [
        ("Images", listing([f"{count(number)} {name}" for name, number in run.synthetic_counts.items()]) or "none"),
        ("Format", f"PNG, one folder per class{at_size}"),
        ("List", f"{code('synthetic/manifest.csv')}: file name, class, seed and generator of each image"),
        ("Mark", "every file's own metadata say that it is synthetic, by which model and from which seed"),
    ]
    return [Definitions(entries)]


def _images_use(run: RunFiles) -> list[Block]:
    return [
        Paragraph(
            "Intended for the training part of the set that they were generated from. Not for validation or test, not "
            "as images of patients, and not for training further generators."
        )
    ]


def _to_complete(run: RunFiles) -> list[Block]:
    return [
        Paragraph("A run does not know these. Complete a copy of this card, because every report writes it anew."),
        Definitions(
            [
                ("Owner and contact", "…"),
                ("License", "… (the license of the training images may apply to everything derived from them)"),
                ("Ethics approval and consent for the training images", "…"),
                ("Population, devices and hospitals of the training images", "…"),
            ]
        ),
    ]


_MODEL: Sequence[_Section] = (
    ("Use", _generator_use),
    ("Generator", _without_figures(generator_blocks)),
    ("Training images", _without_figures(data_blocks)),
    ("Scores", _without_figures(scores_blocks)),
    ("Whether its images helped classifiers", _usefulness),
    ("Limits", warnings_blocks),
    ("Provenance", _without_figures(provenance_blocks)),
    ("To be completed", _to_complete),
)
_DATA: Sequence[_Section] = (
    ("Contents", _contents),
    ("Use", _images_use),
    ("How they were generated", _without_figures(generator_blocks)),
    ("Scores and copies", _without_figures(scores_blocks)),
    ("Whether they helped classifiers", _usefulness),
    ("Limits", warnings_blocks),
    ("To be completed", _to_complete),
)
