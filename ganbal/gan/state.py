"""Everything that changes while a GAN trains, in one place, so that a checkpoint can hold all of it."""

import copy
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from ganbal.config import GanConfig
from ganbal.gan.discriminators import build_discriminator
from ganbal.gan.generators import build_generator
from ganbal.gan.networks import Generator
from ganbal.runtime.hashing import digest_of

_NETWORKS = ("generator", "discriminator", "generator_ema")
_OPTIMIZERS = ("generator_optimizer", "discriminator_optimizer")
_TENSORS = ("augment_probability", "logit_ema")
_NUMBERS = (
    *("step", "seconds", "history", "pending_measures", "best_distance", "best_step", "rollbacks"),
    "rows_before_rollback",
)


@dataclass
class TrainingState:
    """Both networks, the generator's moving average, both optimizers, the random state, step and history."""

    generator: Generator
    discriminator: nn.Module
    generator_ema: Generator
    generator_optimizer: torch.optim.Optimizer
    discriminator_optimizer: torch.optim.Optimizer
    random: torch.Generator
    augment_probability: Tensor
    """() float32: probability with which each augmentation is applied to each image."""
    logit_ema: Tensor
    """(3,) float32: running means of the discriminator's logits, kept by adaptive augmentation."""
    seed: int
    learning_rates: tuple[float, float]
    """Of the generator and the discriminator, before any rollback."""
    step: int = 0
    seconds: float = 0.0
    history: list[dict[str, float]] = field(default_factory=list)
    pending_measures: list[list[float]] = field(default_factory=list)
    """Measures of the steps since the last row of the history, as of the last checkpoint; one list per step."""
    best_distance: float | None = None
    best_step: int = 0
    """Step of the best checkpoint; 0 where there is none."""
    rollbacks: int = 0
    rows_before_rollback: int = 0
    """Rows of the history that the last rollback restored; 0 where there was none."""
    num_loads: int = 0
    """Calls of `load_state_dict`; code that keeps addresses of tensors compares it, because loading replaces some."""

    @property
    def device(self) -> torch.device:
        return self.random.device

    def state_dict(self) -> dict[str, Any]:
        """Tensors, numbers and strings only, so that it loads with `weights_only=True`. Tensors are not copied."""
        networks = {name: getattr(self, name).state_dict() for name in _NETWORKS}
        optimizers = {name: getattr(self, name).state_dict()["state"] for name in _OPTIMIZERS}
        random = {"random": self.random.get_state(), "random_device": self.device.type}
        return networks | optimizers | random | {name: getattr(self, name) for name in (*_TENSORS, *_NUMBERS)}

    def load_state_dict(self, content: dict[str, Any]) -> bool:
        """Copy the content into this state; nothing of it is shared afterwards.

        Returns:
            Whether random numbers continue where they were. On another kind of device they cannot: a new stream starts
            there, derived from the seed and the step.
        """
        for name in _NETWORKS:
            getattr(self, name).load_state_dict(content[name])
        for name in _OPTIMIZERS:
            optimizer = getattr(self, name)
            # Optimizers adopt the tensors they load. Rates and flags are this device's, not those of the file.
            groups = optimizer.state_dict()["param_groups"]
            optimizer.load_state_dict({"state": copy.deepcopy(content[name]), "param_groups": groups})
        for name in _TENSORS:
            getattr(self, name).copy_(content[name])
        for name in _NUMBERS:
            setattr(self, name, copy.deepcopy(content[name]))
        self.num_loads += 1
        self.scale_learning_rates(0.5**self.rollbacks)
        return self._load_random(content["random"], content["random_device"])

    def _load_random(self, random_state: Tensor, device_type: str) -> bool:
        if device_type == self.device.type:
            self.random.set_state(random_state.cpu())
            return True
        # A digest, as generators on the CPU look at 32 bits of a seed only.
        self.random.manual_seed(int(digest_of(self.seed, self.step)[:8], 16))
        return False

    def scale_learning_rates(self, factor: float) -> None:
        """Set both learning rates to `factor` times the settings'."""
        optimizers = (self.generator_optimizer, self.discriminator_optimizer)
        for optimizer, rate in zip(optimizers, self.learning_rates, strict=True):
            for group in optimizer.param_groups:
                if self.device.type == "cuda":
                    # A tensor, so that a recorded step reads the present rate.
                    group["lr"] = torch.tensor(rate * factor, device=self.device)
                else:
                    group["lr"] = rate * factor


def new_state(
    config: GanConfig, seed: int, device: torch.device, num_classes: int | None = None, image_channels: int = 1
) -> TrainingState:
    """The state before the first step. Initial weights are computed on the CPU: the same on every device.

    Args:
        num_classes: makes class-conditional networks for so many classes; None makes plain ones.
        image_channels: 1 for gray images, 3 for RGB.
    """
    random = torch.Generator().manual_seed(seed)
    generator = build_generator(config, num_classes, random, image_channels)
    discriminator = build_discriminator(config, num_classes, random, seed, image_channels)
    for network in (generator, discriminator):
        network.to(device).to(memory_format=torch.channels_last)
    state = TrainingState(
        generator=generator,
        discriminator=discriminator,
        generator_ema=copy.deepcopy(generator).requires_grad_(False).eval(),
        generator_optimizer=_adam(generator, config, device),
        discriminator_optimizer=_adam(discriminator, config, device),
        random=torch.Generator(device).manual_seed(seed),
        augment_probability=torch.tensor(0.0 if config.adaptive_augment else 1.0, device=device),
        logit_ema=torch.zeros(3, device=device),
        seed=seed,
        learning_rates=(config.learning_rate, config.discriminator_learning_rate),
    )
    state.scale_learning_rates(1.0)
    return state


def _adam(network: nn.Module, config: GanConfig, device: torch.device) -> torch.optim.Optimizer:
    """Adam without a host read per step; on CUDA fit for recording (`capturable`). The state sets its learning rate."""
    is_cuda = device.type == "cuda"
    betas = (config.adam_beta1, config.adam_beta2)
    trained = [parameter for parameter in network.parameters() if parameter.requires_grad]
    return torch.optim.Adam(trained, betas=betas, fused=True, capturable=is_cuda)
