"""The answer: do images of the best generator help classifiers, and do they help more where data are scarce?

    python benchmarks/answer.py DATA --search DIR --mobilenet FILE [--images 1000000] [--seeds 10] [--select 4]
        [--hours H] [--device auto] [--out DIR]
    python benchmarks/answer.py phantom --variant small-data --tiny --out DIR

Arms: imbalanced, class-weights, duplicated, augmented, gan, gan-both, gan with selected images (`synthesize --select`)
and the best of gan-weighted, gan-pretrain, gan-degraded and gan-advprop. Classifiers: the 64-px CNN with its published
recipe, and a frozen MobileNetV2. Fractions of the minority class: 100, 25 and 10 %, each with generators of its own.

Nothing is chosen on test images: the generator is the winner of benchmarks/search_generator.py (validation images), the
best of the four arms has the highest ROC-AUC on validation images with the first seeds (choice.json). The costs are
printed first. A command that was ended, or ran out of --hours, goes on where it was when it is typed again;
DIR/answer.md is rewritten after each study. DIR/generators, DIR/plain-… and DIR/selected-… are ordinary run folders.
"""

import argparse
import os
import shutil
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from answer_parts.choice import best_arm, winner_of
from answer_parts.table import SELECTED, results_of, table_text
from search_generator import VARIANTS_FILE, Variant, read_variants

from ganbal import pipeline
from ganbal.config import Config, load_config
from ganbal.data.dataset import check_source
from ganbal.errors import GanbalError, InputError, InterruptedBySignal
from ganbal.run.selection import RunChoice, select_run_to_continue
from ganbal.runtime.atomic_files import write_json, write_text
from ganbal.runtime.cache_paths import cache_folder
from ganbal.runtime.console import Console
from ganbal.stages import compare, report
from ganbal.stages.cost import gan_hours, study_hours
from ganbal.stages.session import Requirement, open_run
from ganbal.study.plan import planned_cells
from ganbal.synthesis.counts import minority_class
from ganbal.synthesis.manifest import class_folder

ARMS = ("imbalanced", "class-weights", "duplicated", "augmented", "gan", "gan-both")
CANDIDATES = ("gan-weighted", "gan-pretrain", "gan-degraded", "gan-advprop")
OF_SELECTED = ("imbalanced", "duplicated", "gan")
CLASSIFIERS = {
    "transfer:mobilenet_v2": ["study.recipe=config", "study.augment=none", "study.steps=3000"],
    "cnn_64": ["study.recipe=published", "study.augment=published", "study.steps=4075"],
}
"""Classifier → its settings; 4,075 steps are the 25 epochs of the publication. The cheaper one comes first."""
TINY = [
    *("gan.image_size_px=32", "gan.base_channels=4", "gan.latent_dim=8", "gan.batch_size=8", "gan.score_images=16"),
    *("data.phantom_images=120", "study.image_size_px=32", "study.steps=4", "study.checks=2", "study.batch_size=8"),
    *("study.workers=1", "synthesis.confirm_labels=false"),
]


