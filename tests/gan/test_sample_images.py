import numpy as np
import pytest
import torch
from PIL import Image

from ganbal.gan.networks import DcganGenerator
from ganbal.gan.sample_images import (
    class_per_row,
    spherical_path,
    write_animation,
    write_augmentation,
    write_interpolation,
)
from ganbal.synthesis.synthetic_png import MARK, tile, write_synthetic_png


def test_spherical_path_of_two_axes_by_hand():
    path = spherical_path(torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0]), 3)
    half = 0.5**0.5
    torch.testing.assert_close(path, torch.tensor([[1.0, 0.0], [half, half], [0.0, 1.0]]), atol=1e-6, rtol=0)


def test_spherical_path_keeps_the_length():
    start, end = torch.randn(2, 100, generator=torch.Generator().manual_seed(0))
    path = spherical_path(start, end / end.norm() * start.norm(), 7)
    torch.testing.assert_close(path.norm(dim=1), start.norm().expand(7))


def test_interpolation_is_marked_and_has_one_row_per_pair(tmp_path):
    write_interpolation(tmp_path / "x.png", DcganGenerator(32, 4, 8), 0, {"step": "3"})
    image = Image.open(tmp_path / "x.png")
    assert image.size == (10 * 34 - 2, 6 * 34 - 2)
    assert image.text["Description"] == MARK and image.text["ganbal:step"] == "3"


@pytest.mark.parametrize(("grids", "frames"), [(2, 2), (60, 40)])
def test_animation_has_the_first_and_last_grid_and_at_most_forty(tmp_path, grids, frames):
    files = [tmp_path / f"{i:03d}.png" for i in range(grids)]
    for value, file in enumerate(files):
        write_synthetic_png(file, np.full((8, 8), value * 4, dtype=np.uint8), {})
    write_animation(tmp_path / "a.gif", files)
    film = Image.open(tmp_path / "a.gif")
    assert film.n_frames == frames
    assert MARK in film.info["comment"].decode()
    film.seek(frames - 1)
    assert film.convert("L").getpixel((0, 0)) == pytest.approx((grids - 1) * 4, abs=2)


def test_one_grid_makes_no_animation(tmp_path):
    write_animation(tmp_path / "a.gif", [tmp_path / "only.png"])
    assert not (tmp_path / "a.gif").exists()


def test_tiles_by_hand():
    images = np.array([[[1]], [[2]], [[3]]], dtype=np.uint8)
    assert tile(images, columns=2, gap_px=1).tolist() == [[1, 0, 2], [0, 0, 0], [3, 0, 0]]


def test_augmentation_shows_each_image_plain_alone_and_together(tmp_path):
    images = np.stack([np.full((32, 32), 30 * (i + 1), np.uint8) for i in range(7)])
    write_augmentation(tmp_path / "a.png", images, ["brightness", "translation"])
    sheet = np.asarray(Image.open(tmp_path / "a.png"))
    assert sheet.shape == (5 * 34 - 2, (1 + 2 + 3) * 34 - 2)  # five rows; plain, two alone, three of both
    for row in range(5):
        plain, brighter, moved = (sheet[34 * row + 16, 34 * column + 16] for column in range(3))
        assert plain == moved == 30 * (row + 1)  # a uniform image does not change when it is moved
        assert brighter != plain


def test_no_augmentation_no_picture(tmp_path):
    write_augmentation(tmp_path / "a.png", np.zeros((3, 32, 32), np.uint8), [])
    assert not (tmp_path / "a.png").exists()


def test_sheets_have_one_class_per_row():
    assert class_per_row(8, columns=2, num_classes=3).tolist() == [0, 0, 1, 1, 2, 2, 0, 0]
