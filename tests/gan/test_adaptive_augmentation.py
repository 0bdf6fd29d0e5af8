import pytest
import torch

from ganbal.config import load_config
from ganbal.gan.adaptive_augmentation import AdaptiveStrength, split_off_held_out
from ganbal.gan.state import new_state
from ganbal.gan.train_step import TrainStep
from ganbal.runtime.distributed import ALONE

CPU = torch.device("cpu")
SMALL = ["gan.image_size_px=32", "gan.base_channels=4", "gan.batch_size=8", "gan.latent_dim=8"]


def gan_config(*assignments):
    return load_config(None, [*SMALL, "gan.adaptive_augment=true", *assignments]).gan


def strength(probability, *assignments):
    return AdaptiveStrength(torch.tensor(probability), torch.zeros(3), gan_config(*assignments), ALONE)


@pytest.mark.parametrize(
    ("held_out", "change"),
    [(0.0, 0.1), (0.9, 0.1), (1.1, -0.1), (2.0, -0.1)],
    ids=["scored like synthetic", "past half way", "before half way", "scored like training"],
)
def test_probability_follows_how_held_out_images_are_scored(held_out, change):
    # 4 steps of 8 images between checks: 32 of 320 images is a tenth of the way.
    watched = strength(0.5, "gan.adaptive_images=320", "gan.adaptive_target=0.5")
    watched.update(torch.full((8,), 2.0), torch.zeros(8), torch.full((8,), held_out))
    assert watched.probability.item() == pytest.approx(0.5 + change)


def test_probability_stays_between_0_and_1():
    for start, held_out in ((0.95, 0.0), (0.05, 2.0)):
        watched = strength(start, "gan.adaptive_images=320")
        for _ in range(3):
            watched.update(torch.full((8,), 2.0), torch.zeros(8), torch.full((8,), held_out))
        assert watched.probability.item() == round(start)


def test_a_discriminator_that_prefers_synthetic_images_raises_nothing_by_a_negative_span():
    watched = strength(0.5, "gan.adaptive_images=320")
    watched.update(torch.zeros(8), torch.ones(8), torch.full((8,), 0.1))
    assert watched.probability.item() == pytest.approx(0.4)


def test_held_out_images_are_apart_from_the_others_and_the_same_every_time():
    data = torch.arange(50).reshape(50, 1, 1)
    train, held_out = split_off_held_out(data, 0.1)
    assert (len(train), len(held_out)) == (45, 5)
    assert sorted([*train.flatten().tolist(), *held_out.flatten().tolist()]) == list(range(50))
    assert torch.equal(held_out, split_off_held_out(data, 0.1)[1])
    assert [len(part) for part in split_off_held_out(data[:2], 0.4)] == [1, 1]


def test_a_discriminator_that_memorizes_its_images_is_augmented_more():
    config = gan_config(
        "gan.adaptive_images=640",
        "gan.adaptive_target=0.1",
        "gan.learning_rate=0.001",
        "gan.discriminator_learning_rate=0.002",
    )
    blots = torch.rand(10, 1, 4, 4, generator=torch.Generator().manual_seed(0))
    data = (255 * torch.nn.functional.interpolate(blots, size=32, mode="bilinear"))[:, 0].byte()
    state = new_state(config, 0, CPU)
    step = TrainStep(state, data, config)
    before = state.augment_probability.item()
    for _ in range(120):
        step()
    assert before == 0.0
    assert state.augment_probability.item() > 0.3


def test_without_adaptation_augmentation_is_certain():
    config = load_config(None, SMALL).gan
    assert new_state(config, 0, CPU).augment_probability.item() == 1.0
