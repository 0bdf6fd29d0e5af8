"""Samples of real and synthetic images as small pictures, labeled as real or synthetic."""

import io
from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFont

from ganbal.report.page import Picture, file_stem
from ganbal.report.run_reader import CellFiles, RunFiles
from ganbal.runtime.number_text import listing, share
from ganbal.synthesis.synthetic_png import MARK

MOST_EDGE_PX, FEWEST_WIDTH_PX = 560, 240
_WIDE_PX = 1040
_FONT_PX = 13
_JPEG_QUALITY = 82
SHOWN = 16
_COLUMNS = 4
_MOST_TILE_PX = 128


def real_samples(run: RunFiles) -> Picture | None:
    """The grid of real images that inspection leaves in figures/real_samples.png."""
    image = run.image("figures", "real_samples.png")
    if image is None:
        return None
    words = "Simulated radiographs of the phantom set" if run.is_phantom else "Images of the training set"
    return _picture(
        image,
        name="samples-real",
        label="Phantom (the set itself)" if run.is_phantom else "Real",
        caption=f"{words}.",
        alt=f"Grid of samples: {words[0].lower()}{words[1:]}.",
        lines=_strip_lines(run, synthetic=False),
        synthetic=False,
    )


def synthetic_samples(run: RunFiles) -> Picture | None:
    """The first images of the manifest, in its order: not selected."""
    names = [] if run.manifest is None else run.manifest["file_name"].tolist()[:SHOWN]
    images = [image for name in names if (image := run.image("synthetic", str(name))) is not None]
    if not images:
        return None
    text = f"The first {len(images)} of the manifest, in its order, not selected."
    return _picture(
        _tile(images),
        name="samples-synthetic",
        label="Synthetic",
        caption=text,
        alt=f"Grid of synthetic images of {listing(list(run.synthetic_counts))}. {text}",
        lines=_strip_lines(run, synthetic=True),
        synthetic=True,
    )


def training_grids(run: RunFiles, most: int = 6) -> list[Picture]:
    """Sample grids of the same latents over the training, evenly chosen, the first and the last included."""
    grids = list(run.sample_grids)
    if len(grids) > most:
        grids = [grids[round(number * (len(grids) - 1) / (most - 1))] for number in range(most)]
    found = []
    for step, path in grids:
        image = run.reader.image(path)
        if image is not None:
            found.append(
                _picture(
                    image,
                    name=f"{run.gan_name}-step-{step:06d}",
                    label=f"Step {step:,}, synthetic",
                    caption="",
                    alt=f"Synthetic images of the same latents after {step:,} steps.",
                    lines=_strip_lines(run, synthetic=True),
                    synthetic=True,
                )
            )
    return found


def interpolation(run: RunFiles) -> Picture | None:
    """Images between pairs of latents."""
    image = run.image("gan", run.gan_part, "interpolation.png")
    if image is None:
        return None
    return _picture(
        image,
        name=f"{run.gan_name}-interpolation",
        label="From one latent to another",
        caption="Each row goes from one latent to another. Gradual change is a good sign; jumps between a few images "
        "suggest memorized ones.",
        alt="Rows of synthetic images that change from one latent to another.",
        lines=_strip_lines(run, synthetic=True),
        synthetic=True,
    )


def augmentation(run: RunFiles) -> Picture | None:
    """What the discriminator sees of real images."""
    image = run.image("gan", run.gan_part, "augmentation.png")
    if image is None:
        return None
    names = (run.training or {}).get("augment") or run.setting("gan.augment") or []
    return _picture(
        image,
        name=f"{run.gan_name}-augmentation",
        label="Augmentation of the discriminator's images",
        caption=f"One real image per row. Columns: unchanged; {listing(names)}, each alone; all together, three times. "
        "Synthetic images are augmented in the same way before the discriminator sees them.",
        alt="Rows of real training images, each followed by its augmented versions.",
        lines=_strip_lines(run, synthetic=False),
        synthetic=False,
    )


def nearest_pairs(run: RunFiles) -> Picture | None:
    """Synthetic images beside the training images closest to them, as scoring left them."""
    image = run.image("figures", "nearest_pairs.png")
    if image is None:
        return None
    return _picture(
        image,
        name="copies-nearest-pairs",
        label="Synthetic (left) and nearest training image (right)",
        caption="The closest pairs, closest first.",
        alt="Pairs of a synthetic image and the training image nearest to it.",
        lines=["Left of each pair SYNTHETIC", *_strip_lines(run, synthetic=False)],
        synthetic=True,
        most_edge_px=_WIDE_PX,
    )


