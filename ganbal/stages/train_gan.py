"""`train-gan`: trains the generators of a run, for the whole minority class and for every fraction of it."""

import functools
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from classifiers.training.precision import choose_precision
from ganbal.config import FEWEST_TO_LEARN_FROM, Config, load_config
from ganbal.data.dataset import Dataset
from ganbal.errors import InputError
from ganbal.gan import training
from ganbal.gan.augmentation import augmentations_for
from ganbal.gan.folder import GanFolder
from ganbal.gan.image_generator import ImageGenerator
from ganbal.gan.state import TrainingState
from ganbal.metrics.quality import KernelQuality
from ganbal.run.folder import Run
from ganbal.run.metrics_log import MetricsLog
from ganbal.run.tracking.registry import chosen_trackers, flat_settings
from ganbal.runtime.atomic_files import atomic_path, read_json, write_json
from ganbal.runtime.console import Console
from ganbal.runtime.distributed import World
from ganbal.runtime.hashing import digest_of, file_digest
from ganbal.stages.context import RunContext
from ganbal.stages.generators import RunGenerator, generators_of


def train_gan(context: RunContext, trained: Sequence[RunGenerator] = ()) -> dict[str, Any]:
    """Train all generators of the run.

    Args:
        trained: generators that are there already. One that would be trained in the same way is copied.

    Returns:
        The content of gan/training.json; `minority_fractions` has that of every fraction with its own generator.
    """
    record_file = context.run.gan_folder / "training.json"
    generators = generators_of(context.run, context.config, context.dataset)

    def work() -> None:
        _copy_equal_trainings(generators, trained, context.console)
        context.world.broadcast_object(
            {
                "run": str(context.run.folder),
                "settings": context.config.model_dump(mode="json"),
                "minority_fraction": context.minority_fraction,
            }
        )
        log = MetricsLog(context.run.folder, [*chosen_trackers(context.config.tracking), *context.callbacks])
        with log.following(flat_settings(context.config.model_dump(mode="json"))):
            records = _train_all(context, generators, log)
        write_json(record_file, records[0] | ({"classes": records} if len(records) > 1 else {}))

    context.do_stage(
        "train-gan",
        inputs=digest_of(
            *(generator.fingerprint.to_dict() for generator in generators),
            context.config.gan.steps,
            *(file_digest(generator.folder.imported) for generator in generators if generator.folder.is_imported),
        ),
        outputs=lambda: [record_file, *(file for generator in generators for file in _files_of(generator.folder))],
        work=work,
    )
    fractions, earlier = [], list(generators)
    for part in context.fractions_with_generators():
        fractions.append(train_gan(part, earlier) | {"minority_fraction": part.minority_fraction})
        earlier += generators_of(part.run, part.config, part.dataset)
    return read_json(record_file) | ({"minority_fractions": fractions} if fractions else {})


def assist_training(world: World) -> None:
    """Take part in the trainings of rank 0 in another process of the same `torchrun`, until rank 0 has finished."""
    while (job := world.broadcast_object(None)) is not None:
        config = load_config(None, base=job["settings"])
        context = RunContext(Run(Path(job["run"])), config, Console(quiet=True), world)
        part = context.at_fraction(job["minority_fraction"])
        _train_all(part, generators_of(part.run, part.config, part.dataset), None)


def _copy_equal_trainings(
    generators: Sequence[RunGenerator], trained: Sequence[RunGenerator], console: Console
) -> None:
    """Copy generators that have been trained on the same images with the same settings and seed.

    A fraction of the minority class leaves the images of the other classes as they are, and so their generators.
    """
    for generator in generators:
        folder = generator.folder
        same = [
            other.folder
            for other in trained
            if other.fingerprint == generator.fingerprint and not other.folder.is_imported
        ]
        if not same or folder.is_imported or folder.last_checkpoint.is_file():
            continue
        # The last checkpoint comes last: it marks a training that can be continued.
        for file in sorted(_files_of(same[0]), key=lambda file: file == same[0].last_checkpoint):
            with atomic_path(folder.root / file.relative_to(same[0].root)) as copy:
                shutil.copyfile(file, copy)
        console.say(f"Generator of {', '.join(generator.class_names)}: copied, as its training images are the same.")


def _train_all(context: RunContext, generators: list[RunGenerator], log: MetricsLog | None) -> list[dict[str, Any]]:
    train = functools.partial(
        train_generator, device=context.device, console=context.console, world=context.world, log=log
    )
    return [
        _imported_record(generator, context)
        if generator.folder.is_imported
        else train(generator, context.run, context.config, context.dataset)
        for generator in generators
    ]


