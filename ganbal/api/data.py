"""`ganbal.load`: images with their classes and splits."""

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ganbal.api.arguments import check_argument, is_path
from ganbal.api.choices import Choices, Settings
from ganbal.api.html import table_html
from ganbal.config import Config
from ganbal.data.dataset import Dataset, check_source, load_dataset
from ganbal.data.image_table import SPLITS
from ganbal.data.locating import absolute_image_root, resolve_root
from ganbal.errors import InputError
from ganbal.runtime.cache_paths import cache_folder
from ganbal.runtime.python_console import PythonConsole
from ganbal.synthesis.counts import minority_class


def load(
    source: str | Path | None = None,
    *,
    config: str | Path | Settings | None = None,
    preset: str | None = None,
    settings: Settings | None = None,
    seed: int | None = None,
    device: str | None = None,
    quiet: bool = False,
    **fields: Any,
) -> "Data":
    """Find and check the images of a data set; they are decoded when they are first needed.

    Example:
        >>> data = ganbal.load("chest_xray", preset="quick", val_fraction=0.2)
        >>> data.counts["train"]
        {'NORMAL': 1072, 'PNEUMONIA': 3098}

    Args:
        source: what `--data` names: a folder, a CSV file or another format (see the guide "Your own data"), or
            "phantom". None means `GANBAL_DATA`, then `data/chest_xray`, then the phantom set.
        config: a YAML file of settings, or a mapping of them. The settings given here are those of every later call
            with this data. None takes the file that the environment variable `GANBAL_CONFIG` names, if it does.
        preset: settings that come with ganbal, such as "quick" for a CPU and "gpu-64"; `ganbal config` lists them.
        settings: single settings, such as `{"gan.batch_size": 32, "study.steps": 500}`.
        seed: of all later random numbers; that of the splits is `split_seed`, a setting of section `data`.
        device: "auto", "cpu", "cuda" or "cuda:N".
        quiet: print warnings only.
        **fields: settings of section `data` by their names, such as `positive_class="PNEUMONIA"`.

    Raises:
        InputError: nothing there, no known layout, one class only, or a wrong setting.
    """
    expected = "It must be the path or the name of a data set, as text or a Path."
    check_argument("source", source, is_right=source is None or is_path(source), expected=expected)
    given = {"root": None if source is None else str(source)} | fields
    choices = Choices.given("data", given, config=config, preset=preset, settings=settings, seed=seed, device=device)
    choices.check()
    named = choices.choice().settings().data
    # The same images later, whatever the environment and the current folder are then.
    explicit = {"root": resolve_root(named)[0], "image_root": absolute_image_root(named)}
    choices = choices.updated("data", explicit)
    chosen = choices.choice().settings()
    counts = check_source(chosen.data, cache_folder(), PythonConsole(quiet=quiet))
    return Data(choices, chosen, counts, quiet)


@dataclass(frozen=True, eq=False)
class Data:
    """Images with classes and splits. Make one with `ganbal.load`.

    Attributes:
        choices: the settings that were given; later calls add theirs.
        config: all settings with the defaults filled in.
        num_training: training images per class, before unreadable files are left out.
        quiet: whether decoding shows no progress.
    """

    choices: Choices
    config: Config
    num_training: dict[str, int]
    quiet: bool = False

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names in the order of their labels."""
        return tuple(self.num_training)

    @property
    def minority_class(self) -> str:
        """The class with the fewest training images."""
        return minority_class(self.num_training)

    @functools.cached_property
    def dataset(self) -> Dataset:
        """The images, found and verified; reads every file when it is first used."""
        return load_dataset(
            self.config.data,
            sizes_px=[self.config.gan.image_size_px],
            cache_root=cache_folder(),
            console=PythonConsole(quiet=self.quiet),
        )

    @property
    def counts(self) -> dict[str, dict[str, int]]:
        """Readable images per split and class."""
        return self.dataset.table.counts()

    @property
    def table(self) -> pd.DataFrame:
        """One row per readable image: file name, class, label, split, patient, SHA-256, size."""
        return self.dataset.table.frame.copy()

    def images(
        self, split: str | None = None, class_name: str | None = None, *, size_px: int | None = None
    ) -> np.ndarray:
        """Decoded images in the order of the table.

        Args:
            split: "train", "val" or "test"; None takes all.
            class_name: None takes all.
            size_px: S, the side of the squares; None takes `gan.image_size_px`.

        Returns:
            uint8 (N, S, S), 0 black; (N, S, S, 3), RGB, of a color data set.

        Raises:
            InputError: there is no such split, class or size.
        """
        side = self.config.gan.image_size_px if size_px is None else size_px
        is_side = isinstance(side, int | np.integer) and not isinstance(side, bool) and side >= 1
        check_argument("size_px", side, is_right=is_side, expected="It must be a whole number of at least 1.")
        rows = self._rows(split, class_name)
        return np.array(self.dataset.pixels(int(side))[rows])

    def labels(self, split: str | None = None, class_name: str | None = None) -> np.ndarray:
        """Class names (N,) of the images that `images` returns for the same split and class."""
        rows = self._rows(split, class_name)
        return self.dataset.table.frame["class_name"].to_numpy(dtype=str)[rows]

    def __repr__(self) -> str:
        counts = ", ".join(f"{number} {name}" for name, number in self.num_training.items())
        return f"<Data: {self._name}, training images: {counts}>"

    def _repr_html_(self) -> str:
        rows = [[split, *map(str, of_class.values())] for split, of_class in self.counts.items()]
        return table_html(f"Images of {self._name}", ["split", *self.classes], rows)

    @property
    def _name(self) -> str:
        return str(self.config.data.root)

    def _rows(self, split: str | None, class_name: str | None) -> np.ndarray:
        if split is not None and split not in SPLITS:
            raise InputError(
                found=f"There is no split {split!r}.",
                expected=f"The splits are {', '.join(SPLITS)}.",
                action="Name one.",
            )
        return self.dataset.table.rows(split, class_name)


def as_data(data: "Data | str | Path", *, quiet: bool) -> "Data":
    """The data itself, or what `load` makes of a path."""
    return data if isinstance(data, Data) else load(data, quiet=quiet)
