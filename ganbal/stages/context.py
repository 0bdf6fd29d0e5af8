"""Each stage of a run: what goes into it, when it is up to date, what it leaves.

Joins the packages, which know nothing of one another.
"""

import functools
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from ganbal.config import Config
from ganbal.data.dataset import Dataset, load_dataset
from ganbal.data.fractions import dataset_with_fraction
from ganbal.data.inspection import inspect_dataset
from ganbal.data.inspection_figures import draw_inspection
from ganbal.errors import InputError
from ganbal.report import build_report
from ganbal.reproduction.published import published_beside_study
from ganbal.run.folder import Run
from ganbal.run.fraction import FractionOfRun
from ganbal.runtime.atomic_files import atomic_path, read_json, write_json
from ganbal.runtime.cache_paths import cache_folder
from ganbal.runtime.console import Console
from ganbal.runtime.device import choose_device
from ganbal.runtime.distributed import ALONE, World
from ganbal.runtime.hashing import digest_of, file_digest
from ganbal.stages.generators import RunGenerator, find_generator, generators_of, train_generator
from ganbal.stages.images_for_run import images_for_run
from ganbal.stages.run_scoring import RunScoring, largest_classifier_size_px
from ganbal.stages.study_material import Synthetic, study_source
from ganbal.study.arms import find_arm
from ganbal.study.cells import Cell
from ganbal.study.running import Elsewhere, classifier_size_px, finish_cell, run_study
from ganbal.study.sources import StudyFolder, StudySource
from ganbal.synthesis.counts import classes_to_train
from ganbal.synthesis.generate import Order, SyntheticFolder, read_synthetic, synthesis_facts, synthesise
from ganbal.synthesis.rejection import CopyFilter
from ganbal.synthesis.synthetic_png import tile

REAL_SAMPLES = 16


