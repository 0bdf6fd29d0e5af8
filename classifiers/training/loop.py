"""The training loop: step, look at validation, slow down, stop, keep the best weights."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.optim import Adam, Optimizer

from classifiers.errors import ClassifierInputError
from classifiers.models.network import Network
from classifiers.trained_classifier import predict_logits
from classifiers.training.batches import Batches, Examples
from classifiers.training.config import TrainingConfig
from classifiers.training.cuda_graph import ReplayedStep, Step
from classifiers.training.losses import Loss
from classifiers.training.precision import Precision, autocast
from classifiers.training.schedules import choose_schedule


@dataclass(frozen=True)
class Listeners:
    """Who is told of the progress; any of them may raise to stop the training."""

    on_step: Callable[[int], None]
    """Called with 1 after every optimiser step."""
    on_check: Callable[[dict[str, float]], None]
    """Called with every row of the history."""


class Outcome:
    """The history so far and the weights of its best check, or of its last one where `keep_last`."""

    def __init__(self, keep_last: bool = False) -> None:
        self._keep_last = keep_last
        self.history: list[dict[str, float]] = []
        """One row a check: step, train_loss, val_loss, val_accuracy, learning_rate."""
        self.kept_step, self.checks_since_best = 0, 0
        self.kept_weights: dict[str, Tensor] = {}
        self._least_loss = math.inf

    def add(self, row: dict[str, float], network: Network) -> None:
        self.history.append(row)
        self.checks_since_best += 1
        is_best = row["val_loss"] < self._least_loss
        if is_best:
            self._least_loss, self.checks_since_best = row["val_loss"], 0
        if is_best or (self._keep_last and math.isfinite(row["val_loss"])):
            self.kept_step = int(row["step"])
            self.kept_weights = {name: tensor.clone() for name, tensor in network.changing_state().items()}


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
    """Train the network on the batches and leave in it the weights that `config.keep` asks for.

    Raises:
        ClassifierInputError: no validation loss was a number.
    """
    optimiser, make_step = prepare_steps(network, train_loss, config, precision, validation.labels.device)
    schedule = choose_schedule(optimiser, config)
    due, losses = check_steps(config.steps, config.checks), list[Tensor]()
    outcome = Outcome(keep_last=config.keep == "last")
    for step, (inputs, labels) in enumerate(batches, 1):
        losses.append(make_step(inputs, labels))
        schedule.after_step(step)
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
        schedule.after_check(row["val_loss"])
    if not outcome.kept_weights:
        raise _diverged(outcome.history[-1], config)
    network.load_state_dict(outcome.kept_weights, strict=False)
    return outcome


def prepare_steps(
    network: Network, loss: Loss, config: TrainingConfig, precision: Precision, device: torch.device
) -> tuple[Optimizer, Step]:
    """The optimiser, and what makes a `train_step` with it; on CUDA recorded and replayed."""
    on_cuda = device.type == "cuda"
    trained = [parameter for parameter in network.parameters() if parameter.requires_grad]
    optimiser = Adam(trained, lr=config.learning_rate, fused=True, capturable=on_cuda)

    def make_step(inputs: Tensor, labels: Tensor) -> Tensor:
        return train_step(network, inputs, labels, loss, optimiser, precision, kernels, config.l2)

    kernels = kernels_of(network)
    # An exponential schedule changes the rate, and with it the recording, at every step.
    if on_cuda and config.schedule != "exponential":
        return optimiser, ReplayedStep(make_step, rate=lambda: float(optimiser.param_groups[0]["lr"]))
    return optimiser, make_step


def train_step(
    network: Network,
    inputs: Tensor,
    labels: Tensor,
    loss: Loss,
    optimiser: Optimizer,
    precision: Precision,
    kernels: Sequence[Tensor] = (),
    l2: float = 0.0,
) -> Tensor:
    """One update of the weights, with `l2` times the sum of squared `kernels` added to the loss.

    Returns:
        The loss before it, without that sum, a scalar on the device; reading it is left to the caller, as that waits
        for the device.
    """
    network.train()
    with autocast(inputs.device, precision):
        logits = network(inputs)
    value = loss(logits, labels)
    optimiser.zero_grad(set_to_none=True)
    value.backward()
    if l2:
        add_l2_gradient(kernels, l2)
    optimiser.step()
    return value.detach()


def kernels_of(network: Network) -> list[Tensor]:
    """The weights of trained convolutions and dense layers: what Keras calls kernels."""
    return [parameter for parameter in network.parameters() if parameter.requires_grad and parameter.ndim > 1]


def add_l2_gradient(kernels: Sequence[Tensor], l2: float) -> None:
    """Add the gradient of l2 · Σ w², which is 2 · l2 · w, to that of every kernel.

    It passes through Adam like the rest of the gradient, as a regulariser of Keras does; AdamW's decay would not.
    """
    gradients = [kernel.grad for kernel in kernels if kernel.grad is not None]
    assert len(gradients) == len(kernels)
    torch._foreach_add_(gradients, [kernel.detach() for kernel in kernels], alpha=2 * l2)


def evaluate_on(network: Network, examples: Examples, loss: Loss, precision: Precision) -> dict[str, float]:
    """Mean loss and accuracy over the examples, as val_loss and val_accuracy."""
    logits = predict_logits(network, examples.inputs, precision)
    # A single logit is that of class 1.
    called = (logits[:, 0] > 0).long() if logits.shape[1] == 1 else logits.argmax(dim=1)
    right = called == examples.labels
    return {"val_loss": loss(logits, examples.labels).item(), "val_accuracy": right.float().mean().item()}


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
