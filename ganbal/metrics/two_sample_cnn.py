"""The classifier two-sample test (Lopez-Paz & Oquab 2017) with a small network that is trained from scratch.

A linear test on fixed features misses what a network learns to see: on images of a DCGAN the former found an AUC of
0.53 where this one found 0.995 (docs/lab/generator.md). The network is the 64-px CNN of a study's classifiers, so it
measures the shortcut that they can take.
"""

import itertools

import numpy as np
import torch

from classifiers.registry import build_model, find_model
from classifiers.trained_classifier import predict_logits
from classifiers.training.batches import Examples, plain_batches
from classifiers.training.config import TrainingConfig
from classifiers.training.loop import prepare_steps
from classifiers.training.losses import choose_loss
from classifiers.training.precision import choose_precision

_NETWORK = "cnn_64"
_BATCH_SIZE = 32


def cnn_two_sample_aucs(
    real: np.ndarray,
    synthetic: np.ndarray,
    unseen_real: np.ndarray,
    unseen_synthetic: np.ndarray,
    *,
    epochs: int,
    seed: int,
    device: torch.device,
) -> list[float]:
    """AUC with which the network separates unseen images, after each epoch: 0.5 means that it cannot.

    Args:
        real, synthetic: (N, S, S) or (N, S, S, 3) uint8 images to train on, of a similar number; S ≥ 10.
        unseen_real, unseen_synthetic: images to test on. If the generator was trained on `real`, these are real images
            that it has not seen.
        seed: of the initial weights and the order of the images.
    """
    from sklearn.metrics import roc_auc_score  # not above: it takes a second

    separator = Separator(real, synthetic, seed=seed, device=device)
    truth, areas = np.repeat([0, 1], [len(unseen_real), len(unseen_synthetic)]), []
    for _ in range(epochs):
        separator.train_epoch()
        areas.append(float(roc_auc_score(truth, separator.scores(np.concatenate([unseen_real, unseen_synthetic])))))
    return areas


class Separator:
    """A network that learns to separate synthetic from real images.

    Args:
        real, synthetic: (N, S, S) or (N, S, S, 3) uint8 images to train on, S ≥ 10.
        seed: of the initial weights and the order of the images.
    """

    def __init__(self, real: np.ndarray, synthetic: np.ndarray, *, seed: int, device: torch.device) -> None:
        pixels, labels = np.concatenate([real, synthetic]), np.repeat([0, 1], [len(real), len(synthetic)])
        self._steps_per_epoch, self._device = -(-len(pixels) // _BATCH_SIZE), device
        # The batches do not end; the number of epochs is the caller's.
        config = TrainingConfig(steps=10**9, batch_size=_BATCH_SIZE, seed=seed)
        network = build_model(_NETWORK, 2, pixels.shape[1], seed=seed)
        self._network = network.to(device).to(memory_format=torch.channels_last)
        self._precision = choose_precision("auto", device)
        loss = choose_loss(find_model(_NETWORK).num_outputs(2), None, device)
        _, self._take_step = prepare_steps(self._network, loss, config, self._precision, device)
        examples = Examples(torch.from_numpy(pixels).to(device), torch.from_numpy(labels).to(device))
        self._batches = plain_batches(examples, config)

    def train_epoch(self) -> None:
        """As many steps as show every image once."""
        for batch in itertools.islice(self._batches, self._steps_per_epoch):
            self._take_step(*batch)

    def scores(self, pixels: np.ndarray) -> np.ndarray:
        """(N,) float32 of N images, higher for images that look synthetic."""
        logits = predict_logits(self._network, torch.from_numpy(pixels).to(self._device), self._precision)
        # Probabilities of a good classifier are 0 and 1 to the last digit, and images would tie.
        return (logits[:, 1] - logits[:, 0]).float().cpu().numpy()
