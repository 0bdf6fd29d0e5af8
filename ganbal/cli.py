"""The `ganbal` command: parse, call one function of the pipeline, print."""

import functools
import json
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from ganbal import __version__
from ganbal.errors import GanbalError

# Nothing heavier than click may be imported here: `ganbal --help` answers at once. Commands import what they need.


class Commands(click.Group):
    """Reports failures as one paragraph with their exit code; with `-v` the traceback follows."""

    def invoke(self, ctx: click.Context) -> Any:
        from ganbal.runtime.signals import Terminated, exit_on_sigterm

        for stream in (sys.stdout, sys.stderr):  # an encoding without "±" or "–" is no reason to fail after the work
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="replace")
        try:
            with exit_on_sigterm():
                return super().invoke(ctx)
        except (click.exceptions.Exit, click.Abort, click.ClickException):
            raise
        except Terminated:
            click.echo("Terminated.", err=True)
            ctx.exit(143)
        except KeyboardInterrupt:
            click.echo("Interrupted.", err=True)
            ctx.exit(130)
        except BrokenPipeError:  # of the reader of stdout, such as `head`
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            ctx.exit(1)
        except Exception as error:
            _report(error)
            ctx.exit(error.exit_code if isinstance(error, GanbalError) else 1)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)  # in the order of the work, not of the alphabet


def _report(error: Exception) -> None:
    """One paragraph on stderr, the traceback only with `-v`."""
    from ganbal.runtime.text import harmless

    if "-v" in sys.argv or "--verbose" in sys.argv:
        click.echo(traceback.format_exc(), err=True)
    if isinstance(error, GanbalError):
        text = str(error)
    elif isinstance(error, OSError):
        text = f"{error.filename}: {error.strerror}." if error.filename else f"{error}."
    else:
        text = f"{type(error).__name__}: {error}. This is a bug in ganbal; repeat the command with -v for details."
    click.echo(harmless(f"error: {text}"), err=True)


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
    @click.option("--quiet", is_flag=True, help="No progress, no messages; warnings stay.")
    @click.option("-v", "--verbose", is_flag=True, help="More messages; a traceback when a command fails.")
    @functools.wraps(command)
    def with_options(
        data: str | None, device: str | None, seed: int | None, assignments: Sequence[str], **others: Any
    ) -> None:
        given = {"data.root": data, "device": device, "seed": seed}
        shortcuts = [f"{name}={json.dumps(value)}" for name, value in given.items() if value is not None]
        names = ("config_file", "run_folder", "as_json", "quiet", "verbose")
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
    from ganbal import pipeline

    _carry_out(pipeline.inspect, options)


@main.command("train-gan")
@shared_options
def train_gan(options: dict[str, Any]) -> None:
    """Train the DCGAN on the minority class of the training part; of three classes and more, on each smaller one.

    One network for all classes: --set gan.conditional=true. Chosen classes: --set gan.class_names=[A,B].

    With four GPUs: torchrun --nproc-per-node 4 -m -- ganbal train-gan …
    """
    from ganbal import pipeline

    _carry_out(pipeline.train_gan, options, in_several_processes=True)


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
    from ganbal import pipeline

    _carry_out(pipeline.synthesize, options)


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
    wanted = (1,) if save_statistics else (0, 2)
    if len(folders) not in wanted:
        what = "one folder for --save-statistics" if save_statistics else "two folders, REAL and SYNTHETIC, or none"
        raise click.UsageError(f"Give {what}; found {len(folders)}.")
    from ganbal import pipeline

    options = _with(_with(options, "score.dims", dims), "score.weights", str(weights) if weights else None)
    if save_statistics:
        _carry_out(
            functools.partial(pipeline.save_folder_statistics, folder=folders[0], target=save_statistics), options
        )
    elif folders:
        _carry_out(functools.partial(pipeline.score_two_folders, real=folders[0], synthetic=folders[1]), options)
    else:
        _carry_out(pipeline.score, options)


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
    from ganbal import pipeline

    _carry_out(pipeline.compare, _with(options, "study.seeds", seeds))


@main.command()
@shared_options
def report(options: dict[str, Any]) -> None:
    """Build report.html and report.md from a run's files."""
    from ganbal import pipeline

    _carry_out(pipeline.report, options)


@main.command()
@shared_options
def run(options: dict[str, Any]) -> None:
    """Do all stages in order; finished ones are not done again."""
    from ganbal import pipeline

    _carry_out(pipeline.run, options)


@main.command()
@shared_options
def demo(options: dict[str, Any]) -> None:
    """Do all stages on the embedded phantom set: drawn chests, no download, minutes on a CPU."""
    from ganbal import pipeline
    from ganbal.config.presets import preset_file

    if options["config_file"] is not None:
        raise click.UsageError("`demo` has a configuration of its own; use `run --config FILE`.")
    options["config_file"] = preset_file("demo")
    _carry_out(pipeline.run, options)


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
    from ganbal import pipeline
    from ganbal.runtime.console import Console

    console = Console(quiet=quiet)
    with console.show_log():
        _print(pipeline.predict(images, console, csv_file=csv_file, **choice), as_json)


@main.command()
@click.option("--only", multiple=True, metavar="NAME", help="One system, a file of configs/documents; repeatable.")
@click.option("--seeds", type=int, metavar="N", help="Trainings of each; default: what its file says.")
@click.option("--protocol", type=click.Choice(["both", "honest", "documents"]), default="both", help="What stops it.")
@shared_options
def reproduce(options: dict[str, Any], only: Sequence[str], seeds: int | None, protocol: str) -> None:
    """Train the published systems and set their figures beside the published ones."""
    from ganbal import pipeline

    reproduction = functools.partial(pipeline.reproduce, only=only, seeds=seeds, protocol=protocol)
    _carry_out(reproduction, options)


def _carry_out(command: Callable[..., Any], options: dict[str, Any], *, in_several_processes: bool = False) -> None:
    """Call a function of the pipeline with what was typed, and print what it returns."""
    from ganbal.run.selection import RunChoice
    from ganbal.runtime.console import Console

    if not in_several_processes and int(os.environ.get("WORLD_SIZE", "1")) > 1:  # set by torchrun
        raise click.UsageError("Only `train-gan` works in several processes; start this one without torchrun.")
    console = Console(quiet=options["quiet"], verbose=options["verbose"])
    choice = RunChoice(options["run_folder"], options["config_file"], options["assignments"])
    with console.show_log():
        outcome = command(choice, console=console)
    if outcome is not None:
        _print(outcome, options["as_json"])


def _print(outcome: Any, as_json: bool) -> None:
    """The result on stdout; the next step beside it, or on stderr where stdout is JSON."""
    from ganbal.runtime.text import printable, printable_lines

    click.echo(json.dumps(outcome.facts, indent=2, allow_nan=False) if as_json else printable_lines(outcome.text))
    if outcome.next_step:
        click.echo(f"Next: {printable(outcome.next_step)}", err=as_json)
    if outcome.problem is not None:
        raise outcome.problem


def _with(options: dict[str, Any], name: str, value: Any) -> dict[str, Any]:
    """The options with one more assignment, where a value was given."""
    more = [f"{name}={json.dumps(value)}"] if value is not None else []
    return options | {"assignments": [*options["assignments"], *more]}
