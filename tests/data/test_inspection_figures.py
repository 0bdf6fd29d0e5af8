import numpy as np
import pytest
from PIL import Image

from ganbal.config import DataConfig
from ganbal.data.dataset import load_dataset
from ganbal.data.inspection import inspect_dataset
from ganbal.data.inspection_figures import draw_inspection
from ganbal.runtime.console import Console

NAMES = ["class_balance.png", "samples.png", "sizes.png"]


def draw(tmp_path, **settings):
    config = DataConfig(**settings)
    quiet = Console(quiet=True)
    dataset = load_dataset(config, sizes_px=[8], cache_root=tmp_path / "cache", console=quiet)
    content = inspect_dataset(dataset, config)
    return draw_inspection(dataset, content, tmp_path / "figures"), dataset, content


def red_pixels(file):
    with Image.open(file) as image:
        red, green, blue = np.moveaxis(np.asarray(image.convert("RGB"), dtype=int), -1, 0)
    return int(((red > 150) & (green < 60) & (blue < 80)).sum())


def test_figures_of_a_set_with_difficult_names(tmp_path, make_images):
    names = ["_hidden", "cost $5 or $6", "Ätna, süd"]
    root = make_images(tmp_path / "set", [f"{name}/{name} {n}.png" for name in names for n in range(20)])
    files, _, _ = draw(tmp_path, root=root)
    assert sorted(file.name for file in files) == NAMES
    assert sorted(path.name for path in (tmp_path / "figures").iterdir()) == NAMES
    for file in files:
        with Image.open(file) as image:
            assert min(image.size) > 200
        assert red_pixels(file) == 0


def test_every_figure_of_the_phantom_set_is_marked(tmp_path):
    files, _, _ = draw(tmp_path, root="phantom", phantom_images=60)
    assert all(red_pixels(file) > 100 for file in files)


def test_a_sample_that_has_gone_is_left_blank(tmp_path, kaggle_set):
    _, dataset, content = draw(tmp_path, root=kaggle_set)
    for row in dataset.table.rows("train", "NORMAL"):
        (kaggle_set / dataset.table.frame["file_name"].iloc[row]).unlink()
    assert len(draw_inspection(dataset, content, tmp_path / "again")) == 3


def test_a_folder_that_cannot_be_written(tmp_path, kaggle_set):
    _, dataset, content = draw(tmp_path, root=kaggle_set)
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        draw_inspection(dataset, content, tmp_path / "file")
