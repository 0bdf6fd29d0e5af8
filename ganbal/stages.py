"""Each stage of a run: what goes into it, when it is up to date, what it leaves.

Joins the packages, which know nothing of one another.
"""

import functools
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from ganbal.atomic_files import atomic_path, read_json, write_json
from ganbal.config import Config
from ganbal.console import Console
from ganbal.data.decoding import resize_grey
from ganbal.data.inspection import inspect_dataset
from ganbal.data.inspection_figures import draw_inspection
from ganbal.data.loading import Dataset, load_dataset
from ganbal.device import choose_device
from ganbal.distributed import ALONE, World
from ganbal.errors import InputError
from ganbal.gan.checkpoint import Identity, identity_of
from ganbal.gan.state import TrainingState
from ganbal.gan.step import precision_of
from ganbal.gan.training import GanFolder, train_gan
from ganbal.marked_png import tile
from ganbal.metrics.copy_filter import CopyFilter
from ganbal.metrics.quality import KernelQuality
from ganbal.metrics.scoring import ClassifierImages, score_run
from ganbal.metrics_log import MetricsLog
from ganbal.report import build_report
from ganbal.runs import Run, cache_folder, digest_of, file_digest
from ganbal.study.arms import ARMS, ImageSet
from ganbal.study.cells import TestSet
from ganbal.study.running import StudyFolder, StudyImages, StudySource, classifier_size_px, run_study
from ganbal.synthesis import SyntheticFolder, read_synthetic, synthesise
from ganbal.trained_extractor import chosen_extractor

REAL_SAMPLES = 16


@dataclass(frozen=True)
class Synthetic:
    """A run's synthetic images: pixels (N, S, S) uint8, names, class names and what identifies them."""

    pixels: np.ndarray
    names: list[str]
    class_names: list[str]
    digest: str


