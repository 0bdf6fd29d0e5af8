"""Images in color: which are, and which pixels they become."""

import numpy as np
import pytest
from PIL import Image

from ganbal.config import DataConfig
from ganbal.data.colors import channels_for, is_colored
from ganbal.data.dataset import load_dataset
from ganbal.data.decoding import Conversion, decode_file, file_shows_color, to_pixels
from ganbal.data.inspection import inspect_dataset
from ganbal.runtime.console import Console

COLOR = Conversion(channels=3)
RED = (200, 90, 60)


def saved(folder, image, name="x.png", **options):
    image.save(folder / name, **options)
    return folder / name


def rgb(path):
    return decode_file(path, [4], COLOR).squares[4]


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        (Image.new("RGB", (4, 4), (200, 100, 50)), (200, 100, 50)),
        (Image.new("RGBA", (4, 4), (200, 100, 50, 255)), (200, 100, 50)),
        (Image.new("RGBA", (4, 4), (200, 100, 50, 51)), (40, 20, 10)),  # 51/255 = 1/5 over black
        (Image.new("RGBA", (4, 4), (200, 100, 50, 0)), (0, 0, 0)),
        (Image.new("L", (4, 4), 77), (77, 77, 77)),
        (Image.new("LA", (4, 4), (200, 102)), (80, 80, 80)),
        (Image.new("1", (4, 4), 1), (255, 255, 255)),
        (Image.fromarray(np.full((4, 4), 257 * 9, np.uint16)), (144, 144, 144)),  # 2313 of 4095
    ],
)
def test_pixels_of_three_channels(tmp_path, image, expected):
    np.testing.assert_array_equal(rgb(saved(tmp_path, image)), np.broadcast_to(expected, (4, 4, 3)))


def test_a_palette_is_looked_up(tmp_path):
    image = Image.new("P", (4, 4), 1)
    image.putpalette([0, 0, 0, 200, 100, 50, 90, 90, 90])
    np.testing.assert_array_equal(rgb(saved(tmp_path, image)), np.broadcast_to((200, 100, 50), (4, 4, 3)))
    transparent = saved(tmp_path, image, "y.png", transparency=1)
    assert not rgb(transparent).any()


def test_a_cmyk_jpeg(tmp_path):
    image = Image.new("CMYK", (16, 16), (0, 127, 191, 0))
    path = saved(tmp_path, image, "x.jpg", quality=100)
    assert decode_file(path, [4], COLOR).mode == "CMYK"
    # Without black ink, a channel is 255 minus its ink.
    np.testing.assert_allclose(rgb(path), np.broadcast_to((255, 128, 64), (4, 4, 3)), atol=3)
    assert file_shows_color(path)


def test_one_channel_of_a_color_image_is_its_luma(tmp_path):
    path = saved(tmp_path, Image.new("RGB", (4, 4), (200, 100, 50)))
    np.testing.assert_array_equal(decode_file(path, [4]).squares[4], 124)  # 0.299·200 + 0.587·100 + 0.114·50 = 124.2


def test_equal_channels_are_gray_whatever_the_mode_of_the_file(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (80, 70), dtype=np.uint8)
    gray = Image.fromarray(noise)
    for name, mode in [("a.png", "RGB"), ("b.png", "RGBA"), ("c.jpg", "RGB"), ("d.png", "P"), ("e.jpg", "CMYK")]:
        path = saved(tmp_path, gray.convert(mode), name, **({"quality": 30} if name.endswith("jpg") else {}))
        assert not file_shows_color(path) and not decode_file(path, []).is_colored, mode


def test_the_noise_of_jpeg_and_a_slight_tint_are_no_color(tmp_path):
    gray = np.random.default_rng(0).integers(0, 240, (64, 64, 1)).repeat(6, axis=0).repeat(6, axis=1)
    tinted, colored = ((gray + np.array([0, 5, blue])).astype(np.uint8) for blue in (12, 16))
    assert not is_colored(Image.fromarray(tinted))
    assert is_colored(Image.fromarray(colored))
    assert not file_shows_color(saved(tmp_path, Image.fromarray(tinted), "x.jpg", quality=60))


def test_one_percent_of_the_pixels_decides():
    image = np.full((64, 64, 3), 100, np.uint8)
    image.reshape(-1, 3)[:40] = 255, 0, 0
    assert not is_colored(Image.fromarray(image))  # 40 of 4096 are 0.98 %
    image.reshape(-1, 3)[40] = 255, 0, 0
    assert is_colored(Image.fromarray(image))


def test_unreadable_files_show_no_color(tmp_path):
    (tmp_path / "x.png").write_bytes(b"nothing")
    assert not file_shows_color(tmp_path / "x.png") and not file_shows_color(tmp_path / "missing.png")


def test_half_of_the_images_make_a_color_set():
    assert [channels_for([True] * k + [False] * (4 - k)) for k in range(5)] == [1, 1, 3, 3, 3]
    assert channels_for([]) == 1


def test_deep_images_have_three_equal_channels_on_request():
    values = Image.fromarray(np.array([[0, 65535]], dtype=np.uint16))
    np.testing.assert_array_equal(to_pixels(values, 3), [[[0, 0, 0], [255, 255, 255]]])


@pytest.fixture
def load(tmp_path):
    """Write sets and load them; every call decodes into a cache of its own."""

    def make(colored, *, split=True, **settings):
        """`colored`: of each class, how many of its 24 training images show color."""
        for name, number in colored.items():
            training, test = tmp_path / "set" / ("train" if split else "") / name, tmp_path / "set/test" / name
            training.mkdir(parents=True, exist_ok=True)
            for n in range(24):
                color = RED if n < number else (90, 90, 90)
                Image.new("RGB", (8, 8), color).save(training / f"person{name}{n}_virus_{n}.png")
            if split:
                test.mkdir(parents=True, exist_ok=True)
                for n in range(4):
                    Image.new("RGB", (8, 8), RED).save(test / f"person{name}9{n}_virus_{n}.png")
        config, console = DataConfig(root=tmp_path / "set", **settings), Console(quiet=True)
        dataset = load_dataset(config, sizes_px=[8], cache_root=tmp_path / "cache", console=console)
        return dataset, inspect_dataset(dataset, config)

    return make


