"""One step of DCGAN training."""

import torch
from torch import Tensor
from torch.nn.utils import parametrize

from ganbal.config import GanConfig
from ganbal.gan.augmentation import augment
from ganbal.gan.averaging import decay_for_step, update_average
from ganbal.gan.losses import AdversarialLoss, gradient_penalty, hinge, non_saturating
from ganbal.gan.state import TrainingState

MEASURES = ("discriminator_loss", "generator_loss", "real_score", "synthetic_score")


def train_step(state: TrainingState, data: Tensor, config: GanConfig, loss: AdversarialLoss) -> Tensor:
    """One update of the discriminator, then one of the generator, then of the average.

    One generator pass serves both updates: the discriminator learns from the detached images, the generator from the
    same images through the updated discriminator.

    Args:
        data: (N, S, S) uint8 on the device of the networks.

    Returns:
        (4,) float32 on the device, in the order of `MEASURES`; reading it is left to the caller, as it makes the host
        wait for the device.
    """
    random, size = state.random, config.batch_size
    rows = torch.randint(len(data), (size,), generator=random, device=data.device)
    real = augment(to_network_range(data[rows]), config.augment, random)
    latents = torch.randn((size, config.latent_dim), generator=random, device=data.device)

    with autocast(data.device), parametrize.cached():
        synthetic = state.generator(latents)
        real_logits = state.discriminator(real).float()
        synthetic_logits = state.discriminator(augment(synthetic.detach(), config.augment, random)).float()
    loss_d = loss.discriminator(real_logits, synthetic_logits)
    total_d = loss_d
    if config.r1_gamma > 0 and state.step % config.r1_every_steps == 0:
        # In float32: a gradient of a gradient loses too much in bfloat16.
        total_d = loss_d + config.r1_every_steps * config.r1_gamma / 2 * gradient_penalty(state.discriminator, real)
    _update(state.discriminator_optimiser, total_d)

    # The generator needs gradients through the discriminator, not of its weights.
    state.discriminator.requires_grad_(False)
    with autocast(data.device), parametrize.cached():
        logits = state.discriminator(augment(synthetic, config.augment, random)).float()
    loss_g = loss.generator(logits)
    _update(state.generator_optimiser, loss_g)
    state.discriminator.requires_grad_(True)

    state.step += 1
    decay = decay_for_step(state.step * size, size, config.ema_half_life_images)
    update_average(state.average, state.generator, decay)
    scores = torch.stack([real_logits.sigmoid().mean(), synthetic_logits.sigmoid().mean()])
    return torch.cat([torch.stack([loss_d, loss_g]), scores]).detach()


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
