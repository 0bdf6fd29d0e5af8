import pytest
import torch

from ganbal.config import load_config
from ganbal.gan.discriminators import build_discriminator
from ganbal.gan.discriminators.patches import PatchDiscriminator
from ganbal.gan.losses import choose_loss, heads_of, image_score


def settings(*assignments):
    return load_config(None, ["gan.base_channels=4", "gan.discriminators=[patches]", *assignments]).gan


def build(*assignments, num_classes=None):
    return build_discriminator(settings(*assignments), num_classes, torch.Generator().manual_seed(0), 0)


def test_heads_by_hand():
    # Sides 64, 32 and 16 have 16², 8² and 4² places; at 40 px the third scale would be smaller than 16 px.
    assert [(head.num_logits, head.weight) for head in heads_of(PatchDiscriminator(64, 4))] == [
        (256, pytest.approx(1 / 3)),
        (64, pytest.approx(1 / 3)),
        (16, pytest.approx(1 / 3)),
    ]
    assert [head.num_logits for head in heads_of(PatchDiscriminator(40, 4))] == [100, 25]
    assert build("gan.image_size_px=64")(torch.randn(2, 1, 64, 64)).shape == (2, 336)


def test_a_logit_sees_18_pixels_of_its_scale():
    network = build("gan.image_size_px=64")
    images = torch.zeros(1, 1, 64, 64, requires_grad=True)
    logits = network(images)
    (fine,) = torch.autograd.grad(logits[0, 8 * 16 + 8], images, retain_graph=True)  # row 8, column 8 of 16
    rows = fine[0, 0].abs().sum(dim=1).nonzero().flatten()
    assert (rows.min().item(), rows.max().item()) == (8 * 4 - 7, 8 * 4 - 7 + 17)
    (coarse,) = torch.autograd.grad(logits[0, 256 + 4 * 8 + 4], images)  # row 4, column 4 of 8, at half the side
    rows = coarse[0, 0].abs().sum(dim=1).nonzero().flatten()
    assert rows.max().item() - rows.min().item() + 1 == 36


def test_a_copy_elsewhere_gets_the_same_logit():
    network = build("gan.image_size_px=64").eval()
    images = torch.zeros(1, 1, 64, 64)
    images[0, 0, 20:30, 20:30] = 1.0
    moved = images.roll((8, 8), dims=(2, 3))  # two places of the finest scale
    ours, theirs = (network(given)[0, :256].reshape(16, 16) for given in (images, moved))
    torch.testing.assert_close(theirs[5:12, 5:12], ours[3:10, 3:10])


def test_the_loss_is_the_mean_over_scales():
    config = settings("gan.image_size_px=64", "gan.loss=hinge")
    network = PatchDiscriminator(64, 4)
    loss = choose_loss(config, network)
    real, synthetic = torch.zeros(2, 336), torch.zeros(2, 336)
    synthetic[:, 256:320] = 2.0  # of the second scale
    # Per scale relu(1 - 0) + relu(1 + s): 2, 1 + 3 and 2.
    assert loss.discriminator(real, synthetic).item() == pytest.approx((2 + 4 + 2) / 3)
    # -s: 0, -2 and 0.
    assert loss.generator(real, synthetic).item() == pytest.approx(-2 / 3)
    score = image_score(network)(torch.randn(3, 1, 64, 64), None)
    assert score.shape == (3,)


@pytest.mark.parametrize("norm", ["spectral", "none"])
def test_every_weight_gets_a_gradient(norm):
    network = build("gan.image_size_px=32", f"gan.discriminator_norm={norm}", num_classes=2)
    images = torch.randn(4, 1, 32, 32, requires_grad=True)
    network(images, torch.tensor([0, 1, 0, 1])).square().sum().backward()
    assert all(parameter.grad.abs().sum() > 0 for parameter in network.parameters())
    assert images.grad.abs().sum() > 0


def test_class_conditional_logits_differ_by_class():
    network = build("gan.image_size_px=32", num_classes=2)
    images = torch.randn(2, 1, 32, 32)
    zero, one = (network(images, torch.full((2,), label)) for label in (0, 1))
    assert zero.shape == one.shape == (2, 64 + 16)
    assert not torch.equal(zero, one)
