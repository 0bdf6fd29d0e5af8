"""One step of GAN training."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from classifiers.pixels import num_channels
from classifiers.training.precision import Precision, autocast, choose_precision
from ganbal.config import GanConfig
from ganbal.gan.adaptive_augmentation import AdaptiveStrength, split_off_held_out
from ganbal.gan.augmentation import augment, augmentations_for, draws_needed
from ganbal.gan.batches import ClassBalancedRows, RowSampler, UniformRows, to_network_range
from ganbal.gan.data_parallel import Network, share_gradients
from ganbal.gan.ema import MovingAverage, decay_for_step
from ganbal.gan.losses import NO_LOGITS, choose_loss, image_score
from ganbal.gan.penalties import PenaltyInputs, choose_penalties
from ganbal.gan.state import TrainingState
from ganbal.runtime.distributed import ALONE, World

MEASURES = ("discriminator_loss", "generator_loss", "real_score", "synthetic_score", "augment_probability")


@dataclass(frozen=True)
class StepKind:
    """What a step does besides the two updates. Steps of one kind do the same work on the device."""

    with_penalties: bool
    with_overfitting_check: bool
    is_pretraining: bool = False


StepFunction = Callable[[StepKind], Tensor]
"""Does a step of that kind and returns its measures, (5,) float32 on the device."""


@dataclass(frozen=True)
class Batch:
    """This process's slice of a step's random numbers.

    Attributes:
        pixels: (B, S, S) uint8, training images.
        labels: (B,) int64 for class-conditional networks, else None.
        latents: (B, L) float32.
        draws: (3 or 4, B, D) float32 in [0, 1), for the augmentation of real images, of synthetic images in either
            update and, where the generator's loss compares pairs, of real images once more.
    """

    pixels: Tensor
    labels: Tensor | None
    latents: Tensor
    draws: Tensor


@dataclass(frozen=True)
class TrainingImages:
    """Images (N, S, S) uint8 on the device of the networks, and which of them make up a batch."""

    pixels: Tensor
    sampler: RowSampler

    @classmethod
    def of(cls, pixels: Tensor, labels: Tensor | None = None) -> "TrainingImages":
        return cls(pixels, UniformRows(len(pixels)) if labels is None else ClassBalancedRows(labels))


class TrainStep:
    """Updates the discriminator, then the generator, then the generator's moving average.

    One generator pass serves both updates: the discriminator learns from the detached images, the generator from the
    same images through the updated discriminator. Random numbers are sampled for the whole batch, of which each process
    takes its slice: the result does not depend on the number of processes.

    Args:
        images: (N, S, S) or (N, S, S, 3) uint8 on the device of the networks.
        labels: (N,) int64 on the same device, for class-conditional networks.
        pretraining: (M, S, S) uint8 on the same device, images of the first `config.pretrain_steps` steps.
        precision: of the networks; None chooses by the device.
        compiled: whether torch.compile makes the kernels of networks and augmentation.
        record: wraps the device work of a step, to record and replay it (`cuda_graph.RecordedStep`).

    Raises:
        InputError: the processes cannot share a batch evenly.
    """

    def __init__(
        self,
        state: TrainingState,
        images: Tensor,
        config: GanConfig,
        world: World = ALONE,
        *,
        labels: Tensor | None = None,
        pretraining: Tensor | None = None,
        precision: Precision | None = None,
        compiled: bool = False,
        record: Callable[[StepFunction], StepFunction] | None = None,
    ) -> None:
        self._state, self._config, self._device = state, config, images.device
        self._slice = world.local_slice(config.batch_size)
        self._precision = precision or choose_precision("auto", images.device)
        self._loss, self._penalties = choose_loss(config, state.discriminator), choose_penalties(config)
        self._score = image_score(state.discriminator)
        augmentations = augmentations_for(config.augment, num_channels(images))
        self._num_draws, self._num_augmented = draws_needed(augmentations), 3 + self._loss.compares_pairs
        self._strength: AdaptiveStrength | None = None
        if config.adaptive_augment:
            images, self._held_out = split_off_held_out(images, config.held_out_fraction)
            self._strength = AdaptiveStrength(state.augment_probability, state.logit_ema, config, world)
        self._images = TrainingImages.of(images, labels)
        self._pretraining = None if pretraining is None else TrainingImages.of(pretraining)
        assert self._pretraining is not None or not config.pretrain_steps
        self._generator = share_gradients(state.generator, world)
        self._discriminator = share_gradients(state.discriminator, world)
        # The generator's update needs no gradient of the discriminator's weights, so there is none to share.
        self._frozen_discriminator: Network = state.discriminator
        self._augment = _augmentation(augmentations, self._strength)
        if compiled:
            self._generator = torch.compile(state.generator)
            self._discriminator = self._frozen_discriminator = torch.compile(state.discriminator)
            self._augment = torch.compile(self._augment)
        self._ema = MovingAverage(state.generator_ema, state.generator)  # after batch norm may have been replaced
        self._step = self.run if record is None else record(self.run)

    def __call__(self) -> Tensor:
        """Do the next step.

        Returns:
            (5,) float32 on the device, in the order of `MEASURES`, of this process's slice of the batch. Reading it is
            left to the caller, as it makes the host wait for the device.
        """
        state, config = self._state, self._config
        images_seen = (state.step + 1) * config.batch_size
        self._ema.set_decay(decay_for_step(images_seen, config.batch_size, config.ema_half_life_images))
        measures = self._step(self._kind_of_next())
        state.step += 1
        return measures

    def _kind_of_next(self) -> StepKind:
        step = self._state.step
        return StepKind(
            self._penalties.is_due(step),
            self._strength is not None and self._strength.is_due(step),
            step < self._config.pretrain_steps,
        )

    def run(self, kind: StepKind) -> Tensor:
        """The device work of a step: no value is read by the host, and nothing depends on the number of the step."""
        images = self._pretraining if kind.is_pretraining else self._images
        assert images is not None
        batch = self._sample_batch(images)
        real = self._augment(to_network_range(batch.pixels), batch.draws[0])
        with self._networks():
            synthetic = self._generator(batch.latents, batch.labels)
        loss_d, real_logits, synthetic_logits = self._update_discriminator(batch, real, synthetic.detach(), kind)
        loss_g = self._update_generator(batch, synthetic)
        self._ema.update()
        if kind.with_overfitting_check:
            self._adapt_augmentation(real_logits, synthetic_logits)
        scores = [real_logits.sigmoid().mean(), synthetic_logits.sigmoid().mean(), self._state.augment_probability]
        return torch.stack([loss_d, loss_g, *scores]).detach()

    def _sample_batch(self, images: TrainingImages) -> Batch:
        size, random, device = self._config.batch_size, self._state.random, self._device
        rows, labels = images.sampler.sample(size, random)
        latents = torch.randn((size, self._config.latent_dim), generator=random, device=device)
        draws = torch.rand((self._num_augmented, size, self._num_draws), generator=random, device=device)
        part = self._slice
        return Batch(images.pixels[rows[part]], None if labels is None else labels[part], latents[part], draws[:, part])

    def _update_discriminator(
        self, batch: Batch, real: Tensor, synthetic: Tensor, kind: StepKind
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Update the discriminator; returns its loss without penalties and the logits of real and synthetic images."""
        with self._networks():
            real_logits = self._discriminator(real, batch.labels).float()
            synthetic = self._augment(synthetic, batch.draws[1])
            synthetic_logits = self._discriminator(synthetic, batch.labels).float()
        loss = total = self._loss.discriminator(real_logits, synthetic_logits)
        if kind.with_penalties:
            inputs = PenaltyInputs(self._score, real, synthetic.float(), batch.labels, self._state.random)
            total = loss + self._penalties(inputs)
        _descend(self._state.discriminator_optimizer, total)
        return loss, real_logits, synthetic_logits

    def _update_generator(self, batch: Batch, synthetic: Tensor) -> Tensor:
        """Update the generator through the updated discriminator; returns its loss."""
        with _without_weight_gradients(self._state.discriminator):
            with self._networks():
                logits = self._frozen_discriminator(self._augment(synthetic, batch.draws[2]), batch.labels).float()
                real_logits = self._score_real_again(batch) if self._loss.compares_pairs else NO_LOGITS
            loss = self._loss.generator(real_logits, logits)
            _descend(self._state.generator_optimizer, loss)
        return loss

    @torch.no_grad()
    def _score_real_again(self, batch: Batch) -> Tensor:
        real = self._augment(to_network_range(batch.pixels), batch.draws[3])
        return self._frozen_discriminator(real, batch.labels).float()

    def _adapt_augmentation(self, real_logits: Tensor, synthetic_logits: Tensor) -> None:
        assert self._strength is not None
        size, random, device = self._config.batch_size, self._state.random, self._device
        rows = torch.randint(len(self._held_out), (size,), generator=random, device=device)
        draws = torch.rand((size, self._num_draws), generator=random, device=device)
        images = to_network_range(self._held_out[rows[self._slice]])
        with torch.no_grad(), self._networks():
            logits = self._frozen_discriminator(self._augment(images, draws[self._slice]), None).float()
        self._strength.update(real_logits, synthetic_logits, logits)

    @contextmanager
    def _networks(self) -> Iterator[None]:
        """Run networks in the chosen precision; spectral norms are computed once per block."""
        with autocast(self._device, self._precision), parametrize.cached():
            yield


def _augmentation(names: Sequence[str], strength: AdaptiveStrength | None) -> Callable[[Tensor, Tensor], Tensor]:
    """The augmentation of images (B, C, S, S) by draws (B, D)."""
    probability = None if strength is None else strength.probability
    return lambda images, draws: augment(images, names, draws, probability)


@contextmanager
def _without_weight_gradients(network: nn.Module) -> Iterator[None]:
    """Let gradients pass through the network, but compute none of its weights."""
    trained = [parameter for parameter in network.parameters() if parameter.requires_grad]
    for parameter in trained:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in trained:
            parameter.requires_grad_(True)


def _descend(optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    """One optimizer step down the gradient of the loss."""
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()
