"""What each command does: open the run, carry out its stages in order, describe the result."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ganbal.errors import InputError
from ganbal.run.selection import RunChoice, SelectedRun, existing_run, select_run_to_begin, select_run_to_continue
from ganbal.runtime.console import Console
from ganbal.runtime.distributed import joined_world
from ganbal.stages import results_text
from ganbal.stages import score as scoring
from ganbal.stages.compare import compare as compare_stage
from ganbal.stages.context import RunContext
from ganbal.stages.inspect import inspect as inspect_stage
from ganbal.stages.predict import predict_command
from ganbal.stages.report import report as report_stage
from ganbal.stages.reproduce import reproduce_command
from ganbal.stages.requirements import Requirement, wants_synthetic
from ganbal.stages.session import open_run
from ganbal.stages.synthesize import synthesize as synthesize_stage
from ganbal.stages.train_gan import assist_training
from ganbal.stages.train_gan import train_gan as train_gan_stage

_ALL_STAGES = Requirement.IMAGES, Requirement.GAN, Requirement.SCORE, Requirement.STUDY


@dataclass(frozen=True)
class Outcome:
    """What a command gives back.

    Attributes:
        facts: for programs, as JSON.
        text: for people.
        next_step: a command to continue with, or empty.
        problem: what makes the command fail although there is a result to print.
    """

    facts: dict[str, Any]
    text: str
    next_step: str = ""
    problem: InputError | None = None


def inspect(choice: RunChoice, console: Console) -> Outcome:
    with open_run(select_run_to_begin(choice, console), console, "inspect", Requirement.IMAGES) as context:
        facts = inspect_stage(context)
        return _outcome(context, facts, results_text.inspection(facts), "ganbal train-gan")


def train_gan(choice: RunChoice, console: Console) -> Outcome | None:
    """Train in this process, or in all that `torchrun` started; all but the first return None."""
    with joined_world() as world:
        if not world.is_first:
            assist_training(world)
            return None
        selected = select_run_to_begin(choice, console)
        requirements = Requirement.IMAGES, Requirement.GAN
        with open_run(selected, console, "train-gan", *requirements, world=world) as context:
            inspect_stage(context)
            facts = train_gan_stage(context)
            world.tell(None)  # the others have finished, too
            return _outcome(context, facts, results_text.training(facts), "ganbal synthesize --n 2500")


def synthesize(choice: RunChoice, console: Console) -> Outcome:
    selected = select_run_to_continue(choice)
    with open_run(selected, console, "synthesize", Requirement.IMAGES, Requirement.GAN) as context:
        facts = synthesize_stage(context)
        return _outcome(context, facts, results_text.synthesis(facts), "ganbal score, then ganbal compare")


def score(choice: RunChoice, console: Console) -> Outcome:
    selected = select_run_to_continue(choice)
    with open_run(selected, console, "score", Requirement.IMAGES, Requirement.SCORE) as context:
        facts = scoring.score(context)
        return _outcome(context, facts, results_text.scores(facts), "ganbal compare")


def score_two_folders(choice: RunChoice, console: Console, *, real: Path, synthetic: Path) -> Outcome:
    """Score any two folders of images, without a run."""
    facts = scoring.score_two_folders(real, synthetic, choice.settings(), console)
    return Outcome(facts, results_text.scores(facts), "ganbal compare, to see whether such images help")


def save_folder_statistics(choice: RunChoice, console: Console, *, folder: Path, target: Path) -> Outcome:
    """Write the mean and covariance of a folder's features as pytorch-fid does."""
    facts = scoring.save_folder_statistics(folder, target, choice.settings(), console)
    return Outcome(facts, f"Statistics of {folder}: {target}", f"ganbal score {target} SYNTHETIC")


def compare(choice: RunChoice, console: Console) -> Outcome:
    with open_run(_run_of_study(choice, console), console, "compare", Requirement.IMAGES, Requirement.STUDY) as context:
        inspect_stage(context)
        facts = compare_stage(context)
        report = report_stage(context.run)
        return _outcome(context, facts, results_text.study(facts), f"open {report['html']}")


def _run_of_study(choice: RunChoice, console: Console) -> SelectedRun:
    """A study of arms that need synthetic images needs a run; any other may start one."""
    if existing_run(choice) is None and not wants_synthetic(choice.settings().study):
        return select_run_to_begin(choice, console)
    return select_run_to_continue(choice)


def report(choice: RunChoice, console: Console) -> Outcome:
    with open_run(select_run_to_continue(choice), console, "report") as context:
        facts = report_stage(context.run)
        return _outcome(context, facts, f"Report: {facts['html']}", f"open {facts['html']}")


def run(choice: RunChoice, console: Console) -> Outcome:
    """All stages in order."""
    with open_run(select_run_to_begin(choice, console), console, "run", *_ALL_STAGES) as context:
        inspection = inspect_stage(context)
        training = train_gan_stage(context)
        synthesize_stage(context)
        scores = scoring.score(context)
        study = compare_stage(context)
        report = report_stage(context.run)
        facts = {"data": inspection, "gan": training, "scores": scores, "study": study, "report": report}
        text = f"{results_text.scores(scores)}\n\n{results_text.study(study)}"
        return _outcome(context, facts, text, f"open {report['html']}")


def reproduce(choice: RunChoice, console: Console, *, only: Sequence[str], seeds: int | None, protocol: str) -> Outcome:
    """Train the published systems."""
    facts, text, html = reproduce_command(choice, console, only=only, seeds=seeds, protocol=protocol)
    return Outcome(facts, text, f"open {html}")


def predict(images: Sequence[Path], console: Console, **choices: Any) -> Outcome:
    """Predict files or folders of images with a trained classifier of a run."""
    found = predict_command(images, console=console, **choices)
    return Outcome(found.facts, found.text, problem=found.problem)


def _outcome(context: RunContext, facts: dict[str, Any], text: str, next_step: str) -> Outcome:
    return Outcome({"run": str(context.run.folder)} | facts, text, next_step)
