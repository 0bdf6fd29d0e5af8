"""Features computed once and kept: on disk, found again by the images' contents and the extractor's identity."""

import json
import tempfile
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from ganbal.errors import InputError
from ganbal.metrics.features.batches import Unreadable, decoded_batches, same_shape_groups
from ganbal.metrics.features.extractor import Extractor
from ganbal.metrics.features.images import ImageSource
from ganbal.metrics.frechet import Factored, factor_features
from ganbal.metrics.identity import ExtractorIdentity
from ganbal.metrics.moments import BLOCK_ROWS
from ganbal.runtime.atomic_files import atomic_path, read_json, write_json
from ganbal.runtime.console import Console

MAX_UNREADABLE_FRACTION = 0.05
# Part of every file name; to be raised whenever the same images would give other features.
_LAYOUT_VERSION = "1"
_BATCH = 64


@dataclass(frozen=True)
class FeatureSet:
    """Feature vectors of a set of images."""

    values: np.ndarray
    """(N, dims) float32; usually a read-only map of a file, so that a large set costs no memory."""
    identity: ExtractorIdentity
    names: tuple[str, ...]
    """Of the images, in the order of the rows."""
    unreadable: tuple[Unreadable, ...]
    key: str
    """Digest of images and extractor, for what is derived from the features."""

    def __len__(self) -> int:
        return len(self.values)


class FeatureStore:
    """Computes features, or finds them from last time."""

    def __init__(self, root: Path | None, console: Console) -> None:
        """Keep files below `root`; None keeps them only as long as this object lives."""
        self._temporary = tempfile.TemporaryDirectory(prefix="ganbal-features-") if root is None else None
        self.root = Path(self._temporary.name) if self._temporary is not None else (root or Path()) / "score-features"
        self.console = console

    def features(
        self, source: ImageSource, extractors: Sequence[Extractor], *, batch_size: int = _BATCH
    ) -> list[FeatureSet]:
        """One set for each extractor; every image is decoded at most once, and not at all when all sets are kept.

        Args:
            source: the images.
            extractors: what to compute.
            batch_size: images that are decoded and held in memory together.

        Raises:
            InputError: more than 5 % of the images are unreadable, or features are not finite numbers.
        """
        missing = [extractor for extractor in extractors if not self._file(source, extractor).is_file()]
        if missing:
            self._compute(source, missing, batch_size)
        return [self._read(source, extractor) for extractor in extractors]

    def factored(self, features: FeatureSet) -> Factored:
        """Mean and covariance factor of a set; kept too, where there is something to save."""
        if len(features) <= BLOCK_ROWS:
            return factor_features(features.values)
        file = self.root / f"{features.key}-factor.npz"
        if file.is_file():
            try:
                with np.load(file, allow_pickle=False) as content:
                    return Factored(content["mean"], content["factor"])
            except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
                self.console.warn(f"{file} is damaged and is made again.")
        result = factor_features(features.values)
        with atomic_path(file) as temporary:
            np.savez(temporary, mean=result.mean, factor=result.factor)
        return result

    def _file(self, source: ImageSource, extractor: Extractor) -> Path:
        return self.root / f"{source.digest()[:32]}-{extractor.identity.key}-{_LAYOUT_VERSION}.npy"

    def _compute(self, source: ImageSource, extractors: Sequence[Extractor], batch_size: int) -> None:
        self.root.mkdir(parents=True, exist_ok=True)
        # Scratch files of the final length; only whole ones get their final names.
        with tempfile.TemporaryDirectory(dir=self.root, prefix=".computing-") as scratch:
            arrays = [
                np.lib.format.open_memmap(
                    Path(scratch) / f"{i}.npy", mode="w+", dtype=np.float32, shape=(len(source), e.identity.dims)
                )
                for i, e in enumerate(extractors)
            ]
            count, unreadable = self._fill(source, extractors, arrays, batch_size)
            _check_readable(source, unreadable)
            for extractor, array in zip(extractors, arrays, strict=True):
                self._keep(self._file(source, extractor), array[:count], extractor.identity, unreadable)

    def _fill(
        self,
        source: ImageSource,
        extractors: Sequence[Extractor],
        arrays: Sequence[np.ndarray],
        batch_size: int,
    ) -> tuple[int, list[Unreadable]]:
        count, unreadable = 0, []
        label = " + ".join(extractor.identity.name for extractor in extractors)
        with self.console.progress(len(source), f"features ({label}) of {_short(source.name)}", "image") as bar:
            for batch in decoded_batches(source, batch_size):
                unreadable += batch.unreadable
                stop = count + len(batch.images)
                if batch.images:
                    for extractor, array in zip(extractors, arrays, strict=True):
                        array[count:stop] = _features(extractor, batch.images, source.name)
                count = stop
                bar.update(len(batch.images) + len(batch.unreadable))
        return count, unreadable

    def _keep(
        self, file: Path, values: np.ndarray, identity: ExtractorIdentity, unreadable: Sequence[Unreadable]
    ) -> None:
        facts = {"extractor": identity.to_json(), "unreadable": [vars(entry) for entry in unreadable]}
        write_json(file.with_suffix(".json"), facts)
        with atomic_path(file) as temporary:
            np.save(temporary, values, allow_pickle=False)

    def _say_unreadable(self, source: ImageSource, unreadable: Sequence[Unreadable]) -> None:
        text = f"{len(unreadable)} unreadable images of {source.name} are left out: {_examples(source, unreadable)}"
        if unreadable and text not in self.console.warnings:
            self.console.warn(text)

    def _read(self, source: ImageSource, extractor: Extractor) -> FeatureSet:
        file = self._file(source, extractor)
        try:
            values = np.load(file, mmap_mode="r", allow_pickle=False)
            unreadable = tuple(Unreadable(**entry) for entry in read_json(file.with_suffix(".json"))["unreadable"])
        except (OSError, ValueError, KeyError, TypeError, json.JSONDecodeError) as error:
            file.unlink(missing_ok=True)
            raise InputError(
                expected=f"features kept in {file}",
                found=f"a damaged file ({' '.join(str(error).split())})",
                action="It has been removed; run the command again.",
            ) from error
        self._say_unreadable(source, unreadable)
        left_out = {entry.row for entry in unreadable}
        names = tuple(name for row, name in enumerate(source.names) if row not in left_out)
        assert values.shape == (len(names), extractor.identity.dims)
        return FeatureSet(values, extractor.identity, names, unreadable, file.stem)


