from functools import partial

import pytest
import torch
from torch import nn

from classifiers.training.cuda_graph import WARM_UP_STEPS, ReplayedStep
from classifiers.training.loop import train_step
from classifiers.training.losses import choose_loss

CPU = torch.device("cpu")


class Training:
    """A linear layer on four features, trained step by step."""

    def __init__(self, number_of_steps=8):
        random = torch.Generator().manual_seed(0)
        self.network = nn.Linear(4, 1)
        with torch.no_grad():
            for parameter in self.network.parameters():
                parameter.copy_(torch.randn(parameter.shape, generator=random))
        self.optimiser = torch.optim.Adam(self.network.parameters(), lr=0.1)
        loss = choose_loss(1, None, CPU)
        self.step = partial(
            train_step, self.network, loss=loss, optimiser=self.optimiser, precision="float32", l2=0.0, kernels=()
        )
        self.batches = [
            (torch.randn(6, 4, generator=random), torch.randint(0, 2, (6,), generator=random))
            for _ in range(number_of_steps)
        ]
        self.recordings = 0

    @property
    def rate(self):
        return self.optimiser.param_groups[0]["lr"]

    @rate.setter
    def rate(self, value):
        self.optimiser.param_groups[0]["lr"] = value

    def record(self, function):
        """As a CUDA graph does it: nothing happens at first, and numbers from Python stay what they were."""
        self.recordings += 1
        recorded_rate = self.rate

        def replay():
            rate, self.rate = self.rate, recorded_rate
            function()
            self.rate = rate

        return replay

    def run(self, step):
        losses = []
        for number, batch in enumerate(self.batches):
            if number == 6:
                self.rate = 0.01
            losses.append(step(*batch))
        return torch.stack(losses), self.network.weight.detach()


def test_replayed_steps_train_as_steps_do_also_at_another_rate():
    plain, replayed = Training(), Training()
    step = ReplayedStep(replayed.step, lambda: replayed.rate, replayed.record)
    for ours, theirs in zip(replayed.run(step), plain.run(plain.step), strict=True):
        assert torch.equal(ours, theirs)
    assert replayed.recordings == 2


def test_the_first_steps_are_made_not_recorded():
    training = Training(WARM_UP_STEPS)
    training.run(ReplayedStep(training.step, lambda: training.rate, training.record))
    assert training.recordings == 0


def test_a_smaller_batch_is_trained_on_too():
    plain, replayed = Training(), Training()
    for training in (plain, replayed):
        training.batches[5] = tuple(part[:3] for part in training.batches[5])
    step = ReplayedStep(replayed.step, lambda: replayed.rate, replayed.record)
    assert torch.equal(replayed.run(step)[1], plain.run(plain.step)[1])


def test_what_cannot_be_recorded_is_trained_the_usual_way():
    plain, replayed = Training(), Training()
    attempts = []

    def refuse(function):
        attempts.append(function)
        raise RuntimeError("operation not permitted when stream is capturing")

    step = ReplayedStep(replayed.step, lambda: replayed.rate, refuse)
    assert torch.equal(replayed.run(step)[1], plain.run(plain.step)[1])
    assert len(attempts) == 1


@pytest.mark.skipif(not torch.cuda.is_available(), reason="records a CUDA graph, which needs a GPU")
def test_on_cuda_replayed_training_is_the_plain_one(train, monkeypatch):
    def losses():
        history = train(
            "cnn_64", size=64, steps=20, checks=4, precision="float32", plateau_patience=1, device="cuda"
        ).history
        return [row["val_loss"] for row in history]

    replayed = losses()
    monkeypatch.setattr("classifiers.training.loop.ReplayedStep", lambda step, rate: step)
    assert replayed == pytest.approx(losses(), rel=0.02)
