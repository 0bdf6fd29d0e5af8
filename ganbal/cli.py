"""The `ganbal` command: parse, call one function of the pipeline, print."""

import json
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from ganbal import __version__
from ganbal.errors import GanbalError, reason_of
from ganbal.export.formats import FORMATS
from ganbal.options import GroupedCommand, Shortcuts, Typed, number_or_counts, option, shared_options

# Nothing heavier than click may be imported here: `ganbal --help` answers at once. Commands import what they need.

_GAN = Shortcuts(class_name=["gan.class_name"], image_size=["gan.image_size_px"], steps=["gan.steps"])
_STUDY = Shortcuts(image_size=["study.image_size_px"], steps=["study.steps"])
_ALL = Shortcuts(
    class_name=["gan.class_name"], image_size=["gan.image_size_px", "study.image_size_px"], steps=["gan.steps"]
)


class Commands(click.Group):
    """Reports failures as one paragraph with their exit code; with `-v` the traceback precedes it."""

    command_class = GroupedCommand

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
    """One paragraph on stderr, after the traceback with `-v`."""
    from ganbal.runtime.printing import print_error

    if "-v" in sys.argv or "--verbose" in sys.argv:
        click.echo(traceback.format_exc(), err=True)
    if isinstance(error, GanbalError):
        text = str(error)
    elif isinstance(error, OSError):
        text = f"{error.filename or 'A file'} cannot be used: {reason_of(error)}."
    else:
        text = f"{type(error).__name__}: {error}. This is a bug in ganbal; repeat the command with -v for details."
    print_error(text, sys.stderr)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="ganbal")
def main() -> None:
    """Balance a medical image set with a GAN, and measure whether that helps classifiers.

    In this order: inspect, train-gan, synthesize, score, compare, report; or `run` for all of them.
    Try `ganbal demo`: no download, a few minutes on a laptop.
    """


@main.command()
@shared_options(Shortcuts(class_name=["gan.class_name"]))
def inspect(typed: Typed) -> None:
    """Describe the images: counts, sizes, duplicates, patients in two splits."""
    from ganbal import pipeline

    _carry_out(pipeline.inspect, typed)


@main.command("train-gan")
@option(
    "--from",
    "files",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Use this exported generator instead of training one; repeatable, one per class.",
)
@shared_options(_GAN, asks=True)
def train_gan(typed: Typed, files: Sequence[Path]) -> None:
    """Train the GAN on the training images of the minority class.

    With three classes or more, one generator is trained for each smaller class; --set gan.conditional=true trains one
    generator for all classes.

    With four GPUs: torchrun --nproc-per-node 4 -m -- ganbal train-gan …
    """
    from ganbal import pipeline

    if files:
        _check_generators(files)
        _carry_out(pipeline.import_generators, typed, generators=files)
    else:
        _carry_out(pipeline.train_gan, typed, in_several_processes=True)


@main.command()
@option("--n", "numbers", multiple=True, metavar="N|CLASS=N", help="Number of images; repeatable as CLASS=N.")
@option("--target", type=click.Choice(["balanced"]), help="Fill every class with a generator up to the largest class.")
@option("--ratio", type=float, metavar="R", help="Generate only this fraction of what each class lacks.")
@option("--reject-copies", is_flag=True, help="Regenerate images that are too close to a training image.")
@option("--select", type=int, metavar="K", help="Generate K times as many, keep those hardest to tell from real ones.")
@option("--overwrite", is_flag=True, help="Replace images that were generated before.")
@option("--from", "file", type=click.Path(path_type=Path), metavar="FILE", help="An exported generator; needs no data.")
@shared_options()
def synthesize(
    typed: Typed,
    numbers: Sequence[str],
    target: str | None,
    ratio: float | None,
    reject_copies: bool,
    select: int | None,
    overwrite: bool,
    file: Path | None,
) -> None:
    """Generate images from the trained generator, with a manifest. Default: as many as each class lacks."""
    from ganbal import pipeline

    if numbers and (target or ratio is not None):
        raise click.UsageError("--n gives the number of images; it does not go with --target or --ratio.")
    typed = typed.with_value("synthesis.reject_copies", reject_copies or None)
    typed = typed.with_value("synthesis.select", select)
    if numbers or target or ratio is not None:  # each replaces what an earlier command of the run has set
        typed = typed.with_value("synthesis.num_images", number_or_counts(numbers) if numbers else "balance")
        typed = typed.with_value("synthesis.ratio", 1.0 if ratio is None else ratio)
    if file is not None:
        _check_generators([file])
        _carry_out(pipeline.synthesize_from_file, typed, file=file, overwrite=overwrite)
    else:
        _carry_out(pipeline.synthesize, typed, overwrite=overwrite)


