"""What a stage receives, and where it writes what it measures."""

import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Settings:
    """The arguments of one stage; it travels to the stage's process as JSON."""

    stage: str
    device: str
    tiny: bool
    """Smallest sizes: shows that the stage works, measures nothing."""
    seconds: float
    """Time box of the stage."""
    data: Path
    """Image set in Kaggle's layout: train|val|test/CLASS/*.jpeg."""
    inception: Path
    """Inception weights in pytorch-fid's key names, float32."""
    dims: int
    """Inception layer that the weights are valid for."""
    mobilenet: Path | None
    """Weights of torchvision's mobilenet_v2().features, float32; None where there are none."""
    vgg16: Path | None
    """Weights of torchvision's vgg16().features, float32; None where there are none."""
    scratch: Path
    """Folder for caches and runs; shared by the stages, deleted at the end."""
    out: Path
    """Folder that is kept: figures, logs, sample grids, reports."""

    def write(self, file: Path) -> None:
        file.write_text(json.dumps(asdict(self), default=str))

    @classmethod
    def read(cls, file: Path) -> "Settings":
        content = json.loads(file.read_text())
        for name in ("data", "inception", "mobilenet", "vgg16", "scratch", "out"):
            content[name] = None if content[name] is None else Path(content[name])
        return cls(**content)

    @property
    def figures_file(self) -> Path:
        return figures_file(self.scratch, self.stage)

    def earlier(self, stage: str) -> dict[str, Any]:
        """The figures of another stage; empty where it was skipped or failed before its first figure."""
        return read_figures(figures_file(self.scratch, stage))


class Record:
    """Figures of one stage, on disk after every addition, so that a stage that runs out of time loses none."""

    def __init__(self, settings: Settings) -> None:
        self._file, self._end = settings.figures_file, time.monotonic() + settings.seconds
        self._figures: dict[str, Any] = {}

    def add(self, **figures: Any) -> None:
        self._figures |= figures
        write_json(self._file, self._figures)

    @property
    def seconds_left(self) -> float:
        """Until the time box of the stage ends."""
        return self._end - time.monotonic()


def figures_file(scratch: Path, stage: str) -> Path:
    return scratch / "figures" / f"{stage}.json"


def read_figures(file: Path) -> dict[str, Any]:
    return json.loads(file.read_text()) if file.is_file() else {}


def write_json(file: Path, content: Any) -> None:
    """Atomically: a kill leaves the old file or the new one."""
    file.parent.mkdir(parents=True, exist_ok=True)
    temporary = file.with_suffix(".tmp")
    temporary.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    temporary.replace(file)
