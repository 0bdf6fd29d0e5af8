"""What each command does: select the run, open it, carry out its stages in order, describe the result."""

# Stages are imported where they are used: what is cheap to check is checked before torch is loaded.

import json
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganbal.config import Config
from ganbal.config.given_paths import check_default_data
from ganbal.config.presets import document_files
from ganbal.config.study import check_arms
from ganbal.errors import InputError
from ganbal.export.formats import GENERATOR_FORMATS
from ganbal.run.folder import Run, new_run
from ganbal.run.missing import has_generator, without_generator, without_synthetic_images
from ganbal.run.selection import (
    RunChoice,
    SelectedRun,
    existing_run,
    run_to_read,
    select_run_to_begin,
    select_run_to_continue,
)
from ganbal.runtime.console import Console
from ganbal.runtime.device import check_gpu
from ganbal.runtime.locks import folder_lock

if TYPE_CHECKING:
    import numpy as np

    from ganbal.gan.image_generator import ImageGenerator
    from ganbal.run.tracking.callback import Callback
    from ganbal.stages.context import RunContext


@dataclass(frozen=True)
class Outcome:
    """The result of a command.

    Attributes:
        content: for programs, as JSON.
        text: for people.
        next_step: a command to continue with, or empty.
        problem: what makes the command fail although there is a result to print.
    """

    content: dict[str, Any]
    text: str
    next_step: str = ""
    problem: InputError | None = None


def inspect(choice: RunChoice, console: Console) -> Outcome:
    _settings_to_begin(choice, console)
    with console.working("Loading libraries"):
        from ganbal.stages import inspect, terminal_text
        from ganbal.stages.session import Requirement, open_run
    with open_run(select_run_to_begin(choice, console), console, "inspect", Requirement.IMAGES) as context:
        content = inspect.inspect(context)
        return _outcome(context, content, terminal_text.inspection(content), _command("train-gan", context))


def train_gan(choice: RunChoice, console: Console, *, callbacks: "Sequence[Callback]" = ()) -> Outcome | None:
    """Train in this process, or in all that `torchrun` started; all but the first return None."""
    _settings_to_begin(choice, console)
    with console.working("Loading libraries"):
        from ganbal.runtime.distributed import process_group
        from ganbal.stages import inspect, terminal_text, train_gan
        from ganbal.stages.cost import announce_cost
        from ganbal.stages.session import Requirement, open_run
        from ganbal.stages.synthesize import images_to_suggest
    with process_group() as world:
        if not world.is_first:
            train_gan.assist_training(world)
            return None
        selected = select_run_to_begin(choice, console)
        requirements = Requirement.IMAGES, Requirement.GAN
        with open_run(selected, console, "train-gan", *requirements, world=world) as context:
            announce_cost(context, *requirements)
            context.callbacks.extend(callbacks)
            inspect.inspect(context)
            content = train_gan.train_gan(context)
            world.broadcast_object(None)  # the others have finished, too
            next_step = _command("synthesize", context, *_numbers(images_to_suggest(context)))
            return _outcome(context, content, terminal_text.training(content), next_step)


