"""`ganbal.score`: the quality of synthetic images, as the command `ganbal score` measures it."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ganbal import pipeline
from ganbal.api.arguments import check_argument, is_path
from ganbal.api.choices import Choices, Settings, carry_out
from ganbal.api.html import table_html
from ganbal.stages import terminal_text


def score(
    real: str | Path | np.ndarray,
    synthetic: str | Path | np.ndarray,
    *,
    config: str | Path | Settings | None = None,
    preset: str | None = None,
    settings: Settings | None = None,
    seed: int | None = None,
    device: str | None = None,
    quiet: bool = False,
    **fields: Any,
) -> "Scores":
    """Compare synthetic with real images.

    Example:
        >>> scores = ganbal.score("chest_xray/train/NORMAL", images, extractor="inception", dims=2048)
        >>> scores.fid.value, scores.fid.floor.value, scores.fid.n_synthetic
        (131.2, 24.9, 2500)

    Args:
        real: a folder of images at any depth; an array, uint8 (N, S, S) or (N, S, S, 3); or a `.npz` file of
            statistics, which suffices for FID.
        synthetic: the same.
        config, preset, settings, seed, device: as for `ganbal.load`.
        quiet: print warnings only.
        **fields: settings of section `score` by their names, such as `metrics=["fid", "kid"]`.

    Raises:
        InputError: fewer than 16 images per side, arrays of another type or shape, or missing weights.
    """
    choices = Choices.given("score", fields, config=config, preset=preset, settings=settings, seed=seed, device=device)
    sides = {name: _side(name, images) for name, images in (("real", real), ("synthetic", synthetic))}
    return Scores(carry_out(pipeline.score_two_sets, choices.choice(), quiet=quiet, **sides).content)


def _side(name: str, images: Any) -> Path | np.ndarray:
    expected = "It must be a folder, a .npz file of statistics, or an array: uint8 (N, S, S) or (N, S, S, 3)."
    check_argument(name, images, is_right=isinstance(images, np.ndarray) or is_path(images), expected=expected)
    return images if isinstance(images, np.ndarray) else Path(images).expanduser()


class Record(Mapping[str, Any]):
    """A read-only mapping whose entries are also attributes; mappings inside are records as well."""

    def __init__(self, content: Mapping[str, Any]) -> None:
        self._content = dict(content)

    def __getitem__(self, name: str) -> Any:
        value = self._content[name]
        return Record(value) if isinstance(value, dict) else value

    def __getattr__(self, name: str) -> Any:
        # Copying and unpickling ask for such names of a record that has no content yet.
        if name.startswith("_"):
            raise AttributeError(name)
        if name not in self._content:
            raise AttributeError(f"there is no {name!r} among: {', '.join(self)}")
        return self[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._content)

    def __len__(self) -> int:
        return len(self._content)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *(name for name in self if name.isidentifier())]

    def __repr__(self) -> str:
        return repr(self._content)


class Scores(Record):
    """Every score by its name, such as `scores.fid` or `scores["kid"]`.

    A score has `value`, `interval` (95 %, or None), `floor` (real against real images), `n_real`, `n_synthetic`,
    `extractor` and more: FID without them says nothing.

    Attributes:
        content: all of it as in a run's scores.json, with `comparison`, `copies` and `warnings`.
    """

    def __init__(self, content: Mapping[str, Any]) -> None:
        super().__init__({score["metric"]: score for score in content["scores"]})
        self.content = dict(content)

    def __repr__(self) -> str:
        return terminal_text.scores(self.content)

    def _repr_html_(self) -> str:
        columns, rows = terminal_text.score_rows(self.content)
        return table_html("Scores", columns, rows, terminal_text.score_notes(self.content))
