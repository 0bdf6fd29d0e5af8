"""A trained generator on its own: generates images, is saved to one file and loaded from it without training data."""

import copy
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from ganbal.errors import InputError
from ganbal.gan.checkpoint import network_of, read_stored_generator
from ganbal.gan.fingerprint import TrainingFingerprint
from ganbal.gan.generator_file import StoredGenerator, write_generator
from ganbal.gan.networks import Generator
from ganbal.gan.sampling import generate_images, latent_rows
from ganbal.runtime.device import choose_device


@dataclass(frozen=True, eq=False)
class ImageGenerator:
    """A trained generator; `ganbal.Generator` is this class.

    `ganbal.train_gan` returns one, `Generator.load` reads one from a file.

    Example:
        >>> generator = ganbal.Generator.load("normal.safetensors")
        >>> images = generator.sample(100, seed=0)  # uint8 (100, S, S)

    Attributes:
        network: in evaluation mode, on its device.
        fingerprint: of its training: the settings that shape the network, its classes, the digest of its images.
        step: number of training steps.
        sha256: digest of the checkpoint file that it comes from; the metadata of its images name it.
        run: the run folder that it was trained in; None for one that was loaded from a file.
    """

    network: Generator
    fingerprint: TrainingFingerprint
    step: int
    sha256: str
    run: Path | None = None

    @property
    def class_names(self) -> tuple[str, ...]:
        """The classes that it generates, in the order of their labels."""
        return self.fingerprint.class_names

    @property
    def image_size_px(self) -> int:
        """S, the side of its images in pixels."""
        return int(self.fingerprint.settings["gan.image_size_px"])

    @property
    def image_shape(self) -> tuple[int, ...]:
        """(S, S) of gray images, (S, S, 3) of RGB images."""
        size, channels = self.image_size_px, self.fingerprint.channels
        return (size, size) if channels == 1 else (size, size, channels)

    def sample(self, n: int, seed: int = 0, *, class_name: str | None = None, batch_size: int = 64) -> np.ndarray:
        """Generate images: the first `n` that `ganbal synthesize` generates with this seed, when it rejects none.

        Args:
            n: how many, at least 1.
            seed: of the latent vectors, 0 to 2³¹ - 1. The same seed gives the same images; more images begin with them.
            class_name: for a generator of several classes.
            batch_size: images generated at a time; affects speed and memory.

        Returns:
            uint8 (n, S, S), 0 black; (n, S, S, 3), RGB, from a generator of color images.

        Raises:
            InputError: a number outside these limits, or a class that the generator does not know.
        """
        for name, number, least in (("n", n, 1), ("seed", seed, 0), ("batch_size", batch_size, 1)):
            if not isinstance(number, int | np.integer) or not least <= number < 2**31:
                raise InputError(
                    found=f"{name} is {number!r}.",
                    expected=f"It must be a whole number from {least} to 2147483647.",
                    action="Correct it.",
                )
        latents = latent_rows(int(seed), int(n), self.network.latent_dim)
        labels = torch.full((len(latents),), label) if (label := self._label_of(class_name)) is not None else None
        return np.concatenate(list(generate_images(self.network, latents, int(batch_size), labels)))

    def save(self, file: str | Path) -> Path:
        """Write it to one safetensors file with its settings; equal generators give equal bytes.

        Returns:
            The file.

        Raises:
            InputError: the name does not end in `.safetensors`.
            GanbalError: the file cannot be written.
        """
        path = Path(file).expanduser()
        write_generator(path, self.stored)
        return path

    @classmethod
    def load(cls, file: str | Path, device: str = "auto") -> "ImageGenerator":
        """Read a generator from a file of `save` or `ganbal export`, or from a checkpoint of a run.

        Args:
            device: "auto", "cpu", "cuda" or "cuda:N".

        Raises:
            InputError: the file is missing, damaged or of something else, or there is no such device.
        """
        path = Path(file).expanduser()
        stored = read_stored_generator(path)
        network = network_of(stored, path, choose_device(device))
        return cls(network, stored.fingerprint, stored.step, stored.sha256)

    def on_cpu(self) -> "ImageGenerator":
        """A copy on the CPU; itself where it is there."""
        if next(self.network.parameters()).device.type == "cpu":
            return self
        return replace(self, network=copy.deepcopy(self.network).cpu())

    @property
    def stored(self) -> StoredGenerator:
        """What a file of it holds."""
        return StoredGenerator(self.network.state_dict(), self.fingerprint, self.step, self.sha256)

    def __repr__(self) -> str:
        names = ", ".join(self.class_names)
        return f"<Generator of {names}: {self.image_size_px} px, {self.step} steps>"

    def _label_of(self, class_name: str | None) -> int | None:
        """The label of the class for a class-conditional network; None for a plain one."""
        known = self.class_names
        if class_name is None and len(known) > 1:
            raise InputError(
                found="The generator knows several classes, and none was named.",
                expected=f"It generates {', '.join(known)}.",
                action=f"Name one, e.g. sample(n, class_name={known[0]!r}).",
            )
        if class_name is not None and class_name not in known:
            raise InputError(
                found=f"The generator was not trained on {class_name!r}.",
                expected=f"It generates {', '.join(known)}.",
                action="Name one of these classes, or train a generator of the other one.",
            )
        return known.index(class_name or known[0]) if self.fingerprint.is_conditional else None
