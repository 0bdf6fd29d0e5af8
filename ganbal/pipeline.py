"""What each command does: check first, then the stages in order, then say what came of it."""

import functools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ganbal.config import Config, dump_config, load_config
from ganbal.run.folder import Run, newest_run, now
from ganbal.run.provenance import describe_machine
from ganbal.run.selection import select_run_to_begin, select_run_to_continue
from ganbal.runtime.console import Console
from ganbal.runtime.distributed import joined_world
from ganbal.stages import results_text
from ganbal.stages.cell_worker import workers_for
from ganbal.stages.context import Stages
from ganbal.stages.outcome import Outcome
from ganbal.stages.preflight import Need, check_before_work, pin_data_root, wants_synthetic
from ganbal.stages.study_preflight import check_study


class Pipeline:
    """The commands on one run."""

    def __init__(self, run: Run, config: Config, console: Console) -> None:
        self.run, self.config, self.console = run, config, console
        self.stages = Stages(run, config, console)

    @classmethod
    def begin(
        cls, run_folder: Path | None, config_file: Path | None, assignments: Sequence[str], console: Console
    ) -> "Pipeline":
        """For commands that may start a run."""
        settle = functools.partial(pin_data_root, console=console)
        return cls(*select_run_to_begin(run_folder, config_file, assignments, settle), console)

    @classmethod
    def resume(
        cls, run_folder: Path | None, config_file: Path | None, assignments: Sequence[str], console: Console
    ) -> "Pipeline":
        """For commands that need a run.

        Raises:
            InputError: there is none.
        """
        return cls(*select_run_to_continue(run_folder, config_file, assignments), console)

    @classmethod
    def of_study(
        cls, run_folder: Path | None, config_file: Path | None, assignments: Sequence[str], console: Console
    ) -> "Pipeline":
        """For a study: it needs a run where it needs synthetic images; without such arms it may start one.

        Raises:
            InputError: there is no run, and an arm needs one.
        """
        chosen = run_folder, config_file, assignments
        run = Run(run_folder) if run_folder is not None else newest_run()
        has_run = run is not None and run.config_file.is_file()
        if not has_run and not wants_synthetic(load_config(config_file, assignments).study):
            return cls.begin(*chosen, console)
        return cls.resume(*chosen, console)

    def inspect(self) -> Outcome:
        self._prepare()
        facts = self.stages.inspect()
        return self._outcome(facts, results_text.inspection(facts), "ganbal train-gan")

    def train_gan(self) -> Outcome:
        self._prepare(Need.GAN)
        self.stages.inspect()
        facts = self.stages.train_gan()
        return self._outcome(facts, results_text.training(facts), "ganbal synthesize --n 2500")

    def synthesise(self) -> Outcome:
        self._prepare(Need.GAN)
        facts = self.stages.synthesise()
        return self._outcome(facts, results_text.synthesis(facts), "ganbal score, then ganbal compare")

    def score(self) -> Outcome:
        self._prepare(Need.SCORE)
        facts = self.stages.score()
        return self._outcome(facts, results_text.scores(facts), "ganbal compare")

    def compare(self) -> Outcome:
        self._prepare(Need.STUDY)
        self.stages.inspect()
        facts = self.stages.compare(workers_for)
        report = self.stages.report()
        return self._outcome(facts, results_text.study(facts), f"open {report['html']}")

    def report(self) -> Outcome:
        facts = self.stages.report()
        return self._outcome(facts, f"Report: {facts['html']}", f"open {facts['html']}")

    def run_all(self) -> Outcome:
        self._prepare(Need.GAN, Need.SCORE, Need.STUDY)
        inspection = self.stages.inspect()
        training = self.stages.train_gan()
        self.stages.synthesise()
        scores = self.stages.score()
        study = self.stages.compare(workers_for)
        report = self.stages.report()
        facts = {"data": inspection, "gan": training, "scores": scores, "study": study, "report": report}
        text = f"{results_text.scores(scores)}\n\n{results_text.study(study)}"
        return self._outcome(facts, text, f"open {report['html']}")

    def _prepare(self, *needs: Need) -> None:
        """Check all that the command will need; only then write the first file."""
        check_before_work(self.run, self.config, needs)
        digest = self.stages.dataset.table.digest()  # reads every image, which can still find too many unreadable
        if Need.STUDY in needs:
            check_study(self.stages, draws=Need.GAN in needs)
        self.console.log_file = self.run.log_file
        settings = dump_config(self.config)
        if not self.run.config_file.is_file() or self.run.config_file.read_text(encoding="utf-8") != settings:
            self.run.save_settings(settings)
        self.run.update_provenance(
            **describe_machine(),
            device=str(self.stages.device),
            last_command_at=now(),
            seed=self.config.seed,
            data_digest=digest,
        )
        self.console.say(f"Run folder: {self.run.folder}")

    def _outcome(self, facts: dict[str, Any], text: str, next_step: str) -> Outcome:
        return Outcome({"run": str(self.run.folder)} | facts, text, f"Next: {next_step}")


def train_gan_together(
    run_folder: Path | None, config_file: Path | None, assignments: Sequence[str], console: Console
) -> Outcome | None:
    """`train-gan` in one process or in all that `torchrun` started; only the first has something to tell."""
    with joined_world() as world:
        if world.is_first:
            pipeline = Pipeline.begin(run_folder, config_file, assignments, console)
            pipeline.stages.world = world
            outcome = pipeline.train_gan()
            world.tell(None)
            return outcome
        while (job := world.tell(None)) is not None:
            config = load_config(None, base=job["settings"])
            stages = Stages(Run(Path(job["run"])), config, Console(quiet=True), world)
            stages.at_fraction(job["minority_fraction"]).train_gan_beside()
        return None
