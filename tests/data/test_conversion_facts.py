"""What inspection says of depth and pages; colors and shapes are in `test_colors.py`."""

import numpy as np
import pytest
from PIL import Image

from ganbal.config import DataConfig
from ganbal.data.dataset import load_dataset
from ganbal.data.inspection import inspect_dataset
from ganbal.runtime.console import Console


@pytest.fixture
def load(tmp_path):
    """Write 20 training images of each class A and B, so many of them deep, and five of each to test, all deep."""

    def load(**deep):
        rng = np.random.default_rng(0)
        for place, number in (("train", 20), ("test", 5)):
            for name in "AB":
                (tmp_path / "set" / place / name).mkdir(parents=True)
                for n in range(number):
                    values = rng.integers(0, 255, (8, 8))
                    is_deep = place == "test" or n < deep[name]
                    image = Image.fromarray((values * 60).astype(np.uint16) if is_deep else values.astype(np.uint8))
                    image.save(tmp_path / "set" / place / name / f"person{place}{name}{n}_virus_1.png")
        return reload()

    def reload():
        config = DataConfig(root=tmp_path / "set")
        dataset = load_dataset(config, sizes_px=[8], cache_root=tmp_path / "cache", console=Console(quiet=True))
        return {warning.kind: str(warning) for warning in dataset.warnings}, inspect_dataset(dataset, config)

    load.again = reload
    return load


def test_depth_that_tells_the_class_is_a_shortcut(load):
    warnings, content = load(A=0, B=20)
    assert "0% of A and 100% of B have more than 8 bits per channel" in warnings["depth-by-class"]
    assert content["depth"] == {
        "deep": 20,
        "images": 40,
        "by_class": {"A": {"deep": 0, "images": 20}, "B": {"deep": 20, "images": 20}},
    }
    assert {"kind": "depth-by-class", "values": {"deep_of_class": ["0% of A", "100% of B"]}} in content["warnings"]


@pytest.mark.parametrize(("deep", "is_told"), [((20, 20), False), ((0, 0), False), ((10, 12), False), ((10, 13), True)])
def test_only_a_difference_of_more_than_ten_points_in_training_is_told(load, deep, is_told):
    warnings, _ = load(A=deep[0], B=deep[1])
    assert ("depth-by-class" in warnings) == is_told


def test_files_with_several_pages_are_counted(load, tmp_path):
    warnings, content = load(A=0, B=0)
    assert "several-pages" not in warnings and content["pages"] == {"several": 0, "example": None}
    pages = [Image.new("L", (8, 8), value) for value in (10, 20, 30)]
    for name in ("A/one.tif", "B/two.tif"):
        pages[0].save(tmp_path / "set/train" / name, save_all=True, append_images=pages[1:])
    warnings, content = load.again()
    assert warnings["several-pages"] == (
        "2 files have several pages or frames, such as train/A/one.tif; the first of each is used"
    )
    assert content["pages"] == {"several": 2, "example": "train/A/one.tif"}
