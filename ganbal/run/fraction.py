"""The part of a run that has only a share of the minority class: a generator and synthetic images of its own."""

from dataclasses import dataclass
from pathlib import Path

from ganbal.run.folder import Run


@dataclass(frozen=True)
class FractionOfRun(Run):
    """The same folder, but `gan/fraction_0.25` and `synthetic_fraction_0.25` in it, and stages of such names."""

    fraction: float

    @property
    def gan_folder(self) -> Path:
        return self.folder / "gan" / self._name

    @property
    def synthetic_folder(self) -> Path:
        return self.folder / f"synthetic_{self._name}"

    def stage_is_done(self, stage: str, inputs: str) -> bool:
        return super().stage_is_done(self._stage(stage), inputs)

    def mark_stage(self, stage: str, inputs: str, seconds: float) -> None:
        super().mark_stage(self._stage(stage), inputs, seconds)

    def forget_stage(self, stage: str) -> None:
        super().forget_stage(self._stage(stage))

    @property
    def _name(self) -> str:
        return f"fraction_{self.fraction:g}"

    def _stage(self, stage: str) -> str:
        return f"{stage} {self._name}"
