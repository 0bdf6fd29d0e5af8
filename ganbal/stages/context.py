"""What the stages of one command share: the run, its settings, its images, the device and the console."""

import functools
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import torch

from classifiers.pixels import num_channels
from ganbal.config import Config
from ganbal.data.dataset import Dataset, load_dataset
from ganbal.data.fractions import dataset_with_fraction
from ganbal.errors import InputError, InterruptedBySignal
from ganbal.run.folder import Run
from ganbal.run.fraction import FractionOfRun
from ganbal.run.missing import without_synthetic_images
from ganbal.run.tracking.callback import Callback
from ganbal.runtime.atomic_files import read_json
from ganbal.runtime.cache_paths import cache_folder
from ganbal.runtime.console import Console
from ganbal.runtime.device import choose_device
from ganbal.runtime.distributed import ALONE, World
from ganbal.stages.generators import check_training_images, generators_of
from ganbal.study.plan import classifier_size_px
from ganbal.synthesis.counts import classes_to_train
from ganbal.synthesis.manifest import SyntheticFolder, SyntheticImages, read_synthetic

HELD_OUT_SPLIT = "val"
"""Held-out images for scores and copy detection. The test split is not used, because scores inform choices."""


class RunContext:
    """One run as the stages see it; images are read when they are first needed."""

    def __init__(
        self,
        run: Run,
        config: Config,
        console: Console,
        world: World = ALONE,
        *,
        cache: Path | None = None,
        fraction_of: "tuple[RunContext, float] | None" = None,
    ) -> None:
        """
        Args:
            world: the processes that train together.
            cache: folder of decoded images and features; None takes the usual one.
            fraction_of: the context of the whole run, and the fraction of its minority class that this one sees.
        """
        self.run, self.config, self.console, self.world = run, config, console, world
        self.cache = cache or cache_folder()
        self._whole = fraction_of[0] if fraction_of else None
        self.minority_fraction = fraction_of[1] if fraction_of else 1.0
        self._fractions: dict[float, RunContext] = {}
        self.callbacks: list[Callback] = self._whole.callbacks if self._whole is not None else []
        """Programs that follow the trainings, also those of fractions, beside those of the settings."""
        self.finished_stages: list[str] = self._whole.finished_stages if self._whole is not None else []
        """Stages that this command carried out, in order, also for fractions; those that were finished before are not
        among them."""
        self.undone_stages: list[str] = self._whole.undone_stages if self._whole is not None else []
        """Stages of this command, also for fractions, that failed and left their earlier results as they were."""

    def at_fraction(self, fraction: float) -> "RunContext":
        """The same run with only this fraction of the minority class's training images."""
        if fraction == self.minority_fraction:
            return self
        if fraction not in self._fractions:
            run = FractionOfRun(self.run.folder, fraction)
            self._fractions[fraction] = RunContext(
                run, self.config, self.console, self.world, cache=self.cache, fraction_of=(self, fraction)
            )
        return self._fractions[fraction]

    def fractions_with_generators(self) -> list["RunContext"]:
        """The fractions, other than the whole, for which the study needs a generator that saw no other images."""
        study = self.config.study
        if self.minority_fraction != 1 or not study.needs_synthetic:
            return []
        return [self.at_fraction(fraction) for fraction in study.minority_fractions if fraction != 1]

    @functools.cached_property
    def dataset(self) -> Dataset:
        if self._whole is not None:
            return dataset_with_fraction(self._whole.dataset, self.minority_fraction)
        sizes = {classifier_size_px(name, self.config.study) for name in self.config.study.classifiers}
        return load_dataset(
            self.config.data,
            sizes_px=sorted(sizes | {self.config.gan.image_size_px}),
            cache_root=self.cache,
            console=self.console,
        )

    @functools.cached_property
    def device(self) -> torch.device:
        return choose_device(self.config.device)

    @property
    def class_name(self) -> str:
        """The class that figures show and, if synthetic images of it exist, scores report first."""
        return self.config.gan.class_name or classes_to_train(self.dataset.table.counts()["train"], self.config.gan)[0]

    @property
    def synthetic_folder(self) -> SyntheticFolder:
        return SyntheticFolder(self.run.synthetic_folder)

    @functools.cached_property
    def synthetic(self) -> SyntheticImages:
        """The synthetic images of the run; to be read after the stage that generates them.

        Raises:
            InputError: there are none, they were changed or deleted after synthesis, they have other channels than the
                real images, or their generator saw other training images.
        """
        folder = self.synthetic_folder
        if not folder.manifest.is_file():
            raise without_synthetic_images(self.run, self.minority_fraction, self.config.study.minority_fractions)
        images = read_synthetic(folder)
        if (channels := num_channels(images.pixels)) != self.dataset.channels:
            raise InputError(
                found=f"The synthetic images in {folder.root} have {channels} channels, the real images "
                f"{self.dataset.channels}.",
                expected="Both must be gray, or both in color.",
                action="Restore data.channels, or use another run folder (--run NEW).",
            )
        check_training_images(generators_of(self.run, self.config, self.dataset), read_json(folder.summary))
        return images

    def do_stage(
        self,
        name: str,
        *,
        inputs: str,
        outputs: Callable[[], Iterable[Path]],
        work: Callable[[], None],
        keeps_earlier: bool = False,
    ) -> None:
        """Do `work`, unless the stage was finished from the same inputs and all of its files are still as it left them.

        Args:
            inputs: digest of everything that the outputs depend on.
            outputs: the files that the stage leaves, listed after `work`.
            keeps_earlier: whether a failure of `work`, other than an interruption, leaves earlier outputs as they were.
        """
        if self.run.stage_is_done(name, inputs):
            changed = self.run.changed_outputs(name)
            if not changed:
                self.console.say(f"{name}{self._of_fraction()}: done before, nothing changed.")
                return
            more = f" and {len(changed) - 1} more files" if len(changed) > 1 else ""
            self.console.warn(
                f"{name}{self._of_fraction()} is done again: {changed[0]}{more} changed or disappeared since."
            )
        if self.minority_fraction != 1:
            self.console.say(f"{name}{self._of_fraction()}")
        self.run.forget_stage(name)
        start = time.monotonic()
        try:
            work()
        except Exception as error:
            if keeps_earlier and not isinstance(error, InterruptedBySignal):
                self.undone_stages.append(name)
            raise
        self.run.mark_stage(name, inputs, outputs(), time.monotonic() - start)
        self.finished_stages.append(name)

    def _of_fraction(self) -> str:
        """Follows the name of a stage: ` (25 % of the minority class)`; empty for the whole class."""
        return "" if self.minority_fraction == 1 else f" ({100 * self.minority_fraction:g} % of the minority class)"
