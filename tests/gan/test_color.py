"""Trainings on RGB images."""

import numpy as np
import pytest
import torch
from PIL import Image

from ganbal.config import load_config
from ganbal.errors import InputError
from ganbal.gan.augmentation import AUGMENTATIONS, augment, augmentations_for, cutout, draws_needed, saturation
from ganbal.gan.batches import to_network_range
from ganbal.gan.checkpoint import load_generator
from ganbal.gan.discriminators import DISCRIMINATORS
from ganbal.gan.fingerprint import TrainingFingerprint
from ganbal.gan.folder import GanFolder
from ganbal.gan.generators import GENERATORS
from ganbal.gan.networks import DcganGenerator, Discriminator
from ganbal.gan.sampling import as_pixels, generate_images, latent_rows
from ganbal.gan.state import new_state
from ganbal.gan.train_step import TrainStep
from ganbal.gan.training import train_gan
from ganbal.metrics.quality import KernelQuality
from ganbal.runtime.console import Console
from ganbal.synthesis.synthetic_png import tile, write_synthetic_png

CPU = torch.device("cpu")


def settings(*assignments):
    small = ["gan.image_size_px=32", "gan.base_channels=4", "gan.batch_size=8", "gan.latent_dim=8"]
    every = ["gan.log_every_steps=2", "gan.sample_every_steps=2", "gan.score_every_steps=2", "gan.score_images=8"]
    return load_config(None, [*small, *every, "gan.projection_weights=none", *assignments]).gan


def images(count=20, channels=3):
    shape = (count, 32, 32) if channels == 1 else (count, 32, 32, 3)
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


def train(folder, config, pixels):
    channels = 1 if pixels.ndim == 3 else 3
    return train_gan(
        pixels,
        config,
        fingerprint=TrainingFingerprint.of(config, seed=0, class_names=["X"], data_digest="", channels=channels),
        seed=0,
        device=CPU,
        folder=GanFolder(folder),
        console=Console(quiet=True),
        quality=KernelQuality(pixels, CPU),
    )


def test_shapes_of_three_channels():
    generator, discriminator = DcganGenerator(32, 4, 10, image_channels=3), Discriminator(32, 4, image_channels=3)
    made = generator(torch.randn(2, 10))
    assert made.shape == (2, 3, 32, 32)
    assert discriminator(made).shape == (2,)
    gray = sum(p.numel() for p in DcganGenerator(32, 4, 10).parameters())
    assert sum(p.numel() for p in generator.parameters()) == gray + 2 * (4 * 16 + 1)  # two more filters of 4 channels


def test_pixels_and_network_values_by_hand():
    pixels = torch.tensor([[[[0, 255, 51]]]], dtype=torch.uint8)  # one image of one pixel
    values = to_network_range(pixels)
    torch.testing.assert_close(values, torch.tensor([[[[-1.0]], [[1.0]], [[-0.6]]]]))
    assert torch.equal(as_pixels(values), pixels)
    gray = torch.tensor([[[0, 51]]], dtype=torch.uint8)
    assert to_network_range(gray).shape == (1, 1, 1, 2)
    assert torch.equal(as_pixels(to_network_range(gray)), gray)
    assert as_pixels(torch.tensor([[[[-2.0, 2.0]]]])).tolist() == [[[0, 255]]]


@pytest.mark.parametrize(
    "choice",
    [
        *(f"gan.discriminators=[{name}]" for name in DISCRIMINATORS),
        *(f"gan.generator={name}" for name in GENERATORS),
        "gan.output_skips=true",
        "gan.full_size_channels=3",
    ],
)
def test_every_network_trains_on_three_channels(choice):
    config = settings(*(["gan.generator=residual"] if choice == "gan.output_skips=true" else []), choice)
    state = new_state(config, 0, CPU, image_channels=3)
    before = {key: value.clone() for key, value in state.generator.state_dict().items()}
    step = TrainStep(state, torch.from_numpy(images()), config)
    assert torch.isfinite(step()).all()
    assert any(not torch.equal(before[key], value) for key, value in state.generator.state_dict().items())