def import_generators(choice: RunChoice, console: Console, *, generators: "Sequence[ImageGenerator | Path]") -> Outcome:
    """Begin a run with generators that were trained elsewhere, instead of training. Their settings become the run's.

    Args:
        generators: in memory, or files of them.
    """
    typed = _settings_to_begin(choice, console)
    # For a fraction of the minority class, the run trains a generator that has seen no other images.
    trains = typed.study.needs_synthetic and any(fraction != 1 for fraction in typed.study.minority_fractions)
    with console.working("Loading libraries"):
        from ganbal.gan.image_generator import ImageGenerator
        from ganbal.stages import import_generators, inspect, terminal_text
        from ganbal.stages.cost import announce_cost
        from ganbal.stages.session import Requirement, open_run
        from ganbal.stages.synthesize import images_to_suggest
    loaded = [ImageGenerator.load(each, "cpu") if isinstance(each, Path) else each for each in generators]
    settings = import_generators.settings_of(loaded, trains_others=trains)
    if any(isinstance(each, Path) for each in generators):
        import_generators.check_typed_settings(choice.assignments, typed.gan, settings, trains_others=trains)
    if trains and any(assignment.startswith("gan.steps=") for assignment in choice.assignments):
        settings.pop("gan.steps")
    own = [f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in settings.items()]
    selected = select_run_to_begin(
        replace(choice, assignments=(*choice.assignments, *own)),
        console,
        is_usable=lambda run: import_generators.has_no_others(run, loaded),
    )
    requirements = (Requirement.IMAGES, *([Requirement.GAN] if trains else []))
    with open_run(selected, console, "train-gan", *requirements) as context:
        announce_cost(context, *requirements)
        inspect.inspect(context)
        content = import_generators.import_generators(context, loaded)
        next_step = _command("synthesize", context, *_numbers(images_to_suggest(context)))
        return _outcome(context, content, terminal_text.training(content), next_step)


def synthesize(choice: RunChoice, console: Console, *, overwrite: bool = False) -> Outcome:
    selected = select_run_to_continue(choice)
    _check_has_generator(selected)
    with console.working("Loading libraries"):
        from ganbal.stages import synthesize, terminal_text
        from ganbal.stages.session import Requirement, open_run
    with open_run(selected, console, "synthesize", Requirement.IMAGES, Requirement.GAN) as context:
        content = synthesize.synthesize(context, may_replace=overwrite)
        return _outcome(context, content, terminal_text.synthesis(content), _command("score", context))


def synthesize_from_file(choice: RunChoice, console: Console, *, file: Path, overwrite: bool = False) -> Outcome:
    """Generate images from an exported generator, without a run."""
    folder = choice.run_folder or new_run(file.stem).folder
    with console.working("Loading libraries"):
        from ganbal.stages import terminal_text
        from ganbal.stages.synthesize_from_file import synthesize_from_file
    content = synthesize_from_file(file, folder, choice.settings(), console, overwrite=overwrite)
    return Outcome(content, terminal_text.synthesis(content), f"ganbal score REAL {shlex.quote(content['folder'])}")


def export(choice: RunChoice, console: Console, **details: Any) -> Outcome:
    """Write the generators or the synthetic images of a run in the format of other programs."""
    selected = select_run_to_continue(choice)
    if details["form"] in GENERATOR_FORMATS:
        _check_has_generator(selected)
    else:
        _check_has_images(selected)
    with console.working("Loading libraries"):
        from ganbal.stages import export, terminal_text
        from ganbal.stages.session import Requirement, open_run
    request = export.ExportRequest(**details)
    request.check()
    requirements = [Requirement.IMAGES] if request.needs_real_images else []
    with open_run(selected, console, "export", *requirements) as context:
        content = export.export(context, request)
        return _outcome(context, content, terminal_text.exported(content), "")


def score(choice: RunChoice, console: Console) -> Outcome:
    selected = select_run_to_continue(choice)
    _check_has_images(selected)
    with console.working("Loading libraries"):
        from ganbal.stages import score, terminal_text
        from ganbal.stages.session import Requirement, open_run
    with open_run(selected, console, "score", Requirement.IMAGES, Requirement.SCORE) as context:
        content = score.score(context)
        return _outcome(context, content, terminal_text.scores(content), _command("compare", context))


def score_two_sets(
    choice: RunChoice, console: Console, *, real: "Path | np.ndarray", synthetic: "Path | np.ndarray"
) -> Outcome:
    """Score any two folders or arrays of images, without a run."""
    with console.working("Loading libraries"):
        from ganbal.stages import score, terminal_text
    content = score.score_two_sets(real, synthetic, choice.settings(), console)
    return Outcome(content, terminal_text.scores(content), "ganbal compare, to measure whether such images help")


