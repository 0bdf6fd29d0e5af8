"""The generators of a run: which classes each generates, its training images and its folder."""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ganbal.config import Config
from ganbal.data.dataset import Dataset
from ganbal.gan.fingerprint import TrainingFingerprint
from ganbal.gan.folder import GanFolder
from ganbal.run.folder import Run
from ganbal.runtime.hashing import digest_of
from ganbal.synthesis.counts import classes_to_train
from ganbal.synthesis.generate import other_training_images
from ganbal.synthesis.manifest import class_folders


@dataclass(frozen=True)
class RunGenerator:
    """One generator of a run.

    Attributes:
        class_names: the classes it generates: one, or all of them in the order of their labels.
        rows: (N,) rows of its training images in the image table.
        pretraining_rows: rows of the training images of all classes, if it begins with them, else None.
        labels: (N,) int64 for a class-conditional generator, else None.
        folder: the files of its training.
        part: name of that folder inside the run's `gan/`; empty if it is `gan/` itself.
        fingerprint: identifies the training in its checkpoints.
    """

    class_names: tuple[str, ...]
    rows: np.ndarray
    labels: np.ndarray | None
    folder: GanFolder
    part: str
    fingerprint: TrainingFingerprint
    pretraining_rows: np.ndarray | None = None


def generators_of(run: Run, config: Config, dataset: Dataset) -> list[RunGenerator]:
    """The generators of the settings, beginning with the class that lacks the most images.

    A single generator has its files in `gan/`; several have one folder per class inside it.

    Raises:
        InputError: the settings name a class that does not exist.
    """
    table = dataset.table
    names = classes_to_train(table.counts()["train"], config.gan)
    fingerprint = functools.partial(TrainingFingerprint.of, config.gan, seed=config.seed, channels=dataset.channels)
    conversion = table.conversion.to_hash()
    if config.gan.conditional:
        rows, classes = table.rows("train"), table.classes
        labels = table.frame["label"].to_numpy(dtype=np.int64)[rows]
        digest = digest_of(table.frame["sha256"].iloc[rows].tolist(), labels.tolist(), *conversion)
        own = fingerprint(class_names=classes, is_conditional=True, data_digest=digest)
        return [RunGenerator(classes, rows, labels, GanFolder(run.gan_folder), "", own)]
    parts = {names[0]: ""} if len(names) == 1 else class_folders(names)
    found, pretraining = [], table.rows("train") if config.gan.pretrain_steps else None
    for name in names:
        rows = table.rows("train", name)
        used = [rows] if pretraining is None else [rows, pretraining]
        digest = digest_of(*(table.frame["sha256"].iloc[each].tolist() for each in used), *conversion)
        own = fingerprint(class_names=[name], data_digest=digest)
        folder = GanFolder(run.gan_folder / parts[name])
        found.append(RunGenerator((name,), rows, None, folder, parts[name], own, pretraining))
    return found


def check_training_images(generators: Sequence[RunGenerator], summary: Mapping[str, Any]) -> None:
    """Check that synthetic images come from generators of the present training images.

    Imported generators are not checked: `import_generators` warns about theirs.

    Args:
        summary: the content of synthesis.json.

    Raises:
        InputError: a generator was trained on other images.
    """
    for generator in generators:
        for name in generator.class_names:
            seen = summary.get("classes", {}).get(name, {}).get("training_images")
            if not generator.folder.is_imported and seen not in (None, generator.fingerprint.data_digest):
                raise other_training_images(name)


def find_generator(generators: Sequence[RunGenerator], class_name: str) -> RunGenerator:
    """The generator of this class; `synthesis.counts.check_have_generators` has checked that it exists."""
    return next(generator for generator in generators if class_name in generator.class_names)