def test_saturation_by_hand():
    pixel = torch.tensor([0.6, 0.0, -0.3]).view(1, 3, 1, 1)  # mean 0.1
    full = saturation(pixel, torch.tensor([[1.0]]))  # the largest factor, 1.5
    torch.testing.assert_close(full.flatten(), torch.tensor([0.85, -0.05, -0.5]))
    pale = saturation(pixel, torch.tensor([[0.0]]))  # the least, 0.5
    torch.testing.assert_close(pale.flatten(), torch.tensor([0.35, 0.05, -0.1]))


def test_saturation_is_for_color_images_only():
    assert augmentations_for(["contrast", "saturation", "cutout"], 1) == ["contrast", "cutout"]
    assert augmentations_for(["contrast", "saturation", "cutout"], 3) == ["contrast", "saturation", "cutout"]


@pytest.mark.parametrize("name", [name for name in AUGMENTATIONS if name not in ("saturation", "contrast", "cutout")])
def test_channels_move_and_shift_together(name):
    gray = torch.rand(6, 1, 16, 16, generator=torch.Generator().manual_seed(0))
    draws = torch.rand(6, draws_needed([name]), generator=torch.Generator().manual_seed(1))
    changed = augment(gray.expand(-1, 3, -1, -1), [name], draws)
    torch.testing.assert_close(changed, augment(gray, [name], draws).expand(-1, 3, -1, -1))


def test_cutout_fills_each_channel_with_its_own_mean():
    image = torch.tensor([0.1, 0.5, 0.9]).view(1, 3, 1, 1).repeat(1, 1, 8, 8)
    torch.testing.assert_close(cutout(image, torch.tensor([[0.5, 0.5]])), image)


def test_a_training_on_color_writes_color_files_and_its_checkpoint_knows_it(tmp_path):
    pixels = images()
    pixels[..., 2] = 0  # no blue
    state = train(tmp_path, settings("gan.steps=4"), pixels)
    assert state.best_step > 0
    for name in ("samples/step_000004.png", "interpolation.png", "augmentation.png"):
        assert Image.open(tmp_path / name).mode == "RGB", name
    assert Image.open(tmp_path / "progress.gif").n_frames == 2
    trained = load_generator(GanFolder(tmp_path).last_checkpoint, CPU)
    (made,) = trained.generate(latent_rows(0, 3, 8), batch_size=8)
    assert (made.shape, made.dtype) == ((3, 32, 32, 3), np.uint8)


def test_channels_are_in_the_order_of_the_images(tmp_path):
    """A generator whose last bias makes everything red paints red images."""
    generator = DcganGenerator(32, 4, 8, image_channels=3)
    with torch.no_grad():
        last = generator.layers[-2]
        last.weight.zero_()
        last.bias.copy_(torch.tensor([5.0, -5.0, -5.0]))
    (made,) = generate_images(generator, latent_rows(0, 2, 8), 8)
    write_synthetic_png(tmp_path / "x.png", made[0], {})
    assert Image.open(tmp_path / "x.png").getpixel((5, 5)) == (255, 0, 0)


def test_a_training_of_other_channels_is_not_continued(tmp_path):
    train(tmp_path, settings("gan.steps=2"), images(channels=1))
    with pytest.raises(InputError, match=r"data.channels: 1 there, 3 now"):
        train(tmp_path, settings("gan.steps=4"), images())


def test_tiles_of_color_images_by_hand():
    red, blue = [[[255, 0, 0]]], [[[0, 0, 255]]]
    sheet = tile(np.array([red, blue], dtype=np.uint8), columns=2, gap_px=1)
    assert sheet.tolist() == [[[255, 0, 0], [0, 0, 0], [0, 0, 255]]]


def test_the_quality_of_a_training_sees_colors():
    """Images with the same luma in other colors are not of the same quality."""
    rng = np.random.default_rng(0)
    base = rng.integers(60, 120, (40, 32, 32, 1)) + np.array([60, 0, 0])
    swapped = base + np.array([-60, 30, 3])  # about the same luma: -0.299·60 + 0.587·30 + 0.114·3 = 0.01
    quality = KernelQuality(base[:20].astype(np.uint8), CPU)
    assert quality(swapped[20:].astype(np.uint8)) > 10 * quality(base[20:].astype(np.uint8))
