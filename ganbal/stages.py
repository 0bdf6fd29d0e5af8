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
from ganbal.balancing import classes_to_train, images_to_draw
from ganbal.class_scores import classes_to_score, with_other_classes
from ganbal.config import Config
from ganbal.console import Console
from ganbal.data.decoding import resize_grey
from ganbal.data.inspection import inspect_dataset
from ganbal.data.inspection_figures import draw_inspection
from ganbal.data.loading import Dataset, load_dataset
from ganbal.device import choose_device
from ganbal.distributed import ALONE, World
from ganbal.errors import InputError
from ganbal.generators import RunGenerator, find_generator, generators_of, train_generator
from ganbal.marked_png import tile
from ganbal.metrics.copy_filter import CopyFilter
from ganbal.metrics.scoring import ClassifierImages, score_run
from ganbal.report import build_report
from ganbal.runs import Run, cache_folder, digest_of, file_digest
from ganbal.study.arms import ARMS, ImageSet
from ganbal.study.cells import Cell, TestSet
from ganbal.study.running import Elsewhere, classifier_size_px, finish_cell, run_study
from ganbal.study.sources import StudyFolder, StudyImages, StudySource
from ganbal.synthesis import Order, SyntheticFolder, read_synthetic, synthesis_facts, synthesise
from ganbal.trained_extractor import chosen_extractor

REAL_SAMPLES = 16