def inspection_figures(run: RunFiles) -> list[Picture]:
    """The figures of inspection: samples of every class, and image sizes where these differ."""
    known = {"samples": ("Samples of every class", "Training images at even distances in the list, not selected.")}
    if ((run.data or {}).get("sizes") or {}).get("distinct") != 1:
        known["sizes"] = ("Sizes on disk", "One dot per image, before any resizing.")
    found = []
    for stem, (label, caption) in known.items():
        image = run.image("figures", f"{stem}.png")
        if image is not None:
            found.append(
                _picture(
                    image,
                    name=f"inspection-{stem}",
                    label=label,
                    caption=caption,
                    alt=f"{label}. {caption}",
                    lines=[],  # inspection marks the phantom set on the figures themselves
                    synthetic=False,
                    most_edge_px=_WIDE_PX,
                )
            )
    return found


def case_picture(run: RunFiles, cell: CellFiles, title: str) -> Picture | None:
    """Test images that one cell classified correctly and wrongly, with the study's heat maps."""
    image, content = run.image(cell.place, "cases.png"), cell.cases
    if image is None or content is None or not content["kinds"]:
        return None
    beside = "beside it the Grad-CAM heat map of the predicted class" if content["has_heat_maps"] else "no heat maps"
    cases = [case for kind in content["kinds"] for case in kind]
    phrases = "; ".join(
        f"{case['true']} predicted {case['predicted']} with {share(case['probability'], 2)}" for case in cases
    )
    return _picture(
        image,
        name=f"cases-{file_stem(cell.classifier)}-{file_stem(cell.arm)}",
        label=f"{cell.arm} · {title}",
        caption=f"Seed {cell.seed}. One row per class for correct and for wrong predictions; in it the most certain, "
        f"the median and the least certain one; {beside}.",
        alt=f"Test images with the class that {title} predicted. {phrases}.",
        lines=_strip_lines(run, synthetic=False),
        synthetic=False,
        most_edge_px=_WIDE_PX,
    )


def _strip_lines(run: RunFiles, *, synthetic: bool) -> list[str]:
    lines = ["SYNTHETIC: made by a generator"] if synthetic else []
    return lines + (["PHANTOM: simulated, not real patients"] if run.is_phantom else [])


def _picture(
    image: Image.Image,
    *,
    name: str,
    label: str,
    caption: str,
    alt: str,
    lines: Sequence[str],
    synthetic: bool,
    most_edge_px: int = MOST_EDGE_PX,
) -> Picture:
    image = _fitted(image, most_edge_px)
    if lines:
        image = _with_strip(image, lines)
    buffer = io.BytesIO()
    # The comment stays with the picture when it is copied out of the report.
    comment = MARK if synthetic else (" ".join(lines) or None)
    image.save(buffer, format="JPEG", quality=_JPEG_QUALITY, comment=comment)
    return Picture(name, label, caption, alt, buffer.getvalue(), *image.size, synthetic)


def _fitted(image: Image.Image, most_edge_px: int) -> Image.Image:
    """Shrunk to the longest edge allowed; small ones enlarged by whole factors, which adds no detail."""
    if image.width < FEWEST_WIDTH_PX and image.height <= most_edge_px:
        factor = min(-(-FEWEST_WIDTH_PX // image.width), max(1, most_edge_px // image.height))
        return image.resize((image.width * factor, image.height * factor), Image.Resampling.NEAREST)
    scale = most_edge_px / max(image.size)
    if scale >= 1:
        return image
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image.resize(size, Image.Resampling.LANCZOS)


def _tile(images: Sequence[Image.Image], gap_px: int = 2) -> Image.Image:
    side = min(_MOST_TILE_PX, max(image.width for image in images))
    step = side + gap_px
    columns = min(_COLUMNS, len(images))
    rows = -(-len(images) // columns)
    mode = "RGB" if any(image.mode == "RGB" for image in images) else "L"
    sheet = Image.new(mode, (columns * step - gap_px, rows * step - gap_px))
    for number, image in enumerate(images):
        small = image.convert(mode).resize((side, side), Image.Resampling.LANCZOS)
        sheet.paste(small, (number % columns * step, number // columns * step))
    return sheet


def _with_strip(image: Image.Image, lines: Sequence[str]) -> Image.Image:
    """The image above a black strip with the lines, so that every copy of the image keeps them."""
    size = min(_FONT_PX, min(1.8 * (image.width - 12) / len(line) for line in lines))
    step = round(1.5 * size)
    framed = Image.new(image.mode, (image.width, image.height + step * len(lines) + 4))
    framed.paste(image, (0, 0))
    white = 255 if image.mode == "L" else (255, 255, 255)
    draw, font = ImageDraw.Draw(framed), ImageFont.load_default(size=max(size, 6))
    for number, line in enumerate(lines):
        draw.text((6, image.height + 2 + step * (number + 0.5)), line, fill=white, font=font, anchor="lm")
    return framed
