"""The `ganbal` command: parse, call one function of the pipeline, print."""

import functools
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from ganbal import __version__
from ganbal.errors import GanbalError

# Nothing heavier than click may be imported here: `ganbal --help` answers at once. Commands import what they need.


class Commands(click.Group):
    """Tells failures in a paragraph with their exit code instead of a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except GanbalError as error:
            click.echo(f"error: {error}", err=True)
            ctx.exit(error.exit_code)
        except KeyboardInterrupt:
            click.echo("Interrupted.", err=True)
            ctx.exit(130)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)  # in the order of the work, not of the alphabet


def shared_options(command: Callable[..., None]) -> Callable[..., None]:
    """The options every command has; the command gets them as one `Options`."""

    @click.option(
        "--data",
        metavar="DIR",
        help="Image folder or CSV; default: GANBAL_DATA, data/chest_xray, phantom set.",
    )
    @click.option("--config", "config_file", type=click.Path(path_type=Path), metavar="FILE", help="YAML settings.")
    @click.option(
        "--set", "assignments", multiple=True, metavar="FIELD=VALUE", help="One setting, e.g. gan.steps=2000."
    )
    @click.option(
        "--run",
        "run_folder",
        type=click.Path(path_type=Path),
        metavar="DIR",
        help="Run folder; default: the newest.",
    )
    @click.option("--device", metavar="auto|cpu|cuda|cuda:N", help="Where the networks run.")
    @click.option("--seed", type=int, help="Seed of everything random.")
    @click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout, all else on stderr.")
    @click.option("--quiet", is_flag=True, help="No progress, no remarks; warnings stay.")
    @functools.wraps(command)
    def with_options(
        data: str | None, device: str | None, seed: int | None, assignments: Sequence[str], **others: Any
    ) -> None:
        given = {"data.root": data, "device": device, "seed": seed}
        shortcuts = [f"{name}={json.dumps(value)}" for name, value in given.items() if value is not None]
        names = ("config_file", "run_folder", "as_json", "quiet")
        options = {name: others.pop(name) for name in names} | {"assignments": [*shortcuts, *assignments]}
        command(options, **others)

    return with_options


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="ganbal")
def main() -> None:
    """Balance a medical image set with a GAN, and measure whether that helped.

    One after another: inspect, train-gan, synthesize, score, compare, report; or `run` for all of them.
    Try `ganbal demo`: no download, a few minutes on a laptop.
    """


@main.command()
@shared_options
def inspect(options: dict[str, Any]) -> None:
    """Look at the images: counts, sizes, duplicates, patients in two splits."""
    _perform("inspect", options, begins=True)


@main.command("train-gan")
@shared_options
def train_gan(options: dict[str, Any]) -> None:
    """Train the DCGAN on the minority class of the training part; of three classes and more, on each smaller one.

    One network for all classes: --set gan.conditional=true. Chosen classes: --set gan.class_names=[A,B].

    With four GPUs: torchrun --nproc-per-node 4 -m -- ganbal train-gan …
    """
    from ganbal.pipeline import train_gan_together
    from ganbal.runtime.console import Console

    console = Console(quiet=options["quiet"])
    outcome = train_gan_together(options["run_folder"], options["config_file"], options["assignments"], console)
    if outcome is not None:
        _print(outcome, options)


@main.command()
@click.option(
    "--n", "numbers", multiple=True, metavar="N|CLASS=N", help="How many; repeatable as CLASS=N. Default: --target."
)
@click.option("--target", type=click.Choice(["balanced"]), help="Fill every class with a generator up to the largest.")
@click.option("--ratio", type=float, metavar="R", help="Only this share of what each class lacks.")
@click.option("--reject-copies", is_flag=True, help="Draw anew what comes too near to a training image.")
@shared_options
def synthesize(
    options: dict[str, Any], numbers: Sequence[str], target: str | None, ratio: float | None, reject_copies: bool
) -> None:
    """Draw images from the trained generator, with a manifest."""
    if numbers and (target or ratio is not None):
        raise click.UsageError("--n says how many; it does not go with --target or --ratio.")
    options = _with(options, "synthesis.reject_copies", reject_copies or None)
    if numbers or target or ratio is not None:  # each replaces what an earlier command of the run had said
        options = _with(options, "synthesis.num_images", _number_or_counts(numbers) if numbers else "balance")
        options = _with(options, "synthesis.ratio", 1.0 if ratio is None else ratio)
    _perform("synthesise", options)


def _number_or_counts(numbers: Sequence[str]) -> int | dict[str, int]:
    """`["2500"]` to 2500; `["NORMAL=2500", "OTHER=100"]` to a count for each class."""
    counts: dict[str, int] = {}
    for text in numbers:
        name, equals, number = text.rpartition("=")
        if not number.removeprefix("-").isdecimal() or bool(equals) != bool(name) or name in counts:
            raise click.UsageError(f"--n {text}: give a whole number, or CLASS=N once for each class.")
        counts[name] = int(number)
    if "" in counts and len(counts) > 1:
        raise click.UsageError("--n N goes alone; write CLASS=N for each of several classes.")
    return counts.get("", counts)


@main.command()
@click.argument("folders", nargs=-1, type=click.Path(path_type=Path), metavar="[REAL SYNTHETIC]")
@click.option(
    "--save-statistics",
    type=click.Path(path_type=Path),
    metavar="FILE.npz",
    help="Write the statistics of one folder, as pytorch-fid does.",
)
@click.option("--dims", type=int, metavar="64|192|768|2048", help="Inception layer.")
@click.option("--weights", type=click.Path(path_type=Path), metavar="FILE", help="File with the extractor's weights.")
@shared_options
def score(
    options: dict[str, Any],
    folders: Sequence[Path],
    save_statistics: Path | None,
    dims: int | None,
    weights: Path | None,
) -> None:
    """Measure how near synthetic images come to real ones: FID and companions.

    Without folders: the newest run's images. With two: any images in them.
    """
    options = _with(_with(options, "score.dims", dims), "score.weights", str(weights) if weights else None)
    if folders or save_statistics:
        _score_folders(options, folders, save_statistics)
    else:
        _perform("score", options)


@main.command()
@click.option("--seeds", type=int, metavar="N", help="Trainings of every classifier on every arm.")
@click.option("--workers", type=int, metavar="N", help="Trainings at a time; default: one a CPU core.")
@click.option("--executor", type=click.Choice(["processes", "ray"]), help="Where they run.")
@click.option("--weights", metavar="NAME|FILE", help="Of frozen backbones: imagenet, none or a file.")
@shared_options
def compare(
    options: dict[str, Any], seeds: int | None, workers: int | None, executor: str | None, weights: str | None
) -> None:
    """Retrain the classifiers on every arm and compare balanced with imbalanced."""
    options = _with(_with(options, "study.workers", workers), "study.executor", executor)
    options = _with(options, "study.weights", weights)
    _perform("compare", _with(options, "study.seeds", seeds))


@main.command()
@shared_options
def report(options: dict[str, Any]) -> None:
    """Build report.html and report.md from a run's files."""
    _perform("report", options)