def save_folder_statistics(choice: RunChoice, console: Console, *, folder: Path, target: Path) -> Outcome:
    """Write the mean and covariance of a folder's features as pytorch-fid does."""
    with console.working("Loading libraries"):
        from ganbal.stages import score
    content = score.save_folder_statistics(folder, target, choice.settings(), console)
    next_step = f"ganbal score {shlex.quote(str(target))} SYNTHETIC"
    return Outcome(content, f"Statistics of {folder}: {target}", next_step)


def compare(choice: RunChoice, console: Console) -> Outcome:
    # Arms that need no synthetic images need no run either.
    needs_run = existing_run(choice) is not None or choice.settings().study.needs_synthetic
    selected = select_run_to_continue(choice) if needs_run else None
    check_arms((selected.config if selected is not None else choice.settings()).study)
    if selected is not None and (study := selected.config.study).needs_synthetic and 1 in study.minority_fractions:
        _check_has_images(selected)
    with console.working("Loading libraries"):
        from ganbal.stages import compare, inspect, report, terminal_text
        from ganbal.stages.cost import announce_cost
        from ganbal.stages.session import Requirement, open_run
    selected = selected or select_run_to_begin(choice, console)
    requirements = Requirement.IMAGES, Requirement.STUDY
    with open_run(selected, console, "compare", *requirements) as context:
        announce_cost(context, *requirements)
        inspect.inspect(context)
        content = compare.compare(context)
        files = report.report(context.run)
        return _outcome(context, content, terminal_text.study(content), f"open {shlex.quote(files['html'])}")


def report(choice: RunChoice, console: Console) -> Outcome:
    selected = select_run_to_continue(choice)
    with console.working("Loading libraries"):
        from ganbal.stages import report
        from ganbal.stages.session import open_run
    with open_run(selected, console, "report") as context:
        files = report.report(context.run)
        return _outcome(context, files, f"Report: {files['html']}", f"open {shlex.quote(files['html'])}")


def run(choice: RunChoice, console: Console) -> Outcome:
    """All stages in order."""
    _settings_to_begin(choice, console, trains_classifiers=True)
    with console.working("Loading libraries"):
        from ganbal.stages import compare, inspect, report, score, synthesize, terminal_text, train_gan
        from ganbal.stages.cost import announce_cost, expected_seconds
        from ganbal.stages.session import Requirement, open_run
    requirements = Requirement.IMAGES, Requirement.GAN, Requirement.SCORE, Requirement.STUDY
    stages: dict[str, Callable[[RunContext], dict[str, Any]]] = {
        "inspect": inspect.inspect,
        "train-gan": train_gan.train_gan,
        "synthesize": synthesize.synthesize,
        "score": score.score,
        "compare": compare.compare,
        "report": lambda context: report.report(context.run),
    }
    with open_run(select_run_to_begin(choice, console), console, "run", *requirements) as context:
        announce_cost(context, *requirements)
        results: dict[str, dict[str, Any]] = {}
        expected = expected_seconds(context)
        for number, (name, stage) in enumerate(stages.items(), 1):
            seconds = expected.pop(name)
            with console.stage(f"{number}/{len(stages)} {name}", seconds, sum(expected.values())):
                results[name] = stage(context)
        content = {
            "data": results["inspect"],
            "gan": results["train-gan"],
            "scores": results["score"],
            "study": results["compare"],
            "report": results["report"],
        }
        text = f"{terminal_text.scores(results['score'])}\n\n{terminal_text.study(results['compare'])}"
        return _outcome(context, content, text, f"open {shlex.quote(results['report']['html'])}")


def reproduce(choice: RunChoice, console: Console, *, only: Sequence[str], seeds: int | None, protocol: str) -> Outcome:
    """Train the published systems."""
    files = document_files(only)
    _settings_to_begin(choice, console)
    with console.working("Loading libraries"):
        from ganbal.stages.reproduce import reproduce_command
    content, text, html = reproduce_command(choice, console, files=files, seeds=seeds, protocol=protocol)
    return Outcome(content, text, f"open {shlex.quote(str(html))}")


