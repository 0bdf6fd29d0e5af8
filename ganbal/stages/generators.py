"""The generators of a run: which classes each generates, what it is trained on, where it is stored."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from classifiers.training.precision import choose_precision
from ganbal.config import FEWEST_TO_LEARN_FROM, Config
from ganbal.data.dataset import Dataset
from ganbal.errors import InputError
from ganbal.gan.fingerprint import TrainingFingerprint
from ganbal.gan.folder import GanFolder
from ganbal.gan.state import TrainingState
from ganbal.gan.training import train_gan
from ganbal.metrics.quality import KernelQuality
from ganbal.run.folder import Run
from ganbal.run.metrics_log import MetricsLog
from ganbal.runtime.console import Console
from ganbal.runtime.distributed import World
from ganbal.runtime.hashing import digest_of
from ganbal.synthesis.counts import classes_to_train
from ganbal.synthesis.manifest import class_folders


@dataclass(frozen=True)
class RunGenerator:
    """One generator of a run.

    Attributes:
        class_names: the classes it generates: one, or all of them in the order of their labels.
        rows: (N,) rows of the image table, the training images it learns from.
        labels: (N,) int64 for a class-conditional generator, else None.
        folder: where its training keeps its files.
        part: name of that folder inside the run's `gan/`; empty if it is `gan/` itself.
        fingerprint: what its checkpoints must have in common.
    """

    class_names: tuple[str, ...]
    rows: np.ndarray
    labels: np.ndarray | None
    folder: GanFolder
    part: str
    fingerprint: TrainingFingerprint


def generators_of(run: Run, config: Config, dataset: Dataset) -> list[RunGenerator]:
    """The generators that the settings ask for, first that of the class that lacks most images.

    A single one keeps its files in `gan/`; of several, each in a folder of its class there.

    Raises:
        InputError: the settings name a class that does not exist.
    """
    table = dataset.table
    names = classes_to_train(table.counts()["train"], config.gan)
    fingerprint = functools.partial(TrainingFingerprint.of, config.gan, seed=config.seed)
    if config.gan.conditional:
        rows, classes = table.rows("train"), table.classes
        labels = table.frame["label"].to_numpy(dtype=np.int64)[rows]
        digest = digest_of(table.frame["sha256"].iloc[rows].tolist(), labels.tolist())
        own = fingerprint(class_names=classes, is_conditional=True, data_digest=digest)
        return [RunGenerator(classes, rows, labels, GanFolder(run.gan_folder), "", own)]
    parts = {names[0]: ""} if len(names) == 1 else class_folders(names)
    found = []
    for name in names:
        rows = table.rows("train", name)
        own = fingerprint(class_names=[name], data_digest=digest_of(table.frame["sha256"].iloc[rows].tolist()))
        found.append(RunGenerator((name,), rows, None, GanFolder(run.gan_folder / parts[name]), parts[name], own))
    return found


def find_generator(generators: Sequence[RunGenerator], class_name: str) -> RunGenerator:
    """The generator of this class; `synthesis.counts.check_have_generators` has checked that there is one."""
    return next(generator for generator in generators if class_name in generator.class_names)


def train_generator(
    generator: RunGenerator,
    run: Run,
    config: Config,
    dataset: Dataset,
    *,
    device: torch.device,
    console: Console,
    world: World,
) -> dict[str, Any]:
    """Train one generator to the end, from its last checkpoint where there is one.

    Returns:
        The content of gan/training.json.

    Raises:
        InputError: a class has too few images to learn from; the checkpoint is damaged or of another training.
        GanbalError: the training collapsed too often.
        InterruptedBySignal: a signal arrived; the state is saved.
    """
    _check_enough(generator)
    images, name = dataset.pixels(config.gan.image_size_px)[generator.rows], ", ".join(generator.class_names)
    if generator.part or generator.labels is not None:
        console.say(f"Generator of {name}: {len(images)} training images.")
    log = MetricsLog(run.folder) if world.is_first else None
    stage = generator.folder.root.relative_to(run.folder).as_posix()
    state = train_gan(
        images,
        config.gan,
        labels=generator.labels,
        fingerprint=generator.fingerprint,
        seed=config.seed,
        device=device,
        folder=generator.folder,
        console=console,
        quality=_quality(images, generator.labels, device),
        on_log=functools.partial(log.add, stage) if log is not None else lambda row: None,
        world=world,
    )
    return _training_record(generator, state, config, device)


def _check_enough(generator: RunGenerator) -> None:
    """Refuse classes too small for the distance by which checkpoints are chosen."""
    labels = np.zeros(len(generator.rows), np.int64) if generator.labels is None else generator.labels
    counts = np.bincount(labels, minlength=len(generator.class_names))
    if counts.min() < FEWEST_TO_LEARN_FROM:
        raise InputError(
            expected=f"at least {FEWEST_TO_LEARN_FROM} training images of every class to generate",
            found=", ".join(f"{n} of {name}" for name, n in zip(generator.class_names, counts, strict=True)),
            action="Add images, or train for other classes (gan.class_names).",
        )


def _quality(images: np.ndarray, labels: np.ndarray | None, device: torch.device) -> "KernelQuality | MeanQuality":
    if labels is None:
        return KernelQuality(images, device)
    return MeanQuality([KernelQuality(images[labels == label], device) for label in range(int(labels.max()) + 1)])


@dataclass(frozen=True)
class MeanQuality:
    """The mean over classes of the distance between a class's synthetic images and its training images.

    Every class weighs the same, whatever its share: which one will be generated is unknown when a generator is trained.
    """

    of_class: Sequence[KernelQuality]

    def __call__(self, synthetic: np.ndarray) -> float:
        """The mean distance of (K·M, S, S) uint8 images, M of each class in the order of the labels."""
        parts = np.split(synthetic, len(self.of_class))
        return float(np.mean([quality(part) for quality, part in zip(self.of_class, parts, strict=True)]))


def _training_record(
    generator: RunGenerator, state: TrainingState, config: Config, device: torch.device
) -> dict[str, Any]:
    networks = {"generator": state.generator, "discriminator": state.discriminator}
    return {
        "class_name": ", ".join(generator.class_names),
        "class_names": list(generator.class_names),
        "conditional": generator.labels is not None,
        "folder": generator.part,
        "num_images": len(generator.rows),
        "image_size_px": config.gan.image_size_px,
        "steps": state.step,
        "images_seen": state.step * config.gan.batch_size,
        "best_step": state.best_step or None,
        "seconds": round(state.seconds, 1),
        "device": str(device),
        "precision": choose_precision("auto", device),
        "augment": list(config.gan.augment),
        "parameters": {name: sum(p.numel() for p in net.parameters()) for name, net in networks.items()},
        "last": state.history[-1] if state.history else None,
    }