@main.command()
@shared_options
def run(options: dict[str, Any]) -> None:
    """Do all stages in order; finished ones are not done again."""
    _perform("run_all", options, begins=True)


@main.command()
@shared_options
def demo(options: dict[str, Any]) -> None:
    """Do all stages on the embedded phantom set: drawn chests, no download, minutes on a CPU."""
    from ganbal.config.presets import preset_file

    if options["config_file"] is not None:
        raise click.UsageError("`demo` has a configuration of its own; use `run --config FILE`.")
    options["config_file"] = preset_file("demo")
    _perform("run_all", options, begins=True)


@main.command()
@click.argument("images", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="IMAGE…")
@click.option("--run", "run_folder", type=click.Path(path_type=Path), metavar="DIR", help="Default: the newest run.")
@click.option("--arm", help="Folder under study/cells: how its training set was made; default: imbalanced.")
@click.option("--classifier", help="Which model; default: the first of the run.")
@click.option("--seed", type=int, help="Which training of it; default: the lowest seed.")
@click.option("--threshold", metavar="T", help="A number, `youden` or `recall=0.95`, on validation; default: 0.5.")
@click.option("--csv", "csv_file", type=click.Path(path_type=Path), metavar="FILE", help="Write the predictions there.")
@click.option("--device", metavar="auto|cpu|cuda|cuda:N", default="auto", help="Where the network runs.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout, all else on stderr.")
@click.option("--quiet", is_flag=True, help="No progress, no remarks; warnings stay.")
def predict(images: Sequence[Path], csv_file: Path | None, as_json: bool, quiet: bool, **choice: Any) -> None:
    """Ask a trained classifier of a run about files or folders of images. For research, not for patients."""
    from ganbal.runtime.console import Console
    from ganbal.stages.predict import predict_command

    outcome = predict_command(images, csv_file=csv_file, console=Console(quiet=quiet), **choice)
    click.echo(json.dumps(outcome.facts, indent=2, allow_nan=False) if as_json else outcome.text)
    outcome.raise_problems()


