"""`ganbal.compare`: whether synthetic images help classifiers, as the command `ganbal compare` measures it."""

import functools
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from ganbal import pipeline
from ganbal.api.arguments import check_argument, is_path
from ganbal.api.choices import Choices, Settings, carry_out
from ganbal.api.data import Data, as_data
from ganbal.api.html import table_html
from ganbal.errors import InputError
from ganbal.gan.image_generator import ImageGenerator
from ganbal.run.folder import Run
from ganbal.run.selection import RunChoice
from ganbal.runtime.atomic_files import write_bytes
from ganbal.stages import terminal_text


def compare(
    data: Data | str | Path,
    generator: ImageGenerator | str | Path | Sequence[ImageGenerator | str | Path] | None = None,
    *,
    arms: Sequence[str] | None = None,
    seeds: int | None = None,
    run: str | Path | None = None,
    config: str | Path | Settings | None = None,
    preset: str | None = None,
    settings: Settings | None = None,
    seed: int | None = None,
    device: str | None = None,
    quiet: bool = False,
    **fields: Any,
) -> "Study":
    """Train the classifiers on every arm and compare balanced with imbalanced; then write the report.

    The synthetic images that the arms need are generated first. A generator that `train_gan` made from this data
    continues its own run. One that was loaded from a file gets a run of its own, which holds a copy of it; its
    training images are not known then, and if test images were among them, the comparison flatters it.

    Example:
        >>> study = ganbal.compare(data, generator, arms=["imbalanced", "duplicated", "gan"], seeds=5)
        >>> print(study.verdict)

    Args:
        data: what `ganbal.load` returned, or what it takes.
        generator: of one class, or several of different classes, or their files; None where no arm needs synthetic
            images.
        arms: ways of building the training set, "imbalanced" among them.
        seeds: training runs per arm and classifier.
        run: the run folder. None takes that of the generator, or else a new one under `outputs/`.
        config, preset, settings, seed, device: as for `ganbal.load`; they override those of the data.
        quiet: print warnings only.
        **fields: settings of section `study` by their names, such as `classifiers=["cnn_64"]`.

    Raises:
        InputError: wrong settings, missing weights, or a generator that does not suit the data.
    """
    data, generators = as_data(data, quiet=quiet), _as_list(generator)
    given = {"arms": arms, "seeds": seeds} | fields
    add = functools.partial(
        Choices.updated,
        section="study",
        fields=given,
        config=config,
        preset=preset,
        settings=settings,
        seed=seed,
        device=device,
    )
    generates = _check_generators(add(data.choices), generators)
    begun = _run_of(data, generators, run)
    # A run that has begun has the settings of the data and its own already.
    choice = add(Choices()).choice(begun) if begun else RunChoice(_begin(add, data, generators, run, quiet))
    if generates:
        carry_out(pipeline.synthesize, choice, quiet=quiet, overwrite=True)
    outcome = carry_out(pipeline.compare, choice, quiet=quiet)
    return Study(Path(outcome.content.pop("run")), outcome.content)


class Study:
    """The result of `ganbal.compare`.

    Attributes:
        run: the run folder, with the report, the synthetic images and every trained classifier.
        summary: the content of its study/summary.json.
    """

    def __init__(self, run: Path, summary: dict[str, Any]) -> None:
        self.run, self.summary = run, summary

    @property
    def verdict(self) -> str:
        """Whether the synthetic images helped, in sentences with the intervals."""
        return str(self.summary["verdict_sentence"])

    @property
    def kind(self) -> str:
        """The verdict in a word, such as "helps", "hurts", "no-difference" or "not-learned"."""
        return str(self.summary["verdict"]["kind"])

    @property
    def results(self) -> pd.DataFrame:
        """One row per trained classifier: arm, classifier, seed and its metrics on the test images."""
        return pd.read_csv(Run(self.run).study_folder / "results.csv")

    @property
    def differences(self) -> pd.DataFrame:
        """One row per comparison and metric: difference, 95 % interval, p-values and verdict."""
        return pd.DataFrame(self.summary["differences"])

    def report(self, file: str | Path) -> Path:
        """Write the report of the run, one HTML file that needs no other.

        Returns:
            The file.

        Raises:
            InputError: `file` is no path.
            GanbalError: it cannot be written.
        """
        check_argument("file", file, is_right=is_path(file), expected="It must be the path of an HTML file.")
        outcome = carry_out(pipeline.report, RunChoice(self.run), quiet=True)
        target = Path(file).expanduser()
        write_bytes(target, Path(outcome.content["html"]).read_bytes())
        return target

    def __repr__(self) -> str:
        return terminal_text.study(self.summary)

    def _repr_html_(self) -> str:
        columns, rows = terminal_text.difference_rows(self.summary)
        return table_html("Study", columns, rows, [self.verdict, f"Run folder: {self.run}"])


def _as_list(given: Any) -> list[ImageGenerator]:
    """The generators; those that files hold are loaded."""
    is_single = isinstance(given, ImageGenerator) or is_path(given) or not isinstance(given, Iterable)
    several = [] if given is None else [given] if is_single else list(given)
    for each in several:
        is_generator = isinstance(each, ImageGenerator) or is_path(each)
        check_argument("generator", each, is_right=is_generator, expected="It must be a ganbal.Generator, or its file.")
    return [each if isinstance(each, ImageGenerator) else ImageGenerator.load(each, "cpu") for each in several]


def _check_generators(choices: Choices, generators: list[ImageGenerator]) -> bool:
    """Whether an arm trains on synthetic images.

    Raises:
        InputError: one does, and there is no generator.
    """
    study = choices.choice().settings().study
    if study.needs_synthetic and not generators:
        raise InputError(
            found=f"The arms are {', '.join(study.arms)}, and there is no generator.",
            expected="Arms with synthetic images need one.",
            action="Train one with ganbal.train_gan, load one with ganbal.Generator.load, or leave these arms out.",
        )
    return study.needs_synthetic


def _run_of(data: Data, generators: list[ImageGenerator], run: str | Path | None) -> Path | None:
    """The run that the only generator was trained in, if its images are this data and no other run is named."""
    if len(generators) != 1 or (folder := generators[0].run) is None:
        return None
    if run is not None and Path(run).expanduser().resolve() != folder.resolve():
        return None
    of_run = RunChoice(folder).settings(Run(folder))
    return folder if of_run.data == data.config.data else None


def _begin(
    add: "functools.partial[Choices]", data: Data, generators: list[ImageGenerator], run: str | Path | None, quiet: bool
) -> Path:
    """Begin a run with the data and, where there are any, copies of the generators."""
    choice = add(data.choices).choice(run)
    if generators:
        outcome = carry_out(pipeline.import_generators, choice, quiet=quiet, generators=generators)
    else:
        outcome = carry_out(pipeline.inspect, choice, quiet=quiet)
    return Path(outcome.content["run"])