@main.command()
@click.argument("folders", nargs=-1, type=click.Path(path_type=Path), metavar="[REAL SYNTHETIC]")
@option(
    "--save-statistics",
    type=click.Path(path_type=Path),
    metavar="FILE.npz",
    help="Write the feature statistics of one folder, as pytorch-fid does.",
)
@option("--dims", type=int, metavar="64|192|768|2048", help="Inception layer. [default: 2048]")
@option("--weights", type=click.Path(path_type=Path), metavar="FILE", help="Weights of the feature extractor.")
@shared_options()
def score(
    typed: Typed, folders: Sequence[Path], save_statistics: Path | None, dims: int | None, weights: Path | None
) -> None:
    """Measure the quality of synthetic images: FID and further scores.

    Without folders: the images of the newest run. With two folders: the images in them.
    """
    from ganbal import pipeline

    wanted = (1,) if save_statistics else (0, 2)
    if len(folders) not in wanted:
        what = "one folder for --save-statistics" if save_statistics else "two folders, REAL and SYNTHETIC, or none"
        raise click.UsageError(f"Give {what}; found {len(folders)}.")
    _check_images(folders)
    typed = typed.with_value("score.dims", dims).with_value("score.weights", str(weights) if weights else None)
    if save_statistics:
        _carry_out(pipeline.save_folder_statistics, typed, folder=folders[0], target=save_statistics)
    elif folders:
        _carry_out(pipeline.score_two_sets, typed, real=folders[0], synthetic=folders[1])
    else:
        _carry_out(pipeline.score, typed)


@main.command()
@option(
    "--seeds",
    type=click.IntRange(min=1),
    metavar="N",
    help="Training runs of every classifier on every arm. [default: 5]",
)
@option(
    "--workers", type=click.IntRange(min=1), metavar="N", help="Training runs at a time. [default: one per CPU core]"
)
@option("--executor", type=click.Choice(["processes", "ray"]), help="Where they run. [default: processes]")
@option("--weights", metavar="NAME|FILE", help="Weights of frozen backbones: imagenet, none, a file, or {vgg16: FILE}.")
@shared_options(_STUDY, asks=True)
def compare(typed: Typed, seeds: int | None, workers: int | None, executor: str | None, weights: str | None) -> None:
    """Retrain the classifiers on every arm and compare balanced with imbalanced."""
    from ganbal import pipeline

    for name, value in {"workers": workers, "executor": executor, "seeds": seeds}.items():
        typed = typed.with_value(f"study.{name}", value)
    if weights is not None and weights.startswith("{"):  # a mapping, as `--set` takes it
        typed = replace(typed, assignments=(*typed.assignments, f"study.weights={weights}"))
    else:
        typed = typed.with_value("study.weights", weights)
    _carry_out(pipeline.compare, typed)


@main.command()
@shared_options(None)
def report(typed: Typed) -> None:
    """Build report.html and report.md from the files of a run."""
    from ganbal import pipeline

    _carry_out(pipeline.report, typed)


@main.command()
@option("--format", "form", type=click.Choice(FORMATS), default="safetensors", show_default=True, help="Of the files.")
@option("--to", "target", type=click.Path(path_type=Path), metavar="DIR", help="[default: export/FORMAT in the run]")
@option("--class", "class_name", metavar="NAME", help="Only this class. [default: all]")
@option("--copy", is_flag=True, help="With kaggle: copy the real images instead of linking them.")
@option("--with-real", is_flag=True, help="With npz: put the real images into the file, too.")
@option("--push-to-hub", "repository", metavar="OWNER/NAME", help="Upload the folder to the Hugging Face Hub.")
@shared_options(None)
def export(typed: Typed, copy: bool, **choices: Any) -> None:
    """Write the generator, or the synthetic images, in a format of other programs.

    Generators: safetensors, torch-export, onnx. Images: imagefolder (Hugging Face), kaggle (with the real
    images linked), npz (MedMNIST).
    """
    from ganbal import pipeline

    _carry_out(pipeline.export, typed, link="copy" if copy else "symlink", **choices)


@main.command()
@shared_options(_ALL, asks=True)
def run(typed: Typed) -> None:
    """Carry out all stages in order; finished stages are skipped."""
    from ganbal import pipeline

    _carry_out(pipeline.run, typed)