def kinds(dataset):
    return [warning.kind for warning in dataset.warnings if "color" in warning.kind]


def sentence(dataset, kind):
    (found,) = [warning for warning in dataset.warnings if warning.kind == kind]
    return str(found)


def test_a_color_set_is_read_in_color(load):
    dataset, content = load({"A": 24, "B": 24})
    assert dataset.channels == 3 and dataset.pixels(8).shape == (56, 8, 8, 3)
    np.testing.assert_array_equal(dataset.pixels(8)[0], np.broadcast_to(RED, (8, 8, 3)))
    assert content["channels"] == {
        "used": 3,
        "chosen_by": "auto",
        "colored": 48,
        "images": 48,
        "by_class": {"A": {"colored": 24, "images": 24}, "B": {"colored": 24, "images": 24}},
    }
    assert kinds(dataset) == []


def test_training_images_decide_and_the_test_images_do_not(load):
    dataset, content = load({"A": 0, "B": 0})  # all test images show color
    assert dataset.pixels(8).shape == (56, 8, 8)
    assert (content["channels"]["used"], content["channels"]["colored"]) == (1, 0)


def test_few_color_images_leave_a_set_gray_with_a_warning(load):
    dataset, _ = load({"A": 23, "B": 0})
    assert dataset.channels == 1 and kinds(dataset) == ["few-colored"]
    assert "23 of 48 training images show color, fewer than half" in sentence(dataset, "few-colored")


@pytest.mark.parametrize("guess", [False, True])
@pytest.mark.parametrize(("colored", "channels"), [({"A": 24, "B": 12}, 3), ({"A": 1, "B": 3}, 1)])
def test_all_images_decide_whatever_a_few_of_them_suggest(load, monkeypatch, colored, channels, guess):
    monkeypatch.setattr("ganbal.data.pixel_cache.find_colored", lambda paths: [guess] * len(paths))
    dataset, _ = load(colored)
    assert dataset.channels == channels
    assert dataset.pixels(8).shape == ((56, 8, 8, 3) if channels == 3 else (56, 8, 8))
    again, _ = load(colored)
    np.testing.assert_array_equal(again.pixels(8), dataset.pixels(8))


def test_color_in_one_class_only_is_a_shortcut(load):
    dataset, _ = load({"A": 24, "B": 0})
    assert dataset.channels == 3 and kinds(dataset) == ["color-by-class"]
    assert "100% of A and 0% of B show color" in sentence(dataset, "color-by-class")


def test_gray_images_among_color_ones_are_mentioned(load):
    dataset, _ = load({"A": 23, "B": 22})
    assert dataset.channels == 3 and kinds(dataset) == ["mixed-colors"]


def test_settings_override_the_content(load):
    gray, content = load({"A": 24, "B": 24}, channels=1)
    assert gray.pixels(8).shape == (56, 8, 8) and kinds(gray) == []
    assert (content["channels"]["used"], content["channels"]["chosen_by"], content["channels"]["colored"]) == (
        1,
        "setting",
        48,
    )
    colored, _ = load({"A": 24, "B": 24}, channels=3)
    automatic, _ = load({"A": 24, "B": 24})
    assert colored.table.digest() == automatic.table.digest() != gray.table.digest()


def test_without_a_split_all_images_decide(load):
    dataset, content = load({"A": 24, "B": 20}, split=False)
    assert dataset.channels == 3 and content["channels"]["images"] == 48


def test_the_fit_is_part_of_the_data(tmp_path, make_images):
    places = [f"{split}/{cls}" for split in ("train", "test") for cls in "AB"]
    names = [f"{place}/person{place.replace('/', '')}{n}_virus_{n}.png" for place in places for n in range(24)]
    root = make_images(tmp_path / "set", names)  # 12 × 10 px

    def loaded(**settings):
        config = DataConfig(root=root, **settings)
        console = Console(quiet=True)
        dataset = load_dataset(config, sizes_px=[12], cache_root=tmp_path / "cache", console=console)
        return dataset, inspect_dataset(dataset, config)["fit"]

    padded, facts = loaded(fit="pad")
    assert facts == {"rule": "pad", "elongation": 1.2, "aspect_ratios": {"A": 1.2, "B": 1.2}}
    assert not padded.pixels(12)[:, [0, 11]].any() and padded.pixels(12)[:, 1:11].any()
    stretched, _ = loaded()
    assert stretched.pixels(12)[:, 0].any()
    assert len({dataset.table.digest() for dataset in (padded, stretched, loaded(fit="crop")[0])}) == 3


def test_stretching_far_from_square_images_is_mentioned(tmp_path, write_image):
    for split in ("train", "test"):
        for cls in "AB":
            for n in range(24):
                write_image(tmp_path / f"set/{split}/{cls}/person{split}{cls}{n}_virus_1.png", size=(32, 20))

    def warned(fit):
        config = DataConfig(root=tmp_path / "set", fit=fit)
        dataset = load_dataset(config, sizes_px=[8], cache_root=tmp_path / "cache", console=Console(quiet=True))
        return [str(warning) for warning in dataset.warnings if warning.kind == "far-from-square"]

    assert warned("pad") == []
    assert ["median 1.6 : 1" in text for text in warned("stretch")] == [True]
