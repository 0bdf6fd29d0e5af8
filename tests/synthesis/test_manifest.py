"""Changes of synthetic images after synthesis are detected when they are read."""

from pathlib import Path

import numpy as np
import pytest

from ganbal.errors import InputError
from ganbal.synthesis.manifest import ManifestRow, SyntheticFolder, read_synthetic, write_manifest
from ganbal.synthesis.synthetic_png import write_synthetic_png


@pytest.fixture
def folder(tmp_path: Path) -> SyntheticFolder:
    folder, rows = SyntheticFolder(tmp_path), []
    for number in range(6):
        name, label = f"A/synthetic_0_{number}.png", "A" if number < 4 else "NA"
        digest = write_synthetic_png(tmp_path / name, np.full((8, 8), number, np.uint8), {"index": str(number)})
        rows.append(ManifestRow(name, label, "0", str(number), "ab", "10", "yes", digest))
    write_manifest(folder, rows, {"num_images": 6})
    return folder


def test_unchanged_images_are_read_in_order(folder: SyntheticFolder) -> None:
    found = read_synthetic(folder)
    assert found.pixels[:, 0, 0].tolist() == list(range(6))
    assert found.class_names == ["A"] * 4 + ["NA"] * 2
    assert found.of_class("NA").pixels[:, 0, 0].tolist() == [4, 5]
    assert found.resized(4).shape == (6, 4, 4)


def delete(file: Path) -> None:
    file.unlink()


def truncate(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:60])


def flip(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def replace(file: Path) -> None:
    file.write_bytes((file.parent / "synthetic_0_5.png").read_bytes())


@pytest.mark.parametrize("damage", [delete, truncate, flip, replace])
def test_a_damaged_image_is_named(folder: SyntheticFolder, damage) -> None:
    damage(folder.root / "A" / "synthetic_0_3.png")
    with pytest.raises(InputError, match=r"1 of the 6 .* missing or changed: A/synthetic_0_3.png .*ganbal synthesize"):
        read_synthetic(folder)


def without_last_row(text: str) -> str:
    return text[: text.rstrip("\n").rindex("\n") + 1]


@pytest.mark.parametrize(
    "edit",
    [
        without_last_row,
        lambda text: text[:100],
        lambda text: text.split("\n")[0] + "\n",
        lambda text: text.replace(",NA,", ",A,"),
        lambda text: text.replace("synthetic_0_1", "synthetic_0_2"),
        lambda text: text.replace("A/synthetic_0_1.png", "../outside.png"),
        lambda text: "",
        lambda text: "\0" + text,
    ],
)
def test_an_edited_manifest_is_refused(folder: SyntheticFolder, edit) -> None:
    folder.manifest.write_text(edit(folder.manifest.read_text()))
    with pytest.raises(InputError, match="ganbal synthesize"):
        read_synthetic(folder)


@pytest.mark.parametrize("content", [None, "", "[]", '{"manifest_sha256": null}'])
def test_images_without_their_summary_are_refused(folder: SyntheticFolder, content: str | None) -> None:
    folder.summary.unlink()
    if content is not None:
        folder.summary.write_text(content)
    with pytest.raises(InputError, match="ganbal synthesize"):
        read_synthetic(folder)
