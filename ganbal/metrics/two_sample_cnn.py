"""The classifier two-sample test (Lopez-Paz & Oquab 2017) with a small network that is trained from scratch.

A linear test on fixed features misses what a network learns to see: on images of a DCGAN the former found an AUC of
0.53 where this one found 0.995 (docs/lab/generator.md). The network is the 64-px CNN of a study's classifiers, so it
measures the shortcut that they can take.
"""

import numpy as np
import torch
from sklearn.metrics import roc_auc_score

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
        real, synthetic: (N₁, S, S) and (N₂, S, S) uint8 images to train on, of a similar number; S ≥ 10.
        unseen_real, unseen_synthetic: images to test on. If the generator was trained on `real`, these are real images
            that it has not seen.
        seed: of the initial weights and the order of the images.
    """
    pixels, labels = _joined(real, synthetic)
    unseen, truth = _joined(unseen_real, unseen_synthetic)
    steps_per_epoch = -(-len(pixels) // _BATCH_SIZE)
    config = TrainingConfig(steps=epochs * steps_per_epoch, batch_size=_BATCH_SIZE, seed=seed)
    network = build_model(_NETWORK, 2, pixels.shape[1], seed=seed).to(device).to(memory_format=torch.channels_last)
    precision, loss = choose_precision("auto", device), choose_loss(find_model(_NETWORK).num_outputs(2), None, device)
    _, take_step = prepare_steps(network, loss, config, precision, device)
    examples = Examples(torch.from_numpy(pixels).to(device), torch.from_numpy(labels).to(device))
    areas, unseen_on_device = [], torch.from_numpy(unseen).to(device)
    for step, batch in enumerate(plain_batches(examples, config), 1):
        take_step(*batch)
        if step % steps_per_epoch == 0:
            logits = predict_logits(network, unseen_on_device, precision)
            # Probabilities of a good classifier are 0 and 1 to the last digit, and images would tie.
            areas.append(float(roc_auc_score(truth, (logits[:, 1] - logits[:, 0]).cpu().numpy())))
    return areas


def _joined(real: np.ndarray, synthetic: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both sets, and 1 for every synthetic image."""
    return np.concatenate([real, synthetic]), np.repeat([0, 1], [len(real), len(synthetic)])