@main.command()
@shared_options(_ALL)
def demo(typed: Typed) -> None:
    """Carry out all stages on the embedded phantom set: simulated chests, no download, minutes on a CPU."""
    from ganbal import pipeline

    if typed.config_file is not None or typed.preset is not None:
        raise click.UsageError("`demo` has a preset of its own; use `run --preset NAME` or `run --config FILE`.")
    _carry_out(pipeline.run, Typed(**vars(typed) | {"preset": "demo"}))


@main.command()
@click.argument("images", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="IMAGE…")
@option("--arm", metavar="NAME", help="Training set of the classifier, a folder of study/cells. [default: imbalanced]")
@option("--classifier", metavar="NAME", help="Which model. [default: the first of the run]")
@option("--seed", type=int, metavar="N", help="Which of its training runs. [default: the lowest seed]")
@option("--threshold", metavar="T", help="A number, or `youden` or `recall=0.95` on validation. [default: 0.5]")
@option("--csv", "csv_file", type=click.Path(path_type=Path), metavar="FILE", help="Also write the predictions there.")
@option("--device", metavar="auto|cpu|cuda|cuda:N", default="auto", help="Where the network runs. [default: auto]")
@shared_options(None)
def predict(typed: Typed, images: Sequence[Path], **choices: Any) -> None:
    """Predict images (files or folders) with a trained classifier of a run. For research, not for patients."""
    from ganbal import pipeline

    _check_images(images)
    _carry_out(pipeline.predict, typed, images=images, **choices)


@main.command()
@option("--only", multiple=True, metavar="NAME", help="One published system, a file of configs/documents; repeatable.")
@option(
    "--seeds", type=click.IntRange(min=1), metavar="N", help="Training runs of each system. [default: as in its file]"
)
@option(
    "--protocol",
    type=click.Choice(["both", "honest", "documents"]),
    default="both",
    show_default=True,
    help="Early stopping on validation (honest), or on the test set as published (documents).",
)
@shared_options(asks=True)
def reproduce(typed: Typed, only: Sequence[str], seeds: int | None, protocol: str) -> None:
    """Train the published systems and compare their figures with the published ones."""
    from ganbal import pipeline

    _carry_out(pipeline.reproduce, typed, only=only, seeds=seeds, protocol=protocol)


@main.command("config")
@click.option("--preset", metavar="NAME", help="Show the values of this preset. [default: the defaults]")
def show_config(preset: str | None) -> None:
    """List the presets and every setting with its value and meaning."""
    from ganbal.config.describing import settings_text

    click.echo(settings_text(preset))


def _carry_out(
    command: Callable[..., Any], typed: Typed, *, in_several_processes: bool = False, **details: Any
) -> None:
    """Check what can be checked at once, call a function of the pipeline with what was typed, print what it returns."""
    from ganbal.config.loading import check_given_settings
    from ganbal.run.selection import RunChoice
    from ganbal.runtime.console import Console

    if not in_several_processes and int(os.environ.get("WORLD_SIZE", "1")) > 1:  # set by torchrun
        raise click.UsageError("Only `train-gan` works in several processes; start this one without torchrun.")
    check_given_settings(typed.preset, typed.config_file, typed.assignments)
    choice = RunChoice(typed.run_folder, typed.config_file, typed.assignments, typed.preset)
    console = Console(quiet=typed.quiet, verbose=typed.verbose, ask=None if typed.yes else _ask)
    with console.show_log():
        outcome = command(choice, console, **details)
    if outcome is not None:
        _print(outcome, typed.as_json)


def _check_images(paths: Sequence[Path]) -> None:
    from ganbal.config.given_paths import check_given

    check_given(paths, expected="The command needs images, or folders of images.", action="Correct the path.")


def _check_generators(files: Sequence[Path]) -> None:
    from ganbal.config.given_paths import check_given

    paths = [file.expanduser() for file in files]
    check_given(paths, expected="--from names a generator, a file of `ganbal export`.", action="Correct the path.")


def _ask(question: str) -> bool:
    """The user's answer; yes where there is no terminal to ask at."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return True
    return click.confirm(question, err=True)


def _print(outcome: Any, as_json: bool) -> None:
    """The result on stdout; the next step beside it, or on stderr where stdout is JSON."""
    from ganbal.runtime.printing import print_result
    from ganbal.runtime.text import printable

    if as_json:
        click.echo(json.dumps(outcome.content, indent=2, allow_nan=False))
    else:
        print_result(outcome.text, sys.stdout)
    if outcome.next_step:
        click.echo(f"Next: {printable(outcome.next_step)}", err=as_json)
    if outcome.problem is not None:
        raise outcome.problem