@main.command()
@click.option("--only", multiple=True, metavar="NAME", help="One system, a file of configs/documents; repeatable.")
@click.option("--seeds", type=int, metavar="N", help="Trainings of each; default: what its file says.")
@click.option("--protocol", type=click.Choice(["both", "honest", "documents"]), default="both", help="What stops it.")
@shared_options
def reproduce(options: dict[str, Any], only: Sequence[str], seeds: int | None, protocol: str) -> None:
    """Train the published systems and set their figures beside the published ones."""
    from ganbal.runtime.console import Console
    from ganbal.stages.reproduce import reproduce_command

    console = Console(quiet=options["quiet"])
    chosen = options["run_folder"], options["config_file"], options["assignments"]
    _print(reproduce_command(*chosen, console, only=only, seeds=seeds, protocol=protocol), options)


def _perform(stage: str, options: dict[str, Any], *, begins: bool = False) -> None:
    """Choose the run, carry out `stage` of the pipeline in it and print what came of it."""
    from ganbal.pipeline import Pipeline
    from ganbal.runtime.console import Console
    from ganbal.runtime.distributed import is_one_of_several

    if is_one_of_several():
        raise click.UsageError("Only `train-gan` works in several processes; start this one without torchrun.")
    console = Console(quiet=options["quiet"])
    chosen = options["run_folder"], options["config_file"], options["assignments"]
    select = Pipeline.begin if begins else Pipeline.of_study if stage == "compare" else Pipeline.resume
    pipeline = select(*chosen, console)
    _print(getattr(pipeline, stage)(), options)


def _score_folders(options: dict[str, Any], folders: Sequence[Path], statistics: Path | None) -> None:
    from ganbal.runtime.console import Console
    from ganbal.stages.score_folders import save_folder_statistics, score_two_folders

    wanted = "one folder for --save-statistics" if statistics else "two folders, REAL and SYNTHETIC, or none for a run"
    if len(folders) != (1 if statistics else 2):
        raise click.UsageError(f"Give {wanted}; found {len(folders)}.")
    settings = options["config_file"], options["assignments"], Console(quiet=options["quiet"])
    if statistics:
        _print(save_folder_statistics(folders[0], statistics, *settings), options)
    else:
        _print(score_two_folders(folders[0], folders[1], *settings), options)


def _print(outcome: Any, options: dict[str, Any]) -> None:
    if options["as_json"]:
        click.echo(json.dumps(outcome.facts, indent=2, allow_nan=False))
        click.echo(outcome.next_step, err=True)
    else:
        click.echo(outcome.text)
        click.echo(outcome.next_step)


def _with(options: dict[str, Any], name: str, value: Any) -> dict[str, Any]:
    """The options with one more assignment, where a value was given."""
    more = [f"{name}={json.dumps(value)}"] if value is not None else []
    return options | {"assignments": [*options["assignments"], *more]}