def predict(
    choice: RunChoice,
    console: Console,
    *,
    images: Sequence[Path],
    arm: str | None,
    classifier: str | None,
    seed: int | None,
    threshold: str | None,
    device: str,
    csv_file: Path | None,
) -> Outcome:
    """Predict files or folders of images with a trained classifier of a run."""
    from ganbal.prediction.cell_choice import choose_cell
    from ganbal.prediction.csv_file import check_csv_file
    from ganbal.prediction.thresholding import check_threshold

    run = run_to_read(choice.run_folder)
    check_gpu(device)
    check_threshold(threshold)
    if csv_file is not None:
        check_csv_file(csv_file, images)
    chosen = choose_cell(run, arm=arm, classifier=classifier, seed=seed)
    with console.working("Loading libraries"):
        from ganbal.stages.predict import predict_command
    found = predict_command(
        images, run=run, chosen=chosen, threshold=threshold, device=device, csv_file=csv_file, console=console
    )
    return Outcome(found.content, found.text, problem=found.problem)


def _settings_to_begin(choice: RunChoice, console: Console, *, trains_classifiers: bool = False) -> Config:
    """The settings of a command that may start a run; what is wrong with them is found before torch is loaded.

    Args:
        trains_classifiers: whether the arms of the study are checked, too.

    Raises:
        InputError: the settings cannot be read, images in folders or CSV files cannot be used, a class to generate
            does not exist, or images of a service cannot be downloaded with the packages that are installed.
    """
    config = choice.settings(Run(choice.run_folder) if choice.run_folder is not None else None)
    check_default_data(config)
    if trains_classifiers:
        check_arms(config.study)
    with console.working("Checking the images"):
        from ganbal.config.data import is_remote_name
        from ganbal.data.dataset import check_source
        from ganbal.data.imports.registry import plan_import
        from ganbal.data.imports.remote import check_remote
        from ganbal.data.locating import resolve_root
        from ganbal.runtime.cache_paths import cache_folder
        from ganbal.synthesis.counts import classes_to_train

        root = Path(resolve_root(config.data)[0])
        if is_remote_name(root):
            check_remote(str(root), cache_folder())
        elif root.exists() and plan_import(root, config.data) is None:  # an import may take minutes
            classes_to_train(check_source(config.data, cache_folder(), console), config.gan)
    return config


def _check_has_generator(selected: SelectedRun) -> None:
    """Check before torch is loaded that a run has a generator; stages check whether it can be used.

    Raises:
        InputError: it has none.
    """
    with folder_lock(selected.run.folder, "check"):  # what another command makes is not missing
        if not has_generator(selected.run):
            raise without_generator(selected.run, 1.0, selected.config.study.minority_fractions)


def _check_has_images(selected: SelectedRun) -> None:
    """Check before torch is loaded that a run has synthetic images; stages check what is in them.

    Raises:
        InputError: it has none.
    """
    with folder_lock(selected.run.folder, "check"):  # what another command makes is not missing
        if not (selected.run.synthetic_folder / "manifest.csv").is_file():
            raise without_synthetic_images(selected.run, 1.0, selected.config.study.minority_fractions)


def _command(name: str, context: "RunContext", *words: str) -> str:
    """A command that continues the run of `context`, as it is typed."""
    return context.run.command(name, *words)


def _numbers(images: dict[str, int]) -> list[str]:
    """`--n 827` for one class, `--n A=20 --n B=30` for several."""
    named = [f"{name}={number}" for name, number in images.items()]
    return [word for number in (named if len(named) > 1 else map(str, images.values())) for word in ("--n", number)]


def _outcome(context: "RunContext", content: dict[str, Any], text: str, next_step: str) -> Outcome:
    return Outcome({"run": str(context.run.folder)} | content, text, next_step)
