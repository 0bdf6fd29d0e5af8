"""The training loop: step, look at validation, slow down, stop, keep the best weights."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.optim import Adam, Optimizer
from torch.optim.lr_scheduler import ReduceLROnPlateau

from classifiers.batches import Batches, Examples
from classifiers.errors import ClassifierInputError
from classifiers.losses import Loss, probabilities_of
from classifiers.network import Network
from classifiers.precision import Precision, autocast
from classifiers.trained_classifier import predict_logits
from classifiers.training_config import TrainingConfig

# Keras' threshold for an improvement of the plateau schedule.
_PLATEAU_MARGIN = 1e-4


@dataclass(frozen=True)
class Listeners:
    """Who is told of the progress; any of them may raise to stop the training."""

    on_step: Callable[[int], None]
    """Called with 1 after every optimiser step."""
    on_check: Callable[[dict[str, float]], None]
    """Called with every row of the history."""


class Outcome:
    """The history so far and the weights of its best check."""

    def __init__(self) -> None:
        self.history: list[dict[str, float]] = []
        """One row a check: step, train_loss, val_loss, val_accuracy, learning_rate."""
        self.best_step, self.checks_since_best = 0, 0
        self.best_weights: dict[str, Tensor] = {}
        self._least_loss = math.inf

    def add(self, row: dict[str, float], network: Network) -> None:
        self.history.append(row)
        self.checks_since_best += 1
        if row["val_loss"] < self._least_loss:
            self._least_loss, self.best_step, self.checks_since_best = row["val_loss"], int(row["step"]), 0
            self.best_weights = {name: tensor.clone() for name, tensor in network.changing_state().items()}


def fit(
    network: Network,
    batches: Batches,
    validation: Examples,
    *,
    train_loss: Loss,
    val_loss: Loss,
    config: TrainingConfig,
    precision: Precision,
    listeners: Listeners,
) -> Outcome:
    """Train the network on the batches and leave in it the weights that had the lowest validation loss.

    Raises:
        ClassifierInputError: no validation loss was a number.
    """
    optimiser = Adam((p for p in network.parameters() if p.requires_grad), lr=config.learning_rate, fused=True)
    schedule = plateau_schedule(optimiser, config)
    due, outcome, losses = check_steps(config.steps, config.checks), Outcome(), list[Tensor]()
    for step, (inputs, labels) in enumerate(batches, 1):
        losses.append(train_step(network, inputs, labels, train_loss, optimiser, precision))
        listeners.on_step(1)
        if step not in due:
            continue
        row = {"step": step, "train_loss": torch.stack(losses).mean().item()}
        row |= evaluate_on(network, validation, val_loss, precision)
        row["learning_rate"] = optimiser.param_groups[0]["lr"]
        losses.clear()
        outcome.add(row, network)
        listeners.on_check(row)
        if outcome.checks_since_best >= config.patience:
            break
        schedule.step(row["val_loss"])
    if not outcome.best_weights:
        raise _diverged(outcome.history[-1], config)
    network.load_state_dict(outcome.best_weights, strict=False)
    return outcome


def train_step(
    network: Network, inputs: Tensor, labels: Tensor, loss: Loss, optimiser: Optimizer, precision: Precision
) -> Tensor:
    """One update of the weights.

    Returns:
        The loss before it, a scalar on the device; reading it is left to the caller, as that waits for the device.
    """
    network.train()
    with autocast(inputs.device, precision):
        logits = network(inputs)
    value = loss(logits, labels)
    optimiser.zero_grad(set_to_none=True)
    value.backward()
    optimiser.step()
    return value.detach()


def evaluate_on(network: Network, examples: Examples, loss: Loss, precision: Precision) -> dict[str, float]:
    """Mean loss and accuracy over the examples, as val_loss and val_accuracy."""
    logits = predict_logits(network, examples.inputs, precision)
    right = probabilities_of(logits).argmax(dim=1) == examples.labels
    return {"val_loss": loss(logits, examples.labels).item(), "val_accuracy": right.float().mean().item()}


def plateau_schedule(optimiser: Optimizer, config: TrainingConfig) -> ReduceLROnPlateau:
    """Lowers the learning rate when `config.plateau_patience` checks in a row have not lowered the loss."""
    # torch counts the checks that are forgiven, Keras (and the setting) the one that is too many as well.
    return ReduceLROnPlateau(
        optimiser,
        factor=config.plateau_factor,
        patience=config.plateau_patience - 1,
        threshold=_PLATEAU_MARGIN,
        threshold_mode="abs",
    )


def check_steps(steps: int, checks: int) -> set[int]:
    """The steps after which validation is looked at, evenly spaced, the last one among them.

    10 steps with 4 checks give {3, 5, 8, 10}; there are never more checks than steps.
    """
    return {-(-steps * number // checks) for number in range(1, checks + 1)}


def _diverged(last: dict[str, float], config: TrainingConfig) -> ClassifierInputError:
    return ClassifierInputError(
        expected="a validation loss that is a number",
        found=f"{last['val_loss']} at every check up to step {last['step']}",
        action=f"Lower the learning rate (it is {config.learning_rate:g}).",
    )
