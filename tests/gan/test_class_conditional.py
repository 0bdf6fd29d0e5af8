import numpy as np
import pytest
import torch

from ganbal.config import load_config
from ganbal.errors import InputError
from ganbal.gan.batches import ClassBalancedRows
from ganbal.gan.checkpoint import load_generator, read_checkpoint
from ganbal.gan.class_batch_norm import ClassBatchNorm2d
from ganbal.gan.fingerprint import TrainingFingerprint
from ganbal.gan.folder import GanFolder
from ganbal.gan.initialization import initialize_as_dcgan
from ganbal.gan.networks import DcganGenerator, Discriminator
from ganbal.gan.sample_images import write_grid
from ganbal.gan.sampling import generate_images, latent_rows
from ganbal.gan.state import new_state
from ganbal.gan.train_step import TrainStep
from ganbal.gan.training import train_gan
from ganbal.runtime.console import Console

CPU = torch.device("cpu")
CLASSES = ("DARK", "BRIGHT")


@pytest.fixture
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def test_gradients_of_gains_do_not_depend_on_the_order_of_threads(two_threads):
    norm, random = ClassBatchNorm2d(512, 2), torch.Generator().manual_seed(0)
    features, weights = (torch.randn(64, 512, 2, 2, generator=random) for _ in range(2))
    labels = torch.randint(0, 2, (64,), generator=random)

    def gradient():
        norm.zero_grad()
        (norm(features, labels) * weights).sum().backward()
        return norm.weight.grad.clone()

    first = gradient()
    normalized = norm.norm(features)
    by_hand = torch.stack([(normalized * weights)[labels == label].sum((0, 2, 3)) for label in (0, 1)])
    assert torch.allclose(first, by_hand, rtol=1e-4, atol=1e-4)
    assert all(torch.equal(first, gradient()) for _ in range(20))


def test_a_grid_shows_every_class(tmp_path):
    generator = DcganGenerator(32, 4, 8, 9)
    plain = DcganGenerator(32, 4, 8)
    heights = [len(write_grid(tmp_path / "grid.png", each, 0, {})) for each in (generator, plain)]
    assert heights[0] * 8 == pytest.approx(heights[1] * 9, abs=32)


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
    return train_gan(
        images,
        config,
        labels=labels,
        fingerprint=TrainingFingerprint.of(config, seed=0, class_names=CLASSES, data_digest="", is_conditional=True),
        seed=0,
        device=CPU,
        folder=GanFolder(folder),
        console=Console(quiet=True),
        quality=quality,
    )


def test_the_generator_learns_the_requested_class():
    images, labels = dark_and_bright()
    config = settings("gan.learning_rate=0.002", "gan.discriminator_learning_rate=0.002")
    state = new_state(config, 0, CPU, num_classes=2)
    step = TrainStep(state, torch.from_numpy(images), config, labels=torch.from_numpy(labels))
    for _ in range(250):
        step()
    latents = latent_rows(1, 32, config.latent_dim)
    dark, bright = (
        np.concatenate(list(generate_images(state.generator_ema, latents, 32, torch.full((32,), label)))).mean()
        for label in range(2)
    )
    assert dark < 90 and bright > 150


def test_every_class_has_the_same_share_of_a_batch():
    labels = torch.tensor([2, 0, 0, 0, 0, 0, 0, 1, 1, 0])
    rows, sampled = ClassBalancedRows(labels).sample(12, torch.Generator().manual_seed(0))
    assert torch.equal(labels[rows], sampled)
    assert torch.bincount(sampled).tolist() == [4, 4, 4]
    assert torch.bincount(sampled[:6]).tolist() == [2, 2, 2]  # so is the slice of one of two processes
    rows, _ = ClassBalancedRows(labels).sample(3000, torch.Generator().manual_seed(0))
    per_image = torch.bincount(rows, minlength=10)
    assert per_image[0] == 1000 and per_image.min() > 0
    assert abs(per_image[7].item() - 500) < 80


def test_the_discriminator_adds_the_class_filter_to_the_shared_one():
    discriminator = Discriminator(32, 4, num_classes=3).eval()
    images, labels = torch.randn(5, 1, 32, 32), torch.tensor([0, 1, 2, 1, 0])
    features = discriminator.layers[:-1](images).flatten(1)
    filters, bias = discriminator.layers[-1].weight.flatten(1), discriminator.layers[-1].bias
    by_hand = features @ filters[0] + bias[0] + (features * filters[1 + labels]).sum(1) + bias[1 + labels]
    torch.testing.assert_close(discriminator(images, labels), by_hand)