def _imported_record(generator: RunGenerator, context: RunContext) -> dict[str, Any]:
    """The content of gan/training.json for a generator that was trained elsewhere."""
    context.console.say(f"The generator of {', '.join(generator.class_names)} was imported; its training is skipped.")
    found = ImageGenerator.load(generator.folder.imported, "cpu")
    same_images = found.fingerprint.data_digest == generator.fingerprint.data_digest
    return {
        "class_name": ", ".join(generator.class_names),
        "class_names": list(generator.class_names),
        "conditional": generator.labels is not None,
        "folder": generator.part,
        "imported": {"same_training_images": same_images},
        "num_images": len(generator.rows) if same_images else None,
        "image_size_px": found.image_size_px,
        "steps": found.step,
        "images_seen": None,
        "best_step": None,
        "seconds": None,
        "device": None,
        "precision": None,
        "channels": found.fingerprint.channels,
        "augment": None,
        "parameters": {"generator": sum(p.numel() for p in found.network.parameters())},
        "last": None,
    }


def _files_of(folder: GanFolder) -> Iterator[Path]:
    """The files of a training."""
    for pattern in ("generator.safetensors", "checkpoints/*.pt", "samples/*.png", "history.csv", "*.png", "*.gif"):
        yield from sorted(folder.root.glob(pattern))


def train_generator(
    generator: RunGenerator,
    run: Run,
    config: Config,
    dataset: Dataset,
    *,
    device: torch.device,
    console: Console,
    world: World,
    log: MetricsLog | None,
) -> dict[str, Any]:
    """Train one generator to the last step, from its last checkpoint if there is one.

    Args:
        log: where measures and sample grids go; None in processes other than the first.

    Returns:
        The content of gan/training.json.

    Raises:
        InputError: a class has too few images; the checkpoint is damaged or belongs to another training.
        GanbalError: the training collapsed too often.
        InterruptedBySignal: a signal arrived; the state is saved.
    """
    check_enough_images(generator)
    pixels, name = dataset.pixels(config.gan.image_size_px), ", ".join(generator.class_names)
    images = pixels[generator.rows]
    if generator.part or generator.labels is not None:
        console.say(f"Generator of {name}: {len(images)} training images.")
    stage = generator.folder.root.relative_to(run.folder).as_posix()
    state = training.train_gan(
        images,
        config.gan,
        labels=generator.labels,
        pretraining_images=None if generator.pretraining_rows is None else pixels[generator.pretraining_rows],
        fingerprint=generator.fingerprint,
        seed=config.seed,
        device=device,
        folder=generator.folder,
        console=console,
        quality=_quality(images, generator.labels, device),
        on_log=functools.partial(log.add, stage) if log is not None else lambda row: None,
        on_image=functools.partial(log.add_image, stage) if log is not None else lambda step, name, image: None,
        world=world,
    )
    return _training_record(generator, state, config, device)


def check_enough_images(generator: RunGenerator) -> None:
    """Require enough images per class for the distance that selects the best checkpoint."""
    labels = np.zeros(len(generator.rows), np.int64) if generator.labels is None else generator.labels
    counts = np.bincount(labels, minlength=len(generator.class_names))
    if counts.min() < FEWEST_TO_LEARN_FROM:
        raise InputError(
            found="There are too few training images: "
            f"{', '.join(f'{n} of {name}' for name, n in zip(generator.class_names, counts, strict=True))}.",
            expected=f"A generator needs at least {FEWEST_TO_LEARN_FROM} training images of every class that it "
            "learns.",
            action="Add images, or train for other classes (gan.class_names).",
        )


def _quality(images: np.ndarray, labels: np.ndarray | None, device: torch.device) -> "KernelQuality | MeanQuality":
    if labels is None:
        return KernelQuality(images, device)
    return MeanQuality([KernelQuality(images[labels == label], device) for label in range(int(labels.max()) + 1)])


@dataclass(frozen=True)
class MeanQuality:
    """Mean over classes of the distance between the synthetic and the training images of a class.

    Every class has the same weight, because the numbers to generate are not known when the generator is trained.
    """

    of_class: Sequence[KernelQuality]

    def __call__(self, synthetic: np.ndarray) -> float:
        """The mean distance of K·M images, M of each class in the order of the labels."""
        parts = np.split(synthetic, len(self.of_class))
        return float(np.mean([quality(part) for quality, part in zip(self.of_class, parts, strict=True)]))


def _pretraining_record(generator: RunGenerator, config: Config) -> dict[str, int] | None:
    """How many of the steps were on the images of all classes, and how many images those are."""
    if generator.pretraining_rows is None:
        return None
    return {"steps": config.gan.pretrain_steps, "num_images": len(generator.pretraining_rows)}


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
        "pretraining": _pretraining_record(generator, config),
        "image_size_px": config.gan.image_size_px,
        "steps": state.step,
        "images_seen": state.step * config.gan.batch_size,
        "best_step": state.best_step or None,
        "seconds": round(state.seconds, 1),
        "device": str(device),
        "precision": choose_precision("auto", device),
        "channels": generator.fingerprint.channels,
        "augment": augmentations_for(config.gan.augment, generator.fingerprint.channels),
        "parameters": {name: sum(p.numel() for p in net.parameters()) for name, net in networks.items()},
        "last": state.history[-1] if state.history else None,
    }