@dataclass(frozen=True)
class Answer:
    """What is trained.

    Attributes:
        common: settings of all runs, as `--set` takes them.
        classes: all class names.
        minority: the smallest one.
        num_train: training images of each class.
        pilot_seeds: how many of the seeds choose among `CANDIDATES`.
        with_reports: whether finished studies get a report.
    """

    common: Sequence[str]
    variant: Variant
    images: int
    classes: Sequence[str]
    minority: str
    num_train: Sequence[int]
    fractions: Sequence[float]
    seeds: int
    pilot_seeds: int
    select: int
    with_reports: bool
    out: Path

    def perform(self, console: Console) -> None:
        """Everything that is missing, cheap and decisive parts first; answer.md is rewritten after each study."""
        self._train_generators(console)
        self._synthesize("plain", ARMS, 1, console)
        has_selected = self._synthesize("selected", OF_SELECTED, self.select, console)
        for classifier in CLASSIFIERS:
            self._compare("plain", classifier, [*ARMS, self._best_candidate(classifier, console)], console)
            if has_selected:
                self._compare("selected", classifier, OF_SELECTED, console)

    def settings(self, arms: Sequence[str], seeds: int, classifier: str = "cnn_64") -> list[str]:
        """The settings of a run."""
        config = load_config(None, [*self.common, *self.variant.settings])
        steps = max(2, self.images // config.gan.batch_size)
        share = self.variant.pretrain_share
        generators = [] if config.gan.conditional else [f"gan.class_names=[{','.join(self.classes)}]"]
        return [
            *CLASSIFIERS[classifier],
            *self.common,
            *self.variant.settings,
            *generators,
            f"gan.class_name={self.minority}",
            f"gan.steps={steps}",
            *([] if share is None else [f"gan.pretrain_steps={int(share * steps)}"]),
            f"study.arms=[{','.join(arms)}]",
            f"study.classifiers=[{classifier}]",
            f"study.seeds={seeds}",
            f"study.minority_fractions=[{','.join(f'{fraction:g}' for fraction in self.fractions)}]",
            "study.keep_models=false",
        ]

    def config(self, *given: str) -> Config:
        return load_config(None, [*self.settings(ARMS, self.seeds), *given])

    def studies(self) -> dict[str, Path]:
        """Name → run folder of every study."""
        names = [f"{kind}-{class_folder(classifier)}" for classifier in CLASSIFIERS for kind in ("plain", "selected")]
        return {name: self.out / name for name in names}

    def cost_text(self) -> str:
        """How much is trained, and how long that takes on this machine's CPU."""
        config = self.config()
        # Alone, a generator of a larger class never sees the minority class and is the same at every fraction.
        generators = len(self.fractions) + (0 if config.gan.conditional else len(self.classes) - 1)
        if self.variant.pretrain_share is not None:
            generators = len(self.fractions) * len(self.classes)
        hours, cells = 0.0, 0
        for classifier in CLASSIFIERS:
            for arms in ([*ARMS, CANDIDATES[0]], OF_SELECTED):
                study = load_config(None, self.settings(arms, self.seeds, classifier))
                cells += len(planned_cells(study.study, study.seed))
                hours += study_hours(study, self.num_train)
        pilots = len(CLASSIFIERS) * len(CANDIDATES) * self.pilot_seeds * len(self.fractions)
        return (
            f"{generators} generators of {config.gan.steps:,} steps ({self.images:,} images each), "
            f"{cells} trainings of classifiers with {self.seeds} seeds, at most {pilots} to choose an arm. Without a "
            f"GPU about {generators * gan_hours(config):.1f} h for the generators, {hours:.1f} h for the classifiers "
            "on this machine."
        )

    def write_table(self) -> None:
        heading = f"# The answer\n\nGenerator: {self.variant.name}, {self.images:,} images. Test images, used once.\n\n"
        write_text(self.out / "answer.md", heading + table_text(results_of(self.studies())))

    def _train_generators(self, console: Console) -> None:
        settings = self.settings(ARMS, self.seeds)
        pipeline.train_gan(RunChoice(self.out / "generators", assignments=settings), console)

    def _synthesize(self, kind: str, arms: Sequence[str], select: int, console: Console) -> bool:
        """Whether there are enough images to select from."""
        run = self._copied("generators", kind)
        settings = [*self.settings(arms, self.seeds), f"synthesis.select={select}"]
        try:
            pipeline.synthesize(RunChoice(run, assignments=settings), console)
        except GanbalError as error:
            if select == 1 or isinstance(error, InputError | InterruptedBySignal):
                raise
            print(f"The arm `{SELECTED}` is left out. {error}", flush=True)
            return False
        return True

    def _copied(self, source: str, name: str) -> Path:
        if not (self.out / name).exists():
            _copy(self.out / source, self.out / name)
        return self.out / name

    def _best_candidate(self, classifier: str, console: Console) -> str:
        run = self._copied("plain", f"plain-{class_folder(classifier)}")
        settings = self.settings(["imbalanced", *CANDIDATES], self.pilot_seeds, classifier)
        config = load_config(None, settings)
        _study(run, settings, console)
        arm, areas = best_arm(run / "study", planned_cells(config.study, config.seed), CANDIDATES)
        write_json(run / "choice.json", {"arm": arm, "mean_validation_roc_auc": areas, "seeds": self.pilot_seeds})
        return arm

    def _compare(self, kind: str, classifier: str, arms: Sequence[str], console: Console) -> None:
        name = f"{kind}-{class_folder(classifier)}"
        run = self._copied(kind, name)
        if kind == "selected":  # cells of real images are the same in both
            for cells in _cells_of_real_images(self.out / f"plain-{class_folder(classifier)}"):
                target = run / cells.relative_to(self.out / f"plain-{class_folder(classifier)}")
                if not target.exists():
                    _copy(cells, target)
        _study(run, self.settings(arms, self.seeds, classifier), console, with_report=self.with_reports)
        self.write_table()


def _study(run: Path, settings: Sequence[str], console: Console, *, with_report: bool = False) -> None:
    selected = select_run_to_continue(RunChoice(run, assignments=settings))
    with open_run(selected, console, "compare", Requirement.IMAGES, Requirement.STUDY) as context:
        compare.compare(context)
        if with_report:
            report.report(context.run)


def _cells_of_real_images(run: Path) -> Iterator[Path]:
    for arm in OF_SELECTED:
        if arm != "gan":
            yield from (run / "study" / "cells").glob(f"**/{arm}")


def _copy(source: Path, target: Path) -> None:
    """Copy a folder; a kill leaves no partial one."""
    temporary = target.with_name(f".{target.name}.partial")
    shutil.rmtree(temporary, ignore_errors=True)
    shutil.copytree(source, temporary, ignore=shutil.ignore_patterns(".*lock*"))
    temporary.rename(target)


def stop_after(hours: float) -> threading.Timer:
    """Interrupt this process then, as Ctrl-C does: the work in progress is saved."""
    timer = threading.Timer(min(3600 * hours, threading.TIMEOUT_MAX), os.kill, (os.getpid(), signal.SIGINT))
    timer.daemon = True
    timer.start()
    return timer


def make_answer(given: argparse.Namespace) -> Answer:
    variants = {variant.name: variant for variant in read_variants(VARIANTS_FILE)}
    name = given.variant or winner_of(given.search)
    if name not in variants:
        sys.exit(f"--variant {name}: choose among {', '.join(variants)}.")
    mobilenet = given.mobilenet or ("none" if given.tiny else "imagenet")
    size = ["gan.image_size_px=64", "gan.base_channels=32", "study.image_size_px=64"]
    common = [f"data.root={given.data}", f"device={given.device}", f"study.weights={mobilenet}"]
    common += [*(TINY if given.tiny else size), *given.set]
    config = load_config(None, common)
    counts = check_source(config.data, cache_folder(), Console(quiet=True))
    return Answer(
        common=common,
        variant=variants[name],
        images=48 if given.tiny else given.images,
        classes=list(counts),
        minority=minority_class(counts),
        num_train=list(counts.values()),
        fractions=(0.5, 1.0) if given.tiny else (0.1, 0.25, 1.0),
        seeds=1 if given.tiny else given.seeds,
        pilot_seeds=1 if given.tiny else min(3, given.seeds),
        select=given.select,
        with_reports=not given.tiny,
        out=given.out,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", help="image set of two classes, or `phantom`")
    chosen = parser.add_mutually_exclusive_group(required=True)
    chosen.add_argument("--search", type=Path, metavar="DIR", help="folder of a finished search, whose winner is used")
    chosen.add_argument("--variant", metavar="NAME", help="a variant of generator_search/variants.yaml")
    parser.add_argument("--mobilenet", metavar="FILE", help="weights of MobileNetV2's features; default: downloaded")
    parser.add_argument("--images", type=int, default=1_000_000, help="training images shown to each generator")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--select", type=int, default=4, metavar="K", help="candidates per selected image")
    parser.add_argument("--set", action="append", default=[], metavar="SETTING", help="of all runs; repeatable")
    parser.add_argument(
        "--hours", type=float, default=float("inf"), help="stop after this time; the same command goes on"
    )
    parser.add_argument("--device", default="auto")
    parser.add_argument("--tiny", action="store_true", help="smallest sizes: shows that it works, measures nothing")
    parser.add_argument("--out", type=Path, default=Path("outputs/answer"), metavar="DIR")
    given = parser.parse_args()
    answer = make_answer(given)
    answer.out.mkdir(parents=True, exist_ok=True)
    print(answer.cost_text(), flush=True)
    timer = stop_after(given.hours)
    try:
        answer.perform(Console(quiet=given.tiny))
    except (InterruptedBySignal, KeyboardInterrupt):
        print("Stopped; the same command goes on from here.")
    finally:
        timer.cancel()
        answer.write_table()
    print((answer.out / "answer.md").read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
