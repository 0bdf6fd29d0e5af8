"""What holds for every generator: continued trainings end with the same weights, checkpoints give the same images."""

import numpy as np
import pytest
import torch

from ganbal.config import load_config
from ganbal.errors import InputError
from ganbal.gan.checkpoint import load_generator, save_checkpoint
from ganbal.gan.fingerprint import TrainingFingerprint
from ganbal.gan.sampling import generate_images, latent_rows
from ganbal.gan.state import new_state
from ganbal.gan.train_step import TrainStep

CPU = torch.device("cpu")
RELATIVISTIC = ["gan.loss=relativistic", "gan.r1_gamma=0.1", "gan.r2_gamma=0.1", "gan.r1_every_steps=2"]
VARIANTS = {
    "dcgan": [],
    "dcgan, full size": ["gan.full_size_channels=3"],
    "residual": ["gan.generator=residual", *RELATIVISTIC],
    "residual, batch norm": ["gan.generator=residual", "gan.generator_norm=batch"],
    "residual, skips and noise": ["gan.generator=residual", "gan.output_skips=true", "gan.noise_inputs=true"],
    "residual against patches": ["gan.generator=residual", "gan.discriminators=[patches,dcgan]", *RELATIVISTIC],
}


def settings(*assignments):
    small = ["gan.image_size_px=32", "gan.base_channels=4", "gan.batch_size=8", "gan.latent_dim=8"]
    return load_config(None, [*small, *assignments]).gan


def trained(config, steps=2):
    images = torch.randint(0, 256, (16, 32, 32), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    state = new_state(config, 1, CPU)
    step = TrainStep(state, images, config)
    for _ in range(steps):
        step()
    return state, step, images


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_continued_training_ends_with_the_weights_of_an_undisturbed_one(variant):
    config = settings(*VARIANTS[variant])
    undisturbed, step, images = trained(config)
    continued = new_state(config, 1, CPU)
    continued.load_state_dict(undisturbed.state_dict())
    other = TrainStep(continued, images, config)
    measures = [(step(), other()) for _ in range(2)]
    assert all(torch.equal(*pair) and torch.isfinite(pair[0]).all() for pair in measures)
    untrained = new_state(config, 1, CPU).generator.state_dict()
    for name in ("generator", "discriminator", "generator_ema"):
        ours, theirs = (getattr(state, name).state_dict() for state in (undisturbed, continued))
        assert all(torch.equal(ours[key], theirs[key]) for key in ours)
    assert any(not torch.equal(tensor, untrained[key]) for key, tensor in undisturbed.generator.state_dict().items())


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_checkpoint_gives_the_images_of_the_training(variant, tmp_path):
    config = settings(*VARIANTS[variant])
    state, _, _ = trained(config, steps=1)
    fingerprint = TrainingFingerprint.of(config, seed=1, class_names=["NORMAL"], data_digest="x")
    save_checkpoint(tmp_path / "last.pt", state.state_dict(), fingerprint)
    latents = latent_rows(0, 3, 8)
    expected = np.concatenate(list(generate_images(state.generator_ema, latents, 3)))
    loaded = load_generator(tmp_path / "last.pt", CPU)
    assert np.array_equal(np.concatenate(list(loaded.generate(latents, 3))), expected)


def test_the_full_size_layer_belongs_to_the_dcgan():
    with pytest.raises(InputError, match="full_size_channels requires"):
        settings("gan.full_size_channels=3", "gan.generator=residual")


def test_parts_of_the_residual_body_are_refused_elsewhere():
    for part in ("output_skips=true", "noise_inputs=true", "generator_norm=batch"):
        with pytest.raises(InputError, match="they require"):
            settings(f"gan.{part}")
