"""The training loop: step, check the validation loss, lower the learning rate, stop early, keep the best weights."""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.optim import Adam, Optimizer
from torch.optim.lr_scheduler import LambdaLR, ReduceLROnPlateau

from classifiers.errors import ClassifierInputError
from classifiers.evaluation.metrics import predicted_classes
from classifiers.models.network import Network
from classifiers.trained_classifier import predict_logits
from classifiers.training.batches import Batches, Examples, steps_with_synthetic
from classifiers.training.config import TrainingConfig
from classifiers.training.cuda_graph import RecordedTrainingStep, Step
from classifiers.training.losses import Loss, probabilities_of
from classifiers.training.precision import Precision, autocast
from classifiers.training.separate_batch_norm import mark_synthetic

# Keras' least decrease of the loss that counts as an improvement in its plateau schedule.
_PLATEAU_MARGIN = 1e-4


def _ignore(*values: object) -> None:
    pass


@dataclass(frozen=True)
class TrainingCallbacks:
    """Functions that report progress; any of them may raise to stop the training."""

    on_step: Callable[[int], None] = _ignore
    """Called with 1 after every optimizer step."""
    on_check: Callable[[dict[str, float]], None] = _ignore
    """Called with every row of the history."""
    on_features: Callable[[int, int], None] = _ignore
    """Called with (images done, images in all) while the features of a frozen backbone are computed."""


class TrainingResult:
    """The history so far and the weights of its best check, or of its last check if `keep_last`."""

    def __init__(self, keep_last: bool = False) -> None:
        self._keep_last = keep_last
        self.history: list[dict[str, float]] = []
        """One row per check: step, train_loss, val_loss, val_accuracy, learning_rate."""
        self.kept_step, self.checks_since_best = 0, 0
        self.kept_weights: dict[str, Tensor] = {}
        self._lowest_loss = math.inf

    def add(self, row: dict[str, float], network: Network) -> None:
        self.history.append(row)
        self.checks_since_best += 1
        is_best = row["val_loss"] < self._lowest_loss
        if is_best:
            self._lowest_loss, self.checks_since_best = row["val_loss"], 0
        if is_best or (self._keep_last and math.isfinite(row["val_loss"])):
            self.kept_step = int(row["step"])
            self.kept_weights = {name: tensor.clone() for name, tensor in network.changing_state().items()}


def fit(
    network: Network,
    batches: Batches,
    validation: Examples,
    *,
    num_classes: int,
    train_loss: Loss,
    val_loss: Loss,
    config: TrainingConfig,
    precision: Precision,
    callbacks: TrainingCallbacks,
) -> TrainingResult:
    """Train the network on the batches and leave in it the weights that `config.keep` selects.

    Raises:
        ClassifierInputError: no validation loss was finite.
    """
    device = validation.labels.device
    optimizer, take_step = prepare_steps(network, train_loss, config, precision, device)
    decay, plateau = _decay_of(optimizer, config), _plateau_of(optimizer, config)
    due, losses = check_steps(config.steps, config.checks), list[Tensor]()
    result = TrainingResult(keep_last=config.keep == "last")
    for step, batch in enumerate(batches, 1):
        losses.append(take_step(*batch))
        if decay is not None:
            decay.step()
        callbacks.on_step(1)
        if step not in due:
            continue
        row = {"step": step, "train_loss": torch.stack(losses).mean().item()}
        row |= evaluate_on(network, validation, num_classes, val_loss, precision)
        row["learning_rate"] = float(optimizer.param_groups[0]["lr"])
        losses.clear()
        result.add(row, network)
        callbacks.on_check(row)
        if step <= steps_with_synthetic(config):
            result.checks_since_best = 0  # the images that the training ends with are still to come
        if result.checks_since_best >= config.patience:
            break
        if plateau is not None:
            plateau.step(row["val_loss"])
    if not result.kept_weights:
        raise _diverged(result.history[-1], config)
    network.load_state_dict(result.kept_weights, strict=False)
    return result


def prepare_steps(
    network: Network, loss: Loss, config: TrainingConfig, precision: Precision, device: torch.device
) -> tuple[Optimizer, Step]:
    """The optimizer, and a function that takes one `train_step` with it; on CUDA the step is recorded and replayed."""
    on_cuda = device.type == "cuda"
    trained = [parameter for parameter in network.parameters() if parameter.requires_grad]
    # A recorded step reads the learning rate from device memory, where schedules can change it.
    learning_rate = torch.tensor(config.learning_rate, device=device) if on_cuda else config.learning_rate
    optimizer = Adam(trained, lr=learning_rate, fused=True, capturable=on_cuda)
    kernels = kernels_of(network)

    def take_step(inputs: Tensor, labels: Tensor, is_synthetic: Tensor | None = None) -> Tensor:
        with _fastest_convolutions(inputs.device):
            return train_step(network, inputs, labels, loss, optimizer, precision, kernels, config.l2, is_synthetic)

    return optimizer, RecordedTrainingStep(take_step) if on_cuda else take_step