class Stages:
    """The stages of one run. Each is skipped when it was finished from the same inputs before."""

    def __init__(self, run: Run, config: Config, console: Console, world: World = ALONE) -> None:
        self.run, self.config, self.console, self.world = run, config, console, world
        self.minority_fraction = 1.0
        self._parts: dict[float, Stages] = {}

    def at_fraction(self, fraction: float) -> "Stages":
        """The stages of the same run with only that share of the minority class's training images."""
        if fraction == self.minority_fraction:
            return self
        if fraction not in self._parts:
            part = Stages(FractionOfRun(self.run.folder, fraction), self.config, self.console, self.world)
            part.minority_fraction = fraction
            part.dataset = dataset_with_fraction(self.dataset, fraction, self.config.seed)
            self._parts[fraction] = part
        return self._parts[fraction]

    def _parts_with_generators(self) -> list["Stages"]:
        """Those shares that the study trains a generator for: one that has seen more would not be of that share."""
        study = self.config.study
        if self.minority_fraction != 1 or not any(find_arm(arm).needs_synthetic for arm in study.arms):
            return []
        return [self.at_fraction(fraction) for fraction in study.minority_fractions if fraction != 1]

    def _of_shares(self, stage: Callable[["Stages"], dict[str, Any]]) -> dict[str, Any]:
        """The stage for every share that has a generator, and what it tells; nothing where there are no shares."""
        told = [stage(part) | {"minority_fraction": part.minority_fraction} for part in self._parts_with_generators()]
        return {"minority_fractions": told} if told else {}

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
            settings = self.config.model_dump(mode="json")
            fraction = self.minority_fraction
            self.world.tell({"run": str(self.run.folder), "settings": settings, "minority_fraction": fraction})
            facts = self.train_gan_beside()
            write_json(facts_file, facts[0] | ({"classes": facts} if len(facts) > 1 else {}))

        inputs = digest_of(*(generator.identity for generator in self.generators), self.config.gan.steps)
        self._stage("train-gan", inputs, facts_file, work)
        return read_json(facts_file) | self._of_shares(Stages.train_gan)

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
            write_json(facts_file, synthesis_facts(drawn, with_rejected=settings.reject_copies))

        sources = {name: file_digest(file) if file.is_file() else None for name, file in checkpoints.items()}
        inputs = digest_of(sources, counts, self.config.seed, settings.reject_copies)
        self._stage("synthesize", inputs, folder.manifest, work)
        # Not from the file: the run folder may have been moved since.
        return read_json(facts_file) | {"folder": str(folder.root)} | self._of_shares(Stages.synthesise)

    def _copy_filter(self, class_name: str) -> CopyFilter:
        """Judges by validation images, never by test images: what is rejected shapes a training set."""
        pixels, table = self.dataset.pixels(self.config.gan.image_size_px), self.dataset.table
        train, held_out = (pixels[table.rows(split, class_name)] for split in ("train", "val"))
        return CopyFilter.from_images(train, held_out, device=self.device)

    def score(self) -> dict[str, Any]:
        """Every class's synthetic images against real ones of that class."""
        scoring = RunScoring(self.dataset, self.synthetic, self.config, self.device, self.console)

        def work() -> None:
            write_json(self.run.scores_file, scoring.scores(self.run.figures_folder))

        settings, first = self.config.score.model_dump(mode="json"), self.config.gan.class_name
        size_px = largest_classifier_size_px(self.config.study)
        digests = self.dataset.table.digest(), self.synthetic.digest
        inputs = digest_of(settings, size_px, *digests, self.config.seed, *([first] if first else []))
        self._stage("score", inputs, self.run.scores_file, work)
        return read_json(self.run.scores_file)

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
                published=self._published(),
            )

        settings = self.config.study.model_dump(mode="json", exclude={"workers", "executor"})
        sources = [source.with_fraction(fraction) for fraction in self.config.study.minority_fractions]
        digests = [(part.data_digest, part.synthetic_digest) for part in sources]
        inputs = digest_of(settings, digests, self.config.seed)
        self._stage("compare", inputs, folder.summary, work)
        return read_json(folder.summary)

    def _published(self) -> dict[str, Any] | None:
        study, table = self.config.study, self.dataset.table
        return published_beside_study(
            table.classes,
            study.classifiers,
            study.arms,
            is_augmented=study.augment != "none",
            is_phantom=table.is_phantom,
        )

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
        arms = [find_arm(name) for name in self.config.study.arms]
        needs_synthetic = any(arm.needs_synthetic for arm in arms)
        # Arms of copies add as many as a generator would; where there is none, what is missing.
        if not needs_synthetic and any(arm.adds_images for arm in arms):
            needs_synthetic = SyntheticFolder(self.run.synthetic_folder).manifest.is_file()
        at_fraction = functools.cache(lambda fraction: self.at_fraction(fraction).study_source)
        return study_source(self.dataset, self.synthetic if needs_synthetic else None, self.config.study, at_fraction)

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
                action=self._how_to_synthesise(),
            )
        return Synthetic(*read_synthetic(folder), digest=file_digest(folder.manifest))

    def _how_to_synthesise(self) -> str:
        if self.minority_fraction == 1:
            return "Run `ganbal synthesize` first."
        shares = ",".join(f"{fraction:g}" for fraction in self.config.study.minority_fractions)
        return (
            f"Run `ganbal train-gan --run {self.run.folder} --set study.minority_fractions=[{shares}]`, "
            "then `ganbal synthesize`: both do it for every share."
        )

    def _images_to_draw(self) -> dict[str, int]:
        return images_for_run(self.dataset.table.counts()["train"], self.config)

    def _stage(self, name: str, inputs: str, outcome: Path, work: Callable[[], None]) -> None:
        """Do `work` unless the stage was finished from these inputs and its outcome is still there."""
        if outcome.is_file() and self.run.stage_is_done(name, inputs):
            self.console.say(f"{name}: done before, nothing changed.")
            return
        self.run.forget_stage(name)
        start = time.monotonic()
        work()
        self.run.mark_stage(name, inputs, time.monotonic() - start)