class Stages:
    """The stages of one run. Each is skipped when it was finished from the same inputs before."""

    def __init__(self, run: Run, config: Config, console: Console, world: World = ALONE) -> None:
        self.run, self.config, self.console, self.world = run, config, console, world

    def inspect(self) -> dict[str, Any]:
        def work() -> None:
            facts = inspect_dataset(self.dataset, self.config.data)
            draw_inspection(self.dataset, facts, self.run.figures_folder)
            self._write_real_samples()
            write_json(self.run.data_file, facts)

        inputs = digest_of(self.dataset.table.digest(), self.config.data.model_dump(mode="json"))
        self._stage("inspect", inputs, self.run.data_file, work)
        return read_json(self.run.data_file)

    def _write_real_samples(self) -> None:
        """A grid of the class's training images at the generator's size, to be laid beside the synthetic ones."""
        rows = np.random.default_rng(self.config.seed).permutation(self.dataset.table.rows("train", self.class_name))
        pixels = self.dataset.pixels(self.config.gan.image_size_px)[np.sort(rows[:REAL_SAMPLES])]
        with atomic_path(self.run.figures_folder / "real_samples.png") as temporary:
            Image.fromarray(tile(pixels, columns=4)).save(temporary, format="PNG")

    def train_gan(self) -> dict[str, Any]:
        facts_file = self.run.gan_folder / "training.json"

        def work() -> None:
            self.world.tell({"run": str(self.run.folder), "settings": self.config.model_dump(mode="json")})
            state = self.train_gan_beside()
            write_json(facts_file, self._training_facts(state, len(self._gan_rows)))

        self._stage("train-gan", digest_of(self._gan_identity, self.config.gan.steps), facts_file, work)
        return read_json(facts_file)

    def train_gan_beside(self) -> TrainingState:
        """The training itself: what every process of several does, though only the first one writes."""
        images = self.dataset.pixels(self.config.gan.image_size_px)[self._gan_rows]
        log = MetricsLog(self.run.folder) if self.world.is_first else None
        return train_gan(
            images,
            self.config.gan,
            identity=self._gan_identity,
            seed=self.config.seed,
            device=self.device,
            folder=GanFolder(self.run.gan_folder),
            console=self.console,
            quality=KernelQuality(images, self.device),
            on_log=functools.partial(log.add, "gan") if log is not None else lambda row: None,
            world=self.world,
        )

    @functools.cached_property
    def _gan_rows(self) -> np.ndarray:
        """Which images the GAN sees: training images of its class."""
        return self.dataset.table.rows("train", self.class_name)

    @functools.cached_property
    def _gan_identity(self) -> Identity:
        return identity_of(
            self.config.gan,
            seed=self.config.seed,
            class_name=self.class_name,
            data_digest=digest_of(self.dataset.table.frame["sha256"].iloc[self._gan_rows].tolist()),
            precision=precision_of(self.device),
        )

    def synthesise(self) -> dict[str, Any]:
        checkpoint = GanFolder(self.run.gan_folder).chosen_checkpoint
        folder, facts_file = SyntheticFolder(self.run.synthetic_folder), self.run.synthetic_folder / "synthesis.json"
        count, settings = self._number_to_draw(), self.config.synthesis

        def work() -> None:
            drawn = synthesise(
                checkpoint,
                folder,
                num_images=count,
                seed=self.config.seed,
                batch_size=settings.batch_size,
                device=self.device,
                console=self.console,
                is_rejected=self._copy_filter().is_copy if settings.reject_copies else None,
            )
            facts = {"num_images": drawn.num_images, "class_name": drawn.class_name, "folder": str(folder.root)}
            write_json(facts_file, facts | {"num_rejected": drawn.num_rejected if settings.reject_copies else None})

        source = file_digest(checkpoint) if checkpoint.is_file() else None
        inputs = digest_of(source, count, self.config.seed, settings.reject_copies)
        self._stage("synthesize", inputs, folder.manifest, work)
        return read_json(facts_file)

    def _copy_filter(self) -> CopyFilter:
        """Judges by validation images, never by test images: what is rejected shapes a training set."""
        pixels, table = self.dataset.pixels(self.config.gan.image_size_px), self.dataset.table
        train, held_out = (pixels[table.rows(split, self.class_name)] for split in ("train", "val"))
        return CopyFilter.from_images(train, held_out, device=self.device)

    def score(self) -> dict[str, Any]:
        synthetic = self.synthetic

        def work() -> None:
            table = self.dataset.table
            pixels = self.dataset.pixels(synthetic.pixels.shape[-1])
            train, held_out = (table.rows(split, self.class_name) for split in ("train", "test"))
            facts = score_run(
                train_images=pixels[train],
                held_out_images=pixels[held_out],
                synthetic_images=synthetic.pixels,
                train_names=table.frame["file_name"].iloc[train].tolist(),
                synthetic_names=synthetic.names,
                config=self.config.score,
                device=self.device,
                cache_root=cache_folder(),
                seed=self.config.seed,
                console=self.console,
                classifier_images=self._as_classifiers_see(train, held_out),
                figures_folder=self.run.figures_folder,
                extractor=chosen_extractor(self.config.score, self.device),
            )
            write_json(self.run.scores_file, facts)

        settings = self.config.score.model_dump(mode="json")
        inputs = digest_of(
            settings, self._largest_size_px(), self.dataset.table.digest(), synthetic.digest, self.config.seed
        )
        self._stage("score", inputs, self.run.scores_file, work)
        return read_json(self.run.scores_file)

    def _as_classifiers_see(self, train: np.ndarray, held_out: np.ndarray) -> ClassifierImages:
        size_px = self._largest_size_px()
        pixels = self.dataset.pixels(size_px)
        return ClassifierImages(pixels[train], self._resized_synthetic(size_px), pixels[held_out])

    def _largest_size_px(self) -> int:
        """Of the classifiers' input sizes, the one at which a difference in sharpness shows most."""
        return max(classifier_size_px(name, self.config.study) for name in self.config.study.classifiers)

    def _resized_synthetic(self, size_px: int) -> np.ndarray:
        return np.stack([resize_grey(image, size_px) for image in self.synthetic.pixels])

    def compare(self) -> dict[str, Any]:
        needs_synthetic = any(ARMS[arm].needs_synthetic for arm in self.config.study.arms)
        source = StudySource(
            at_size=functools.lru_cache(maxsize=2)(self._study_images),
            data_digest=self.dataset.table.digest(),
            synthetic_digest=self.synthetic.digest if needs_synthetic else "",
        )
        folder = StudyFolder(self.run.study_folder)

        def work() -> None:
            run_study(
                source,
                self.config.study,
                seed=self.config.seed,
                device=self.device,
                folder=folder,
                feature_cache=cache_folder() / "features",
                console=self.console,
            )

        settings = self.config.study.model_dump(mode="json")
        inputs = digest_of(settings, source.data_digest, source.synthetic_digest, self.config.seed)
        self._stage("compare", inputs, folder.summary, work)
        return read_json(folder.summary)

    def report(self) -> dict[str, Any]:
        files = build_report(self.run.folder)
        return {"html": str(files.html), "markdown": str(files.markdown)}

    @functools.cached_property
    def dataset(self) -> Dataset:
        sizes = {classifier_size_px(name, self.config.study) for name in self.config.study.classifiers}
        return load_dataset(
            self.config.data,
            sizes_px=sorted(sizes | {self.config.gan.image_size_px}),
            seed=self.config.seed,
            cache_root=cache_folder(),
            console=self.console,
        )

    @functools.cached_property
    def device(self) -> torch.device:
        return choose_device(self.config.device)

    @property
    def class_name(self) -> str:
        return self.config.gan.class_name or self.dataset.table.minority_class

    @functools.cached_property
    def synthetic(self) -> Synthetic:
        folder = SyntheticFolder(self.run.synthetic_folder)
        if not folder.manifest.is_file():
            raise InputError(
                expected=f"synthetic images listed in {folder.manifest}",
                found="none",
                action="Run `ganbal synthesize` first.",
            )
        return Synthetic(*read_synthetic(folder), digest=file_digest(folder.manifest))

    def _number_to_draw(self) -> int:
        wanted = self.config.synthesis.num_images
        if wanted != "balance":
            return wanted
        counts = self.dataset.table.counts()["train"]
        missing = max(counts.values()) - counts[self.class_name]
        if missing < 1:
            raise InputError(
                expected=f"fewer training images of {self.class_name} than of another class, to be balanced",
                found=f"{self.class_name} has the most ({counts[self.class_name]})",
                action="Say how many to draw with `synthesize --n N`, or name another gan.class_name.",
            )
        return missing

    def _study_images(self, size_px: int) -> StudyImages:
        table, classes = self.dataset.table, self.dataset.table.classes
        pixels, labels = self.dataset.pixels(size_px), table.frame["label"].to_numpy()
        train, val, test = (table.rows(split) for split in ("train", "val", "test"))
        if self.config.study.protocol == "documents":
            # As published: everything else is trained on, and the test set says when to stop.
            train, val = np.sort(np.concatenate([train, val])), test

        def chosen(rows: np.ndarray) -> ImageSet:
            return ImageSet(pixels[rows], labels[rows])

        synthetic = ImageSet(np.empty((0, size_px, size_px), np.uint8), np.empty(0, np.int64))
        if any(ARMS[arm].needs_synthetic for arm in self.config.study.arms):
            labels_drawn = np.array([classes.index(name) for name in self.synthetic.class_names])
            synthetic = ImageSet(self._resized_synthetic(size_px), labels_drawn)
        names, patients = (table.frame[column].iloc[test].tolist() for column in ("file_name", "patient"))
        return StudyImages(chosen(train), synthetic, chosen(val), TestSet(chosen(test), names, patients, classes))

    def _training_facts(self, state: TrainingState, num_images: int) -> dict[str, Any]:
        networks = {"generator": state.generator, "discriminator": state.discriminator}
        return {
            "class_name": self.class_name,
            "num_images": num_images,
            "image_size_px": self.config.gan.image_size_px,
            "steps": state.step,
            "images_seen": state.step * self.config.gan.batch_size,
            "best_step": state.best_step or None,
            "seconds": round(state.seconds, 1),
            "device": str(self.device),
            "precision": precision_of(self.device),
            "augment": list(self.config.gan.augment),
            "parameters": {name: sum(p.numel() for p in net.parameters()) for name, net in networks.items()},
            "last": state.history[-1] if state.history else None,
        }

    def _stage(self, name: str, inputs: str, outcome: Path, work: Callable[[], None]) -> None:
        """Do `work` unless the stage was finished from these inputs and its outcome is still there."""
        if outcome.is_file() and self.run.stage_is_done(name, inputs):
            self.console.say(f"{name}: done before, nothing changed.")
            return
        self.run.forget_stage(name)
        start = time.monotonic()
        work()
        self.run.mark_stage(name, inputs, time.monotonic() - start)
