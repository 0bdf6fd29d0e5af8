"""Where a GAN training keeps its files."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class GanFolder:
    """One training's folder."""

    root: Path

    @property
    def last_checkpoint(self) -> Path:
        return self.root / "checkpoints" / "last.pt"

    @property
    def best_checkpoint(self) -> Path:
        """The state with the lowest distance to the training images; a training without such checks has none."""
        return self.root / "checkpoints" / "best.pt"

    @property
    def imported(self) -> Path:
        """A generator that was trained elsewhere and takes the place of a training."""
        return self.root / "generator.safetensors"

    @property
    def is_imported(self) -> bool:
        return self.imported.is_file() and not self.last_checkpoint.is_file()

    @property
    def history(self) -> Path:
        return self.root / "history.csv"

    @property
    def samples(self) -> Path:
        return self.root / "samples"

    def sample_grid(self, step: int) -> Path:
        return self.samples / f"step_{step:06d}.png"