@dataclass(frozen=True)
class Synthetic:
    """A run's synthetic images: pixels (N, S, S) uint8, names, class names and what identifies them."""

    pixels: np.ndarray
    names: list[str]
    class_names: list[str]
    digest: str

    def of_class(self, class_name: str) -> "Synthetic":
        rows = [row for row, name in enumerate(self.class_names) if name == class_name]
        names = [self.names[row] for row in rows]
        return Synthetic(self.pixels[rows], names, [class_name] * len(rows), self.digest)

    def resized(self, size_px: int) -> np.ndarray:
        """(N, size_px, size_px) uint8."""
        return np.stack([resize_grey(image, size_px) for image in self.pixels])


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
            facts = self.train_gan_beside()
            write_json(facts_file, facts[0] | ({"classes": facts} if len(facts) > 1 else {}))

        inputs = digest_of(*(generator.identity for generator in self.generators), self.config.gan.steps)
        self._stage("train-gan", inputs, facts_file, work)
        return read_json(facts_file)

    def train_gan_beside(self) -> list[dict[str, Any]]:
        """The trainings themselves: what every process of several does, though only the first one writes."""
        train = functools.partial(train_generator, device=self.device, console=self.console, world=self.world)
        return [train(generator, self.run, self.config, self.dataset) for generator in self.generators]

    @functools.cached_property
    def generators(self) -> list[RunGenerator]:
        return generators_of(self.run, self.config, self.dataset, self.device)

    def synthesise(self) -> dict[str, Any]:
        folder, facts_file = SyntheticFolder(self.run.synthetic_folder), self.run.synthetic_folder / "synthesis.json"
        counts, settings = self._images_to_draw(), self.config.synthesis
        checkpoints = {name: find_generator(self.generators, name).folder.chosen_checkpoint for name in counts}

        def work() -> None:
            filters = {name: self._copy_filter(name).is_copy for name in counts if settings.reject_copies}
            orders = [Order(checkpoints[name], number, name, filters.get(name)) for name, number in counts.items()]
            drawn = synthesise(
                orders,
                folder,
                seed=self.config.seed,
                batch_size=settings.batch_size,
                device=self.device,
                console=self.console,
            )
            write_json(facts_file, synthesis_facts(drawn, folder, with_rejected=settings.reject_copies))

        sources = {name: file_digest(file) if file.is_file() else None for name, file in checkpoints.items()}
        inputs = digest_of(sources, counts, self.config.seed, settings.reject_copies)
        self._stage("synthesize", inputs, folder.manifest, work)
        return read_json(facts_file)

    def _copy_filter(self, class_name: str) -> CopyFilter:
        """Judges by validation images, never by test images: what is rejected shapes a training set."""
        pixels, table = self.dataset.pixels(self.config.gan.image_size_px), self.dataset.table
        train, held_out = (pixels[table.rows(split, class_name)] for split in ("train", "val"))
        return CopyFilter.from_images(train, held_out, device=self.device)

    def score(self) -> dict[str, Any]:
        """Every class's synthetic images against real ones of that class; the one with most of them stands first."""
        synthetic, first = self.synthetic, self.config.gan.class_name

        def work() -> None:
            chosen, *others = classes_to_score(synthetic.class_names, first)
            facts = {"class_name": chosen} | self._score_class(chosen, self.run.figures_folder)
            write_json(self.run.scores_file, with_other_classes(facts, others, self._score_class))

        settings = self.config.score.model_dump(mode="json")
        digests = self.dataset.table.digest(), synthetic.digest
        inputs = digest_of(settings, self._largest_size_px(), *digests, self.config.seed, *([first] if first else []))
        self._stage("score", inputs, self.run.scores_file, work)
        return read_json(self.run.scores_file)

    def _score_class(self, class_name: str, figures_folder: Path | None = None) -> dict[str, Any]:
        table, drawn = self.dataset.table, self.synthetic.of_class(class_name)
        pixels = self.dataset.pixels(drawn.pixels.shape[-1])
        train, held_out = (table.rows(split, class_name) for split in ("train", "test"))
        return score_run(
            train_images=pixels[train],
            held_out_images=pixels[held_out],
            synthetic_images=drawn.pixels,
            train_names=table.frame["file_name"].iloc[train].tolist(),
            synthetic_names=drawn.names,
            config=self.config.score,
            device=self.device,
            cache_root=cache_folder(),
            seed=self.config.seed,
            console=self.console,
            classifier_images=self._as_classifiers_see(train, held_out, drawn),
            figures_folder=figures_folder,
            extractor=chosen_extractor(self.config.score, self.device),
        )

    def _as_classifiers_see(self, train: np.ndarray, held_out: np.ndarray, drawn: Synthetic) -> ClassifierImages:
        size_px = self._largest_size_px()
        pixels = self.dataset.pixels(size_px)
        return ClassifierImages(pixels[train], drawn.resized(size_px), pixels[held_out])

    def _largest_size_px(self) -> int:
        """Of the classifiers' input sizes, the one at which a difference in sharpness shows most."""
        return max(classifier_size_px(name, self.config.study) for name in self.config.study.classifiers)

    def compare(self, train_elsewhere: Callable[["Stages"], Elsewhere | None] = lambda stages: None) -> dict[str, Any]:
        """The study. `train_elsewhere` says how other processes may train its cells."""
        source, folder = self.study_source, StudyFolder(self.run.study_folder)

        def work() -> None:
            run_study(
                source,
                self.config.study,
                seed=self.config.seed,
                device=self.device,
                folder=folder,
                feature_cache=cache_folder() / "features",
                console=self.console,
                elsewhere=train_elsewhere(self),
            )

        settings = self.config.study.model_dump(mode="json", exclude={"workers", "executor"})
        inputs = digest_of(settings, source.data_digest, source.synthetic_digest, self.config.seed)
        self._stage("compare", inputs, folder.summary, work)
        return read_json(folder.summary)

    def finish_cell(self, cell: Cell) -> None:
        """Train one cell of the study, unless it is done."""
        finish_cell(
            cell,
            self.study_source,
            self.config.study,
            device=self.device,
            root=self.run.study_folder,
            feature_cache=cache_folder() / "features",
        )

    @functools.cached_property
    def study_source(self) -> StudySource:
        needs_synthetic = any(ARMS[arm].needs_synthetic for arm in self.config.study.arms)
        return StudySource(
            at_size=functools.lru_cache(maxsize=2)(self._study_images),
            data_digest=self.dataset.table.digest(),
            synthetic_digest=self.synthetic.digest if needs_synthetic else "",
        )

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
        """The class that is shown and, where images of it are drawn, scored first."""
        return self.config.gan.class_name or classes_to_train(self.dataset.table.counts()["train"], self.config.gan)[0]

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

    def _images_to_draw(self) -> dict[str, int]:
        return images_to_draw(self.dataset.table.counts()["train"], self.config.gan, self.config.synthesis)

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
            synthetic = ImageSet(self.synthetic.resized(size_px), labels_drawn)
        names, patients = (table.frame[column].iloc[test].tolist() for column in ("file_name", "patient"))
        return StudyImages(chosen(train), synthetic, chosen(val), TestSet(chosen(test), names, patients, classes))

    def _stage(self, name: str, inputs: str, outcome: Path, work: Callable[[], None]) -> None:
        """Do `work` unless the stage was finished from these inputs and its outcome is still there."""
        if outcome.is_file() and self.run.stage_is_done(name, inputs):
            self.console.say(f"{name}: done before, nothing changed.")
            return
        self.run.forget_stage(name)
        start = time.monotonic()
        work()
        self.run.mark_stage(name, inputs, time.monotonic() - start)