def _features(extractor: Extractor, images: Sequence[np.ndarray], source_name: str) -> np.ndarray:
    with torch.inference_mode():
        groups = [extractor.prepare(group) for group in same_shape_groups(images)]
        channels = max(group.shape[1] for group in groups)
        prepared = torch.cat([group.expand(-1, channels, -1, -1) for group in groups])
        values = extractor.embed(prepared).cpu().numpy()
    if not np.isfinite(values).all():
        raise InputError(
            expected=f"finite features from the extractor ({extractor.identity})",
            found=f"NaN or infinity for images of {source_name}",
            action="The weights are damaged or incomplete for this layer: use another file, or fewer dims. "
            "No score is computed from such features.",
        )
    return values


def _check_readable(source: ImageSource, unreadable: Sequence[Unreadable]) -> None:
    if len(unreadable) > MAX_UNREADABLE_FRACTION * len(source):
        raise InputError(
            expected=f"readable images in {source.name} (at most {MAX_UNREADABLE_FRACTION:.0%} others)",
            found=f"{len(unreadable)} of {len(source)} that cannot be decoded: {_examples(source, unreadable)}",
            action="Remove or replace these files.",
        )


def _examples(source: ImageSource, unreadable: Sequence[Unreadable]) -> str:
    return "; ".join(f"{source.names[entry.row]} ({entry.reason})" for entry in unreadable[:5])


def _short(name: str) -> str:
    return name if len(name) <= 40 else f"…{name[-39:]}"
