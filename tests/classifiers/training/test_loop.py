import contextlib

import torch

from classifiers.models.network import Network
from classifiers.registry import build_model
from classifiers.training import loop
from classifiers.training.batches import Examples, plain_batches
from classifiers.training.config import TrainingConfig
from classifiers.training.loop import TrainingCallbacks, check_steps, fit
from classifiers.training.losses import choose_loss


def test_checks_are_evenly_spaced_and_end_with_the_last_step():
    assert check_steps(10, 4) == {3, 5, 8, 10}
    assert check_steps(3000, 20) == set(range(150, 3001, 150))
    assert check_steps(3, 20) == {1, 2, 3}
    assert check_steps(1, 1) == {1}


def test_the_fastest_convolutions_are_searched_for_training_batches_only(monkeypatch):
    """On CUDA the search takes longer than the few passes of an evaluation."""
    searching, seen, forward = [False], [], Network.forward

    @contextlib.contextmanager
    def search(device):
        searching[0] = True
        yield
        searching[0] = False

    def watched(network, inputs):
        seen.append((network.training, searching[0]))
        return forward(network, inputs)

    monkeypatch.setattr(loop, "_fastest_convolutions", search)
    monkeypatch.setattr(Network, "forward", watched)
    examples = Examples(torch.randint(256, (12, 32, 32), dtype=torch.uint8), torch.arange(12) % 2)
    config, cpu = TrainingConfig(steps=4, checks=2, batch_size=4), torch.device("cpu")
    loss = choose_loss(1, None, cpu)
    fit(
        build_model("baseline_cnn", 2, 32),
        plain_batches(examples, config),
        examples,
        num_classes=2,
        train_loss=loss,
        val_loss=loss,
        config=config,
        precision="float32",
        callbacks=TrainingCallbacks(),
    )
    assert set(seen) == {(True, True), (False, False)}
