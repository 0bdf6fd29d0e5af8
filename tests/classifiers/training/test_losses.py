import math

import pytest
import torch

from classifiers.training.losses import choose_loss, probabilities_of

CPU = torch.device("cpu")


def test_binary_loss_by_hand():
    # Logit ln 3 is probability 3/4: the loss is -ln(3/4) for class 1 and -ln(1/4) for class 0.
    logits, labels = torch.full((2, 1), math.log(3)), torch.tensor([1, 0])
    assert choose_loss(1, None, CPU)(logits, labels).item() == pytest.approx((math.log(4 / 3) + math.log(4)) / 2)
    weighted = choose_loss(1, (0.5, 2.0), CPU)(logits, labels).item()
    assert weighted == pytest.approx((2 * math.log(4 / 3) + 0.5 * math.log(4)) / 2)


def test_multi_class_loss_by_hand():
    logits, labels = torch.log(torch.tensor([[1.0, 1.0, 2.0], [3.0, 1.0, 1.0]])), torch.tensor([2, 1])
    assert choose_loss(3, None, CPU)(logits, labels).item() == pytest.approx((math.log(2) + math.log(5)) / 2)
    weighted = choose_loss(3, (1.0, 3.0, 0.5), CPU)(logits, labels).item()
    assert weighted == pytest.approx((0.5 * math.log(2) + 3 * math.log(5)) / 2)


def test_weights_of_one_change_nothing():
    logits, labels = torch.randn(9, 1, generator=torch.Generator().manual_seed(0)), torch.arange(9) % 2
    assert torch.equal(choose_loss(1, (1.0, 1.0), CPU)(logits, labels), choose_loss(1, None, CPU)(logits, labels))


def test_probabilities_of_one_logit_and_of_several():
    assert probabilities_of(torch.tensor([[math.log(3)]]), 2).tolist()[0] == pytest.approx([0.25, 0.75])
    assert probabilities_of(torch.log(torch.tensor([[1.0, 1.0, 2.0]])), 3).tolist()[0] == pytest.approx(
        [0.25, 0.25, 0.5]
    )
    # Far out, the smaller probability is not rounded to nothing.
    assert probabilities_of(torch.tensor([[40.0]]), 2)[0, 0].item() == pytest.approx(math.exp(-40), rel=1e-5)


def test_logits_of_classes_that_never_occur_take_no_probability():
    ten = torch.log(torch.tensor([[1.0, 3.0] + [5.0] * 8]))
    assert probabilities_of(ten, 2).tolist()[0] == pytest.approx([0.25, 0.75])
