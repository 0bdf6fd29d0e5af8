"""Cards and counts of exported images."""

import numpy as np
import pytest

from ganbal.export.image_sets import RealImages, SyntheticSet, write_imagefolder
from ganbal.synthesis.manifest import ManifestRow, SyntheticFolder, read_synthetic, write_manifest
from ganbal.synthesis.synthetic_png import write_synthetic_png

HOSTILE = "<b>A|`"


@pytest.fixture
def synthetic(tmp_path) -> SyntheticSet:
    folder, name = SyntheticFolder(tmp_path / "synthetic"), "A/synthetic_0_0.png"
    digest = write_synthetic_png(folder.root / name, np.zeros((8, 8), np.uint8), {"index": "0"})
    write_manifest(folder, [ManifestRow(name, HOSTILE, "0", "0", "ab", "10", "yes", digest)], {})
    return SyntheticSet(folder, read_synthetic(folder), [HOSTILE, "B"])


def test_class_names_are_no_markup_in_the_card(synthetic, tmp_path):
    write_imagefolder(tmp_path / "out", synthetic)
    assert r"- 1 &lt;b&gt;A\|\`" in (tmp_path / "out/README.md").read_text().splitlines()


def test_unused_images_do_not_count_as_exported():
    splits = ["train", "unused", "test", "val", "unused"]
    real = RealImages([], ["A"] * 5, splits, lambda size_px: np.zeros((5, size_px, size_px), np.uint8))
    assert real.num_exported == 3
