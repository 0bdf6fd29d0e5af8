"""One generator for all classes: networks that are told the class, and how its batches are made."""

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from ganbal.gan.networks import Discriminator, Generator


class ConditionalGenerator(Generator):
    """Latent vectors and labels to grey images.

    A learned vector of the class is put beside the latent vector, as long and at first as large as it
    (Mirza & Osindero 2014, arXiv:1411.1784, with an embedding in place of the one-hot label).
    """

    def __init__(self, image_size_px: int, base_channels: int, latent_dim: int, num_classes: int) -> None:
        super().__init__(image_size_px, base_channels, latent_dim, input_dim=2 * latent_dim)
        self.num_classes = num_classes
        self.class_vectors = nn.Embedding(num_classes, latent_dim)

    def forward(self, latents: Tensor, labels: Tensor) -> Tensor:  # type: ignore[override]
        """(B, latent_dim) and (B,) int64 to (B, 1, S, S)."""
        return super().forward(torch.cat([latents, self.class_vectors(labels)], dim=1))

    def by_class(self) -> Sequence["Generator"]:
        return [OfOneClass(self, label) for label in range(self.num_classes)]

    def in_rows(self, columns: int) -> "Generator":
        return InRows(self, columns)


class OfOneClass(Generator):
    """A conditional generator with the class settled: it is used as one that knows no classes."""

    def __init__(self, generator: ConditionalGenerator, label: int) -> None:
        nn.Module.__init__(self)
        self.latent_dim, self._generator, self._label = generator.latent_dim, generator, label
        self.training = generator.training

    def forward(self, latents: Tensor) -> Tensor:
        labels = torch.full((len(latents),), self._label, device=latents.device)
        return self._generator(latents, labels)


class InRows(Generator):
    """A conditional generator for sheets of images: one row of the first class, one of the second, and so on."""

    def __init__(self, generator: ConditionalGenerator, columns: int) -> None:
        nn.Module.__init__(self)
        self.latent_dim, self._generator, self._columns = generator.latent_dim, generator, columns
        self.training = generator.training

    def forward(self, latents: Tensor) -> Tensor:
        rows = torch.arange(len(latents), device=latents.device) // self._columns
        return self._generator(latents, rows % self._generator.num_classes)


class ProjectionDiscriminator(Discriminator):
    """Grey images and labels to one logit each (Miyato & Koyama 2018, arXiv:1802.05637).

    The logit is ψ·φ(x) + v_y·φ(x): φ is the last feature map, ψ one vector for all classes and v_y one for each, all of
    them filters of the last convolution.
    """

    def __init__(
        self,
        image_size_px: int,
        base_channels: int,
        norm: Literal["batch", "spectral"],
        num_classes: int,
        *,
        minibatch_stddev: bool = False,
    ) -> None:
        outputs = 1 + num_classes
        super().__init__(image_size_px, base_channels, norm, minibatch_stddev=minibatch_stddev, outputs=outputs)

    def forward(self, images: Tensor, labels: Tensor) -> Tensor:  # type: ignore[override]
        """(B, 1, S, S) and (B,) int64 to (B,)."""
        logits = self.layers(images).flatten(1)  # (B, 1 + classes)
        return logits[:, 0] + logits.gather(1, labels[:, None] + 1)[:, 0]


class AnyImage:
    """Rows of a batch from images of one class: every image is as likely as any other."""

    def __init__(self, num_images: int) -> None:
        self._num_images = num_images

    def draw(self, size: int, random: torch.Generator) -> tuple[Tensor, ...]:
        """Rows (size,) int64."""
        return (torch.randint(self._num_images, (size,), generator=random, device=random.device),)


class EveryClassEqually:
    """Rows of a batch, and their labels, with as many images of each class as of any other (or one fewer).

    Args:
        labels: (N,) int64, each of 0 to K - 1 at least once.
    """

    def __init__(self, labels: Tensor) -> None:
        self._order = torch.argsort(labels, stable=True)
        self._counts = torch.bincount(labels)
        self._starts = torch.cumsum(self._counts, 0) - self._counts

    def draw(self, size: int, random: torch.Generator) -> tuple[Tensor, ...]:
        """Rows (size,) and labels (size,), int64; neighbours differ in class, so that parts of a batch are even."""
        device, num_classes = random.device, len(self._counts)
        first = torch.randint(num_classes, (1,), generator=random, device=device)
        labels = (first + torch.arange(size, device=device)) % num_classes
        places = torch.randint(2**40, (size,), generator=random, device=device) % self._counts[labels]
        return self._order[self._starts[labels] + places], labels
