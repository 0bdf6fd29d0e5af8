"""One step of DCGAN training."""

import torch
from torch import Tensor
from torch.nn.utils import parametrize

from ganbal.config import GanConfig
from ganbal.gan.adaptive_augmentation import AdaptiveStrength, rate, split_off_held_out
from ganbal.gan.augmentation import augment, draws_needed
from ganbal.gan.conditional import AnyImage, EveryClassEqually
from ganbal.gan.ema import decay_for_step, update_average
from ganbal.gan.losses import AdversarialLoss, gradient_penalty, hinge, non_saturating
from ganbal.gan.parallel import Network, share_gradients
from ganbal.gan.state import TrainingState
from ganbal.runtime.distributed import ALONE, World

MEASURES = ("discriminator_loss", "generator_loss", "real_score", "synthetic_score", "augment_probability")


class TrainStep:
    """One update of the discriminator, then one of the generator, then of the average.

    One generator pass serves both updates: the discriminator learns from the detached images, the generator from the
    same images through the updated discriminator. All chance is drawn for the whole batch, of which each process takes
    its part: the outcome does not depend on the number of processes.

    Args:
        data: (N, S, S) uint8 on the device of the networks.
        labels: (N,) int64 on the same device, for class-conditional networks.
        compiled: whether torch.compile makes the networks' kernels.

    Raises:
        InputError: the processes cannot share a batch evenly.
    """

    def __init__(
        self,
        state: TrainingState,
        data: Tensor,
        config: GanConfig,
        world: World = ALONE,
        *,
        labels: Tensor | None = None,
        compiled: bool = False,
    ) -> None:
        self._state, self._config, self._data = state, config, data
        self._part, self._loss = world.part(config.batch_size), choose_loss(config)
        self._num_draws = draws_needed(config.augment)
        self._strength: AdaptiveStrength | None = None
        if config.adaptive_augment:
            self._data, self._held_out = split_off_held_out(data, config.held_out_fraction)
            self._strength = AdaptiveStrength(state.augment_probability, state.ratings, config, world)
        self._rows = AnyImage(len(self._data)) if labels is None else EveryClassEqually(labels)
        self._generator = share_gradients(state.generator, world)
        self._discriminator = share_gradients(state.discriminator, world)
        # The generator's update asks for no gradient of the discriminator's weights, so there is none to share.
        self._judge: Network = state.discriminator
        if compiled:
            mode = "reduce-overhead" if data.device.type == "cuda" else "default"
            self._generator = torch.compile(state.generator, mode=mode)
            self._discriminator = self._judge = torch.compile(state.discriminator, mode=mode)

    def __call__(self) -> Tensor:
        """Do the step.

        Returns:
            (5,) float32 on the device, in the order of `MEASURES`, of this process's part of the batch; reading it is
            left to the caller, as it makes the host wait for the device.
        """
        state, config = self._state, self._config
        real_rows, latents, draws, *condition = self._draw()  # labels are the condition, where there are any
        real = self._augmented(to_network_range(self._data[real_rows]), draws[0])

        with autocast(real.device), parametrize.cached():
            synthetic = self._generator(latents, *condition)
            real_logits = self._discriminator(real, *condition).float()
            synthetic_logits = self._discriminator(self._augmented(synthetic.detach(), draws[1]), *condition).float()
        loss_d = self._loss.discriminator(real_logits, synthetic_logits)
        total_d = loss_d
        if config.r1_gamma > 0 and state.step % config.r1_every_steps == 0:
            # In float32: a gradient of a gradient loses too much in bfloat16.
            penalty = gradient_penalty(state.discriminator, real, *condition)
            total_d = loss_d + config.r1_every_steps * config.r1_gamma / 2 * penalty
        _update(state.discriminator_optimiser, total_d)

        # The generator needs gradients through the discriminator, not of its weights.
        state.discriminator.requires_grad_(False)
        with autocast(real.device), parametrize.cached():
            logits = self._judge(self._augmented(synthetic, draws[2]), *condition).float()
        loss_g = self._loss.generator(logits)
        _update(state.generator_optimiser, loss_g)
        state.discriminator.requires_grad_(True)

        state.step += 1
        decay = decay_for_step(state.step * config.batch_size, config.batch_size, config.ema_half_life_images)
        update_average(state.average, state.generator, decay)
        self._watch_overfitting(real_logits, synthetic_logits)
        scores = [real_logits.sigmoid().mean(), synthetic_logits.sigmoid().mean(), state.augment_probability]
        return torch.stack([loss_d, loss_g, *scores]).detach()

    def _draw(self) -> tuple[Tensor, ...]:
        """This process's part of the chance in a step: rows (B,), latents (B, L), draws (3, B, D), any labels (B,)."""
        size, random, device = self._config.batch_size, self._state.random, self._data.device
        rows, *condition = (drawn[self._part] for drawn in self._rows.draw(size, random))
        latents = torch.randn((size, self._config.latent_dim), generator=random, device=device)
        draws = torch.rand((3, size, self._num_draws), generator=random, device=device)
        return rows, latents[self._part], draws[:, self._part], *condition

    def _augmented(self, images: Tensor, draws: Tensor) -> Tensor:
        probability = self._strength.probability if self._strength is not None else None
        return augment(images, self._config.augment, draws, probability)

    def _watch_overfitting(self, real_logits: Tensor, synthetic_logits: Tensor) -> None:
        state, size = self._state, self._config.batch_size
        if self._strength is None or not self._strength.is_due(state.step):
            return
        rows = torch.randint(len(self._held_out), (size,), generator=state.random, device=self._data.device)
        draws = torch.rand((size, self._num_draws), generator=state.random, device=self._data.device)
        images = to_network_range(self._held_out[rows[self._part]])
        with autocast(self._data.device), parametrize.cached():
            held_out_logits = rate(self._judge, self._augmented(images, draws[self._part]))
        self._strength.watch(real_logits, synthetic_logits, held_out_logits)


def _update(optimiser: torch.optim.Optimizer, loss: Tensor) -> None:
    optimiser.zero_grad(set_to_none=True)
    loss.backward()
    optimiser.step()


def choose_loss(config: GanConfig) -> AdversarialLoss:
    return hinge() if config.loss == "hinge" else non_saturating(config.label_smoothing)


def to_network_range(pixels: Tensor) -> Tensor:
    """(B, S, S) uint8 to (B, 1, S, S) float32 in [-1, 1]."""
    return pixels[:, None].float() / 127.5 - 1.0


def autocast(device: torch.device) -> torch.autocast:
    """bfloat16 where the processor multiplies it in hardware (CUDA, or a CPU with AMX), else float32."""
    return torch.autocast(device.type, torch.bfloat16, enabled=precision_of(device) == "bfloat16")


def precision_of(device: torch.device) -> str:
    """`bfloat16` or `float32`: measured on 2 cores, bfloat16 doubles the speed with AMX and costs speed without."""
    if device.type == "cuda":
        return "bfloat16" if torch.cuda.is_bf16_supported() else "float32"
    return "bfloat16" if getattr(torch.cpu, "_is_amx_tile_supported", lambda: False)() else "float32"