def test_parameters_as_counted_by_hand_and_same_seed_same_weights():
    # Layers of 16, 8 and 4 channels, each with a gain and a bias per channel, for three classes in place of one.
    networks = [new_state(settings(), 0, CPU, number).generator for number in (None, 3)]
    first, second = (sum(p.numel() for p in network.parameters()) for network in networks)
    assert second - first == (3 - 1) * 2 * (16 + 8 + 4)
    again = DcganGenerator(32, 4, 8, 3)
    initialize_as_dcgan(again, torch.Generator().manual_seed(0))
    for name, weights in networks[1].state_dict().items():
        assert torch.equal(weights, again.state_dict()[name])


def test_gains_and_biases_of_each_class_by_hand():
    layer = ClassBatchNorm2d(1, 2)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[2.0], [10.0]]))
        layer.bias.copy_(torch.tensor([[0.5], [-3.0]]))
    layer.norm.eps = 1e-12
    # Mean 4 and standard deviation 3 over both classes: 1, 7, 1, 7 become -1, 1, -1, 1.
    features = torch.tensor([1.0, 7.0, 1.0, 7.0])[:, None, None, None]
    outputs = layer(features, torch.tensor([0, 0, 1, 1]))
    assert outputs.flatten().tolist() == pytest.approx([-1.5, 2.5, -13.0, 7.0])
    outputs.square().sum().backward()
    assert layer.bias.grad.flatten().tolist() == pytest.approx([2.0, -12.0])


def test_the_class_cannot_supply_the_variance_that_the_first_normalization_demands():
    """A class vector beside the latent vector could: each class then collapses to one image."""
    generator = DcganGenerator(32, 4, 8, 2)
    normalized = []
    generator.layers[1].norm.register_forward_hook(lambda layer, inputs, output: normalized.append(output))
    latents = latent_rows(0, 6, 8)
    for labels in (torch.zeros(6), torch.ones(6), torch.arange(6) % 2):
        generator(latents, labels.long())
    assert torch.equal(normalized[0], normalized[1]) and torch.equal(normalized[0], normalized[2])
    of_class_0 = normalized[2][::2]  # (3, 16, 4, 4)
    assert of_class_0.std(dim=0).min() > 0


def test_a_sample_grid_shows_every_class_and_leaves_the_generator_as_it_was(tmp_path):
    generator = DcganGenerator(32, 4, 8, 3).train()
    write_grid(tmp_path / "grid.png", generator, 0, {"step": "1"})
    assert (tmp_path / "grid.png").is_file() and generator.training


def test_a_finished_training_continues_and_its_generator_makes_both_classes(tmp_path):
    train(tmp_path / "long", settings("gan.steps=6"))
    train(tmp_path / "short", settings("gan.steps=3"))
    train(tmp_path / "short", settings("gan.steps=6"))
    first, second = (read_checkpoint(GanFolder(tmp_path / name).last_checkpoint)[0] for name in ("long", "short"))
    for part in ("generator", "discriminator", "generator_ema"):
        assert all(torch.equal(first[part][name], second[part][name]) for name in first[part])
    generators = [load_generator(GanFolder(tmp_path / "long").last_checkpoint, CPU, name) for name in CLASSES]
    assert [generator.class_name for generator in generators] == list(CLASSES)
    latents = latent_rows(0, 4, 8)
    images = [np.concatenate(list(generator.generate(latents, 3))) for generator in generators]
    assert images[0].shape == images[1].shape == (4, 32, 32)
    logits = [generator.network(latents, torch.full((4,), generator.label)) for generator in generators]
    assert not torch.equal(*logits)


def test_quality_gets_the_same_number_of_images_of_each_class(tmp_path):
    seen = []
    train(tmp_path, settings("gan.steps=2", "gan.score_images=11"), quality=lambda images: seen.append(images) or 1.0)
    assert [len(images) for images in seen] == [10]


def test_a_class_that_the_generator_does_not_know_is_refused(tmp_path):
    train(tmp_path, settings("gan.steps=1"))
    with pytest.raises(InputError, match=r"not trained on 'GRAY'.*DARK, BRIGHT"):
        load_generator(GanFolder(tmp_path).last_checkpoint, CPU, "GRAY")
    with pytest.raises(InputError, match="DARK, BRIGHT"):
        load_generator(GanFolder(tmp_path).last_checkpoint, CPU)


def test_conditional_training_with_all_penalties_and_spectral_norm():
    images, labels = dark_and_bright()
    options = ("gan.r1_gamma=1", "gan.r2_gamma=1", "gan.r1_every_steps=1", "gan.discriminator_norm=spectral")
    config = settings(*options, "gan.loss=relativistic")
    step = TrainStep(new_state(config, 0, CPU, 2), torch.from_numpy(images), config, labels=torch.from_numpy(labels))
    assert torch.isfinite(torch.stack([step() for _ in range(2)])).all()