def train_step(
    network: Network,
    inputs: Tensor,
    labels: Tensor,
    loss: Loss,
    optimizer: Optimizer,
    precision: Precision,
    kernels: Sequence[Tensor] = (),
    l2: float = 0.0,
    is_synthetic: Tensor | None = None,
) -> Tensor:
    """Update the weights once; the gradient is that of the loss plus `l2` times the sum of squared `kernels`.

    Returns:
        The loss before the update, without the L2 term: a scalar on the device. Reading it would wait for the device.
    """
    network.train()
    if is_synthetic is not None:
        mark_synthetic(network, is_synthetic)
    with autocast(inputs.device, precision):
        logits = network(inputs)
    value = loss(logits, labels) if is_synthetic is None else loss(logits, labels, is_synthetic)
    optimizer.zero_grad(set_to_none=True)
    value.backward()
    if l2:
        add_l2_gradient(kernels, l2)
    optimizer.step()
    return value.detach()


def kernels_of(network: Network) -> list[Tensor]:
    """The trained weights of convolutions and dense layers, without biases: what Keras calls kernels."""
    return [parameter for parameter in network.parameters() if parameter.requires_grad and parameter.ndim > 1]


def add_l2_gradient(kernels: Sequence[Tensor], l2: float) -> None:
    """Add the gradient of l2 · Σ w², which is 2 · l2 · w, to the gradient of every kernel.

    Adam then scales it like the rest of the gradient, as with a Keras regularizer; AdamW's decoupled decay would not be
    scaled.
    """
    gradients = [kernel.grad for kernel in kernels if kernel.grad is not None]
    assert len(gradients) == len(kernels)
    torch._foreach_add_(gradients, [kernel.detach() for kernel in kernels], alpha=2 * l2)


def evaluate_on(
    network: Network, examples: Examples, num_classes: int, loss: Loss, precision: Precision
) -> dict[str, float]:
    """Mean loss and accuracy over the examples, as val_loss and val_accuracy."""
    logits = predict_logits(network, examples.inputs, precision)
    predicted = predicted_classes(probabilities_of(logits, num_classes).cpu().numpy())
    correct = predicted == examples.labels.cpu().numpy()
    return {"val_loss": loss(logits, examples.labels).item(), "val_accuracy": float(correct.mean())}


def check_steps(steps: int, checks: int) -> set[int]:
    """The steps after which the validation loss is computed, evenly spaced, the last step among them.

    10 steps with 4 checks give {3, 5, 8, 10}; there are never more checks than steps.
    """
    return {-(-steps * number // checks) for number in range(1, checks + 1)}


def _plateau_of(optimizer: Optimizer, config: TrainingConfig) -> ReduceLROnPlateau | None:
    """Lowers the learning rate when `config.plateau_patience` checks in a row have not lowered the loss."""
    if config.schedule != "plateau":
        return None
    return ReduceLROnPlateau(
        optimizer,
        factor=config.plateau_factor,
        # torch counts the checks that are tolerated, Keras (and the setting) the check that triggers as well.
        patience=config.plateau_patience - 1,
        threshold=_PLATEAU_MARGIN,
        threshold_mode="abs",
    )


def _decay_of(optimizer: Optimizer, config: TrainingConfig) -> LambdaLR | None:
    """Multiplies the learning rate by a constant after every step, so that `config.decay_to` of it remains."""
    if config.schedule != "exponential":
        return None
    return LambdaLR(optimizer, lambda step: config.decay_to ** (step / config.steps))


@contextmanager
def _fastest_convolutions(device: torch.device) -> Iterator[None]:
    """On CUDA, let cuDNN measure its algorithms once per shape: training batches all have one shape.

    Those of an evaluation occur in a few passes only, which is less than the measuring takes.
    """
    before = torch.backends.cudnn.benchmark
    torch.backends.cudnn.benchmark = before or device.type == "cuda"
    try:
        yield
    finally:
        torch.backends.cudnn.benchmark = before


def _diverged(last: dict[str, float], config: TrainingConfig) -> ClassifierInputError:
    return ClassifierInputError(
        found=f"The validation loss is {last['val_loss']} at every check up to step {last['step']}.",
        expected="A training needs a finite loss.",
        action=f"Lower the learning rate (it is {config.learning_rate:g}).",
    )
