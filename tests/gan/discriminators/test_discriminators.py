"""What holds for every discriminator: a training that is continued ends with the same weights."""

import pytest
import torch

from ganbal.config import load_config
from ganbal.errors import InputError
from ganbal.gan.discriminators import DISCRIMINATORS
from ganbal.gan.state import new_state
from ganbal.gan.train_step import TrainStep

CPU = torch.device("cpu")
VARIANTS = {
    **{name: [f"gan.discriminators=[{name}]"] for name in DISCRIMINATORS},
    "weighted, relativistic": [
        *("gan.discriminators=[residual,projected]", "gan.discriminator_weights=[1,0.5]", "gan.loss=relativistic"),
        *("gan.r1_gamma=0.1", "gan.r2_gamma=0.1", "gan.r1_every_steps=2"),
    ],
}


def settings(*assignments):
    small = ["gan.image_size_px=32", "gan.base_channels=4", "gan.batch_size=8", "gan.latent_dim=8"]
    return load_config(None, [*small, "gan.projection_weights=none", *assignments]).gan


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_continued_training_ends_with_the_weights_of_an_undisturbed_one(variant):
    config = settings(*VARIANTS[variant])
    images = torch.randint(0, 256, (16, 32, 32), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    undisturbed = new_state(config, 1, CPU)
    step = TrainStep(undisturbed, images, config)
    for _ in range(2):
        step()
    continued = new_state(config, 1, CPU)
    continued.load_state_dict(undisturbed.state_dict())
    untrained = new_state(config, 1, CPU).discriminator.state_dict()
    other = TrainStep(continued, images, config)
    measures = [(step(), other()) for _ in range(2)]
    assert all(torch.equal(*pair) and torch.isfinite(pair[0]).all() for pair in measures)
    for name in ("generator", "discriminator", "generator_ema"):
        ours, theirs = (getattr(state, name).state_dict() for state in (undisturbed, continued))
        assert all(torch.equal(ours[key], theirs[key]) for key in ours)
    assert any(
        not torch.equal(tensor, untrained[key]) for key, tensor in undisturbed.discriminator.state_dict().items()
    )


def test_settings_that_fit_nothing_are_refused():
    with pytest.raises(InputError, match="one number per discriminator"):
        settings("gan.discriminators=[dcgan,residual]", "gan.discriminator_weights=[1]")
    with pytest.raises(InputError, match="one or several different discriminators"):
        settings("gan.discriminators=[dcgan,dcgan]")
    with pytest.raises(InputError, match="must be numbers above 0"):
        settings("gan.discriminator_weights=[0]")
