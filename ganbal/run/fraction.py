"""The part of a run that sees only a fraction of the minority class: its own generator and synthetic images."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ganbal.run.folder import Run

FRACTION_PREFIX = "fraction_"
"""Begins the names of the folders inside a run's `gan/` that belong to fractions."""


@dataclass(frozen=True)
class FractionOfRun(Run):
    """The same folder, with `gan/fraction_0.25`, `synthetic_fraction_0.25` and stages named accordingly."""

    fraction: float

    @property
    def gan_folder(self) -> Path:
        return self.folder / "gan" / self._name

    @property
    def synthetic_folder(self) -> Path:
        return self.folder / f"synthetic_{self._name}"

    def stage_is_done(self, stage: str, inputs: str) -> bool:
        return super().stage_is_done(self._stage(stage), inputs)

    def changed_outputs(self, stage: str) -> list[str]:
        return super().changed_outputs(self._stage(stage))

    def mark_stage(self, stage: str, inputs: str, outputs: Iterable[Path], seconds: float) -> None:
        super().mark_stage(self._stage(stage), inputs, outputs, seconds)

    def forget_stage(self, stage: str) -> None:
        super().forget_stage(self._stage(stage))

    @property
    def _name(self) -> str:
        return f"{FRACTION_PREFIX}{self.fraction:g}"

    def _stage(self, stage: str) -> str:
        return f"{stage} {self._name}"
