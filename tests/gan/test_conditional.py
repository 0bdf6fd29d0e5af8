import numpy as np
import pytest
import torch

from ganbal.config import load_config
from ganbal.errors import InputError
from ganbal.gan.checkpoint import identity_of, load_generator, read_checkpoint
from ganbal.gan.conditional import ConditionalGenerator, EveryClassEqually, ProjectionDiscriminator
from ganbal.gan.networks import initialise
from ganbal.gan.sample_images import write_grid
from ganbal.gan.sampling import draw_images, latent_rows
from ganbal.gan.state import new_state
from ganbal.gan.train_step import TrainStep
from ganbal.gan.training import GanFolder, train_gan
from ganbal.runtime.console import Console

CPU = torch.device("cpu")
CLASSES = ("DARK", "BRIGHT")


def settings(*assignments):
    small = ["gan.image_size_px=32", "gan.base_channels=4", "gan.batch_size=16", "gan.latent_dim=8"]
    return load_config(None, [*small, "gan.preset=dcgan", "gan.log_every_steps=2", *assignments]).gan


def dark_and_bright(num_dark=12, num_bright=36):
    random = np.random.default_rng(0)
    dark = random.integers(20, 60, (num_dark, 32, 32), dtype=np.uint8)
    bright = random.integers(180, 240, (num_bright, 32, 32), dtype=np.uint8)
    return np.concatenate([dark, bright]), np.repeat([0, 1], [num_dark, num_bright])


def train(folder, config, quality=None):
    images, labels = dark_and_bright()
    identity = identity_of(
        config, seed=0, class_name="DARK, BRIGHT", data_digest="", precision="float32", classes=CLASSES
    )
    return train_gan(
        images,
        config,
        labels=labels,
        identity=identity,
        seed=0,
        device=CPU,
        folder=GanFolder(folder),
        console=Console(quiet=True),
        quality=quality,
    )


def test_the_generator_learns_which_class_it_is_asked_for():
    images, labels = dark_and_bright()
    config = settings("gan.learning_rate=0.002", "gan.discriminator_learning_rate=0.002")
    state = new_state(config, 0, CPU, num_classes=2)
    step = TrainStep(state, torch.from_numpy(images), config, labels=torch.from_numpy(labels))
    for _ in range(250):
        step()
    latents = latent_rows(1, 32, config.latent_dim)
    dark, bright = (np.concatenate(list(draw_images(one, latents, 32))).mean() for one in state.average.by_class())
    assert dark < 90 and bright > 150


def test_every_class_is_drawn_equally_whatever_its_share():
    labels = torch.tensor([2, 0, 0, 0, 0, 0, 0, 1, 1, 0])
    rows, drawn = EveryClassEqually(labels).draw(12, torch.Generator().manual_seed(0))
    assert torch.equal(labels[rows], drawn)
    assert torch.bincount(drawn).tolist() == [4, 4, 4]
    assert torch.bincount(drawn[:6]).tolist() == [2, 2, 2]  # so is the part of one of two processes
    rows, _ = EveryClassEqually(labels).draw(3000, torch.Generator().manual_seed(0))
    per_image = torch.bincount(rows, minlength=10)
    assert per_image[0] == 1000 and per_image.min() > 0
    assert abs(per_image[7].item() - 500) < 80


def test_the_discriminator_adds_the_class_filter_to_the_common_one():
    discriminator = ProjectionDiscriminator(32, 4, "batch", 3).eval()
    images, labels = torch.randn(5, 1, 32, 32), torch.tensor([0, 1, 2, 1, 0])
    features = discriminator.layers[:-1](images).flatten(1)
    filters, bias = discriminator.layers[-1].weight.flatten(1), discriminator.layers[-1].bias
    by_hand = features @ filters[0] + bias[0] + (features * filters[1 + labels]).sum(1) + bias[1 + labels]
    torch.testing.assert_close(discriminator(images, labels), by_hand)


def test_parameters_as_counted_by_hand_and_same_seed_same_weights():
    plain, told = 8 * 16 * 16, 2 * 8 * 16 * 16 + 3 * 8  # first layer: (latent) × channels × 4 × 4, and three vectors
    networks = [new_state(settings(), 0, CPU, number).generator for number in (None, 3)]
    first, second = (sum(p.numel() for p in network.parameters()) for network in networks)
    assert second - first == told - plain
    again = ConditionalGenerator(32, 4, 8, 3)
    initialise(again, torch.Generator().manual_seed(0))
    for name, weights in networks[1].state_dict().items():
        assert torch.equal(weights, again.state_dict()[name])


def test_sheets_have_one_class_a_row(tmp_path):
    generator = ConditionalGenerator(32, 4, 8, 3).eval()
    latents = latent_rows(0, 8, 8)
    sheet, alone = generator.in_rows(2)(latents), [one(latents) for one in generator.by_class()]
    for place, label in enumerate([0, 0, 1, 1, 2, 2, 0, 0]):
        torch.testing.assert_close(sheet[place], alone[label][place])
    assert not torch.allclose(alone[0][0], alone[1][0], atol=0, rtol=1e-3)
    write_grid(tmp_path / "grid.png", generator, 0, {"step": "1"})
    assert (tmp_path / "grid.png").is_file() and not generator.training


def test_a_finished_training_is_continued_and_drawn_from_by_class(tmp_path):
    train(tmp_path / "long", settings("gan.steps=6"))
    train(tmp_path / "short", settings("gan.steps=3"))
    train(tmp_path / "short", settings("gan.steps=6"))
    first, second = (read_checkpoint(GanFolder(tmp_path / n).last_checkpoint)["state"] for n in ("long", "short"))
    for part in ("generator", "discriminator", "average"):
        assert all(torch.equal(first[part][name], second[part][name]) for name in first[part])
    drawn = []
    for name in CLASSES:
        generator, facts = load_generator(GanFolder(tmp_path / "long").last_checkpoint, CPU, name)
        assert facts["class_name"] == name
        drawn.append(generator(latent_rows(0, 4, 8)))
    assert not torch.equal(*drawn)


def test_quality_gets_as_many_images_of_each_class(tmp_path):
    seen = []
    train(tmp_path, settings("gan.steps=2", "gan.score_images=11"), quality=lambda drawn: seen.append(drawn) or 1.0)
    assert [len(drawn) for drawn in seen] == [10]


def test_a_class_the_generator_does_not_know_is_refused_with_those_it_knows(tmp_path):
    train(tmp_path, settings("gan.steps=1"))
    with pytest.raises(InputError, match=r"(?s)which of DARK, BRIGHT to draw.*'GREY'"):
        load_generator(GanFolder(tmp_path).last_checkpoint, CPU, "GREY")
    with pytest.raises(InputError, match="which of DARK, BRIGHT"):
        load_generator(GanFolder(tmp_path).last_checkpoint, CPU)


def test_conditional_training_with_the_gradient_penalty_and_spectral_norm():
    images, labels = dark_and_bright()
    config = settings("gan.r1_gamma=1", "gan.r1_every_steps=1", "gan.discriminator_norm=spectral")
    step = TrainStep(new_state(config, 0, CPU, 2), torch.from_numpy(images), config, labels=torch.from_numpy(labels))
    assert torch.isfinite(torch.stack([step() for _ in range(2)])).all()
