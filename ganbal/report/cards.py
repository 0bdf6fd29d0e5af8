"""The model card of a run's generators and the data card of its images (Mitchell et al. 2019; Gebru et al. 2021).

Both hold what the report holds, without its figures, in the order of these two papers, and list what no run knows.
"""

from collections.abc import Sequence

from ganbal.report.markdown import render_card
from ganbal.report.page import Answer, Block, Definitions, Fold, Gallery, Page, PageSection, Paragraph, code
from ganbal.report.run_reader import RunFiles
from ganbal.report.study_view import study_view
from ganbal.runtime.number_text import count, listing
from ganbal.runtime.shared_text import color_of

CARDS = MODEL_CARD, DATA_CARD = "MODEL_CARD.md", "DATA_CARD.md"


def cards_of(run: RunFiles, page: Page) -> dict[str, str]:
    """File name → content of the cards that the run has the files for.

    Args:
        page: the run's report.
    """
    found = {}
    if run.training is not None:
        classes = listing([one.gan_class or "" for one in (run, *run.other_generators)])
        title = f"Model card: generator of {classes} images, trained on {run.set_name}"
        found[MODEL_CARD] = render_card(title, run.mark, _model_sections(run, page))
    if run.manifest is not None:
        made = listing(list(run.synthetic_counts)) or "no"
        title = f"Data card: synthetic {made} images, generated from {run.set_name}"
        found[DATA_CARD] = render_card(title, run.mark, _data_sections(run, page))
    return found


def _model_sections(run: RunFiles, page: Page) -> list[PageSection]:
    return [
        _section("Use", _generator_use(run)),
        _section("Generator", _from_report(page, "generator")),
        _section("Training images", _from_report(page, "data")),
        _section("Scores", _from_report(page, "scores")),
        _section("Whether its images helped classifiers", _usefulness(run, page.answer)),
        _section("Limits", _from_report(page, "warnings")),
        _section("Provenance", _from_report(page, "reproduce")),
        _section("To be completed", _to_complete()),
    ]


def _data_sections(run: RunFiles, page: Page) -> list[PageSection]:
    return [
        _section("Contents", _contents(run)),
        _section("Use", _images_use()),
        _section("How they were generated", _from_report(page, "generator")),
        _section("Scores and copies", _from_report(page, "scores")),
        _section("Whether they helped classifiers", _usefulness(run, page.answer)),
        _section("Limits", _from_report(page, "warnings")),
        _section("To be completed", _to_complete()),
    ]


def _section(title: str, blocks: Sequence[Block]) -> PageSection:
    return PageSection(anchor="", title=title, short="", blocks=blocks)


def _from_report(page: Page, anchor: str) -> list[Block]:
    """The texts and tables of a section that are not folded."""
    return [
        block
        for section in page.sections
        if section.anchor == anchor
        for block in section.blocks
        if not isinstance(block, Gallery | Fold)
    ]


def _usefulness(run: RunFiles, answer: Answer) -> list[Block]:
    study = study_view(run)
    if study is not None and study.fraction_of_answer != 1:
        share = f"{100 * study.fraction_of_answer:g} %"
        return [Paragraph(f"Not measured: the study of this run used {share} of the minority class and other images.")]
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
    at_size = f"; {count(size)} × {count(size)} px, {color_of((run.training or {}).get('channels'))}" if size else ""
    entries = [
        ("Images", listing([f"{count(number)} {name}" for name, number in run.synthetic_counts.items()]) or "none"),
        ("Format", f"PNG, one folder per class{at_size}"),
        ("List", f"{code('synthetic/manifest.csv')}: file name, class, seed and generator of each image"),
        ("Mark", "every file's own metadata say that it is synthetic, by which model and from which seed"),
    ]
    return [Definitions(entries)]


def _images_use() -> list[Block]:
    return [
        Paragraph(
            "Intended for the training part of the set that they were generated from. Not for validation or test, not "
            "as images of patients, and not for training further generators."
        )
    ]


def _to_complete() -> list[Block]:
    return [
        Paragraph("A run does not know these. Complete a copy of this card, because every report overwrites it."),
        Definitions(
            [
                ("Owner and contact", "…"),
                ("License", "… (the license of the training images may apply to everything derived from them)"),
                ("Ethics approval and consent for the training images", "…"),
                ("Population, devices and hospitals of the training images", "…"),
            ]
        ),
    ]
