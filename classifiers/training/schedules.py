"""How the learning rate goes down while a network trains."""

from torch.optim import Optimizer
from torch.optim.lr_scheduler import ReduceLROnPlateau

from classifiers.training.config import TrainingConfig

# Keras' threshold for an improvement of the plateau schedule.
_PLATEAU_MARGIN = 1e-4


class ConstantSchedule:
    """The learning rate stays as it is."""

    def after_step(self, step: int) -> None:
        """To be called after every optimiser step, the first being 1."""

    def after_check(self, val_loss: float) -> None:
        """To be called after every look at the validation images."""


class PlateauSchedule(ConstantSchedule):
    """Lowers the learning rate when `config.plateau_patience` checks in a row have not lowered the loss."""

    def __init__(self, optimiser: Optimizer, config: TrainingConfig) -> None:
        # torch counts the checks that are forgiven, Keras (and the setting) the one that is too many as well.
        self._plateau = ReduceLROnPlateau(
            optimiser,
            factor=config.plateau_factor,
            patience=config.plateau_patience - 1,
            threshold=_PLATEAU_MARGIN,
            threshold_mode="abs",
        )

    def after_check(self, val_loss: float) -> None:
        self._plateau.step(val_loss)


class ExponentialSchedule(ConstantSchedule):
    """Multiplies the learning rate with the same number after every step, so that `config.decay_to` of it is left."""

    def __init__(self, optimiser: Optimizer, config: TrainingConfig) -> None:
        self._optimiser, self._config = optimiser, config

    def after_step(self, step: int) -> None:
        rate = self._config.learning_rate * self._config.decay_to ** (step / self._config.steps)
        for group in self._optimiser.param_groups:
            group["lr"] = rate


def choose_schedule(optimiser: Optimizer, config: TrainingConfig) -> ConstantSchedule:
    """The schedule that the settings ask for."""
    if config.schedule == "plateau":
        return PlateauSchedule(optimiser, config)
    return ExponentialSchedule(optimiser, config) if config.schedule == "exponential" else ConstantSchedule()
