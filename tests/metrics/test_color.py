"""Scores of RGB images."""

import numpy as np
import pytest
import torch
from PIL import Image

from ganbal.config import ScoreConfig
from ganbal.metrics.features.extractor import embed_images
from ganbal.metrics.features.images import ArrayImages, FolderImages, open_folders
from ganbal.metrics.features.untrained import untrained_extractor
from ganbal.metrics.mean_image import mean_image_difference
from ganbal.metrics.power_spectrum import radial_power_spectrum
from ganbal.metrics.scoring import RunImages, score_run, score_sets
from ganbal.runtime.console import Console

CPU = torch.device("cpu")
CONFIG = ScoreConfig(extractor="untrained", metrics=("fid", "two_sample"), floor_splits=2, nearest_k=2)
# The same luma, 96: 0.299·150 + 0.587·67 + 0.114·103 = 95.9, and 0.299·60 + 0.587·120 + 0.114·67 = 96.0.
PINK, GREEN = (150, 67, 103), (60, 120, 67)


@pytest.fixture(autouse=True)
def small(one_torch_thread):
    """Small networks."""


def colored(color, count=24, seed=0, size=40):
    """Noise that is equal in all channels, over one color: uint8 (N, S, S, 3)."""
    noise = np.random.default_rng(seed).integers(-40, 41, (count, size, size, 1))
    return (np.array(color) + noise).astype(np.uint8)


def write(folder, pixels):
    folder.mkdir()
    for number, image in enumerate(pixels):
        Image.fromarray(image).save(folder / f"{number}.png")
    return folder


def fid_and_auc(content):
    values = {score["metric"]: score["value"] for score in content["scores"]}
    return values["fid"], values["two_sample_auc"]


def score_arrays(real, synthetic):
    names = [str(n) for n in range(len(real))]
    return score_run(
        RunImages(real, synthetic),
        train_names=names,
        synthetic_names=names,
        config=CONFIG,
        device=CPU,
        cache_root=None,
        seed=0,
        console=Console(quiet=True),
    )


def test_each_channel_has_the_features_of_a_gray_image():
    pixels = np.random.default_rng(0).integers(0, 256, (5, 40, 40, 3), dtype=np.uint8)
    features = embed_images(pixels, untrained_extractor(CPU, channels=3))
    assert features.shape == (5, 768)
    for channel in range(3):
        alone = embed_images(pixels[..., channel], untrained_extractor(CPU))
        np.testing.assert_allclose(features[:, 256 * channel : 256 * (channel + 1)], alone, atol=1e-4)


def test_scores_of_a_run_see_colors_of_equal_luma():
    fid, auc = fid_and_auc(score_arrays(colored(PINK), colored(GREEN, seed=1)))
    same_fid, same_auc = fid_and_auc(score_arrays(colored(PINK), colored(PINK, seed=1)))
    assert auc > 0.95 and fid > same_fid  # of few images, FID is mostly bias
    assert same_auc < 0.8


def test_folders_are_judged_by_their_pixels(tmp_path):
    folders = [write(tmp_path / name, pixels) for name, pixels in (("a", colored(PINK)), ("b", colored(GREEN, seed=1)))]
    assert [FolderImages(folder).channels() for folder in folders] == [3, 3]
    gray = np.repeat(colored(PINK)[..., :1], 3, axis=3)
    assert FolderImages(write(tmp_path / "gray", gray)).channels() == 1
    content = score_sets(
        *folders, config=CONFIG, device=CPU, cache_root=None, seed=0, console=Console(quiet=True), extractor=None
    )
    assert {score["extractor"]["name"] for score in content["scores"]} == {"untrained-color"}
    assert fid_and_auc(content)[1] > 0.95


def test_folders_are_fitted(tmp_path):
    wide = np.arange(2 * 4, dtype=np.uint8).reshape(1, 2, 4)
    folder = write(tmp_path / "a", wide)
    (padded,) = open_folders(folder, fit="pad")
    np.testing.assert_array_equal(padded.read(0), np.pad(wide[0], ((1, 1), (0, 0))))
    np.testing.assert_array_equal(open_folders(folder, fit="crop")[0].read(0), wide[0][:, 1:3])
    np.testing.assert_array_equal(open_folders(folder)[0].read(0), wide[0])
    assert len({images.digest() for fit in ("stretch", "pad", "crop") for images in open_folders(folder, fit=fit)}) == 3


def test_arrays_of_color_images():
    pixels = colored(PINK, 3)
    images = ArrayImages(pixels, name="x")
    assert images.channels() == 3 and images.read(1).shape == (40, 40, 3)
    assert images.digest() != ArrayImages(pixels[..., 0], name="x").digest()


def test_spectrum_and_mean_of_color_images():
    pixels = np.random.default_rng(0).integers(0, 256, (6, 16, 16, 3), dtype=np.uint8)
    by_channel = [radial_power_spectrum(pixels[..., channel]) for channel in range(3)]
    np.testing.assert_allclose(radial_power_spectrum(pixels), np.mean(by_channel, axis=0))
    red = np.zeros((2, 4, 4, 3), np.uint8)
    red[..., 0] = 30
    # One of three channels differs by 30: √(30² / 3).
    assert mean_image_difference(red, np.zeros_like(red)) == pytest.approx(30 / 3**0.5)
