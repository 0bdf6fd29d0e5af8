"""Features of image sets, kept on disk and found again by the content of the images and the extractor's identity."""

import os
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch

from classifiers.training.precision import true_float32
from ganbal.errors import GanbalError, InputError
from ganbal.metrics.features.decoded_batches import UnreadableRow, decoded_chunks
from ganbal.metrics.features.extractor import Extractor, same_shape_groups
from ganbal.metrics.features.images import ImageSource
from ganbal.metrics.frechet import FactoredNormal, factor_features
from ganbal.metrics.identity import ExtractorIdentity
from ganbal.metrics.moments import BLOCK_ROWS
from ganbal.runtime.atomic_files import atomic_path, read_json, scratch_folder, write_failure, write_json
from ganbal.runtime.console import Console
from ganbal.runtime.hashing import file_digest
from ganbal.runtime.memory import advise_when_out_of_memory

MAX_UNREADABLE_FRACTION = 0.05
# Part of every file name; increased whenever the same images would give other features.
_FORMAT_VERSION = "2"
_BATCH = 64


@dataclass(frozen=True)
class FeatureSet:
    """Feature vectors of a set of images."""

    values: np.ndarray
    """(N, dims) float32; usually a read-only memory map of a file, so that a large set needs no memory."""
    identity: ExtractorIdentity
    names: tuple[str, ...]
    """Names of the images, in the order of the rows."""
    unreadable: tuple[UnreadableRow, ...]
    key: str
    """Digest of images and extractor, for results derived from the features."""

    def __len__(self) -> int:
        return len(self.values)


class SetFeatureCache:
    """Computes features of image sets, or reads those of an earlier call.

    Each set is one `.npy` file with a `.json` file beside it that holds its SHA-256. A file that does not match is
    computed again.
    """

    def __init__(self, root: Path | None, console: Console) -> None:
        """Keep files below `root`; None keeps them as long as this object exists."""
        self._temporary = tempfile.TemporaryDirectory(prefix="ganbal-features-") if root is None else None
        self.root = Path(self._temporary.name) if self._temporary is not None else (root or Path()) / "score-features"
        self.console = console
        self._verified: set[Path] = set()

    def features(
        self, source: ImageSource, extractors: Sequence[Extractor], *, batch_size: int = _BATCH
    ) -> list[FeatureSet]:
        """One set per extractor. Every image is decoded at most once, and not at all when all sets are cached.

        Args:
            source: the images.
            extractors: the features to compute.
            batch_size: number of images resized and held in memory together.

        Raises:
            InputError: more than 5 % of the images are unreadable, or features are not finite.
            OutOfMemoryError: a batch does not fit into memory.
        """
        found = [self._read(source, extractor) for extractor in extractors]
        missing = [extractor for extractor, features in zip(extractors, found, strict=True) if features is None]
        if missing:
            self._compute(source, missing, batch_size)
            found = [self._read(source, extractor) for extractor in extractors]
        sets = [features for features in found if features is not None]
        if len(sets) < len(extractors):
            raise InputError(
                found=f"The features in {self.root} changed while they were written.",
                expected="ganbal must be able to read back the features that it keeps.",
                action="Start again, or set GANBAL_CACHE to another folder.",
            )
        self._report_unreadable(source, sets[0].unreadable)
        return sets

    def factored(self, features: FeatureSet) -> FactoredNormal:
        """Mean and covariance factor of a set; cached for large sets."""
        if len(features) <= BLOCK_ROWS:
            return factor_features(features.values)
        file = self.root / f"{features.key}-factor.npz"
        if self._matches_digest(file):
            with np.load(file, allow_pickle=False) as content:
                return FactoredNormal(content["mean"], content["factor"])
        result = factor_features(features.values)
        with atomic_path(file) as temporary:
            np.savez(temporary, mean=result.mean, factor=result.factor)
            digest = file_digest(temporary)
        write_json(file.with_suffix(".json"), {"sha256": digest})
        return result

    def _file(self, source: ImageSource, extractor: Extractor) -> Path:
        # CUDA computes the same numbers up to rounding only.
        device = "" if extractor.device.type == "cpu" else f"-{extractor.device.type}"
        return self.root / f"{source.digest()[:32]}-{extractor.identity.key}-{_FORMAT_VERSION}{device}.npy"

    def _compute(self, source: ImageSource, extractors: Sequence[Extractor], batch_size: int) -> None:
        # Scratch files of the final length; only complete ones get their final names.
        with scratch_folder(self.root, "computing") as scratch:
            arrays = [
                _reserved_array(scratch / f"{i}.npy", (len(source), e.identity.dims)) for i, e in enumerate(extractors)
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
    ) -> tuple[int, list[UnreadableRow]]:
        """Write the features of all readable images to `arrays`; their number, and the unreadable images."""
        count, unreadable = 0, []
        label = " + ".join(extractor.identity.name for extractor in extractors)
        with (
            self.console.progress(len(source), f"features ({label}) of {_short(source.name)}", "image") as bar,
            advise_when_out_of_memory("extracting features", "score.batch_size"),
        ):
            prepared: list[list[torch.Tensor]] = [[] for _ in extractors]
            for chunk in decoded_chunks(source, batch_size):
                unreadable += chunk.unreadable
                for extractor, batch in zip(extractors, prepared, strict=True):
                    batch += _prepared(extractor, chunk.images)
                bar.update(len(chunk.images) + len(chunk.unreadable))
                chunk.images.clear()
                if chunk.ends_batch and prepared[0]:
                    stop = count + sum(map(len, prepared[0]))
                    for extractor, array, batch in zip(extractors, arrays, prepared, strict=True):
                        array[count:stop] = _embedded(extractor, batch, source.name)
                        batch.clear()
                    count = stop
        return count, unreadable

    def _keep(
        self, file: Path, values: np.ndarray, identity: ExtractorIdentity, unreadable: Sequence[UnreadableRow]
    ) -> None:
        with atomic_path(file) as temporary:
            np.save(temporary, values, allow_pickle=False)
            digest = file_digest(temporary)
        content = {"extractor": identity.to_json(), "unreadable": [asdict(row) for row in unreadable], "sha256": digest}
        write_json(file.with_suffix(".json"), content)
        self._verified.add(file)

    def _read(self, source: ImageSource, extractor: Extractor) -> FeatureSet | None:
        """The cached set; None where there is none or it is damaged."""
        file = self._file(source, extractor)
        if not self._matches_digest(file):
            return None
        try:
            unreadable = tuple(UnreadableRow(**entry) for entry in read_json(file.with_suffix(".json"))["unreadable"])
            values = np.load(file, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError, KeyError, TypeError, EOFError):
            return None
        left_out = {entry.row for entry in unreadable}
        names = tuple(name for row, name in enumerate(source.names) if row not in left_out)
        if values.shape != (len(names), extractor.identity.dims) or values.dtype != np.float32:
            return None
        return FeatureSet(values, extractor.identity, names, unreadable, file.stem)

    def _matches_digest(self, file: Path) -> bool:
        """Whether a file exists with the content that was written; one that does not match is reported."""
        if file in self._verified:
            return True
        record = file.with_suffix(".json")
        if not (file.is_file() and record.is_file()):
            return False
        try:
            matches = bool(read_json(record)["sha256"] == file_digest(file))
        except (OSError, ValueError, KeyError, TypeError):
            matches = False
        if matches:
            self._verified.add(file)
        else:
            self.console.warn(f"Cached features in {file} are damaged; they are computed again.")
        return matches

    def _report_unreadable(self, source: ImageSource, unreadable: Sequence[UnreadableRow]) -> None:
        text = f"{len(unreadable)} unreadable images of {source.name} are left out: {_examples(source, unreadable)}"
        if unreadable and text not in self.console.warnings:
            self.console.warn(text)


def _prepared(extractor: Extractor, images: Sequence[np.ndarray]) -> list[torch.Tensor]:
    with torch.inference_mode(), true_float32():
        return [extractor.prepare(group) for group in same_shape_groups(images)]


def _embedded(extractor: Extractor, groups: Sequence[torch.Tensor], source_name: str) -> np.ndarray:
    with torch.inference_mode(), true_float32():
        channels = max(group.shape[1] for group in groups)
        prepared = torch.cat([group.expand(-1, channels, -1, -1) for group in groups])
        values = extractor.embed(prepared).cpu().numpy()
    if not np.isfinite(values).all():
        raise InputError(
            found=f"The features of images of {source_name} hold NaN or infinity ({extractor.identity}).",
            expected="No score is computed from features that are not finite.",
            action="The weights are damaged or incomplete for this layer: use another file, or fewer dims.",
        )
    return values


def _check_readable(source: ImageSource, unreadable: Sequence[UnreadableRow]) -> None:
    if len(unreadable) > MAX_UNREADABLE_FRACTION * len(source):
        raise InputError(
            found=f"{len(unreadable)} of {len(source)} images of {source.name} cannot be decoded: "
            f"{_examples(source, unreadable)}.",
            expected=f"At most {MAX_UNREADABLE_FRACTION:.0%} may be unreadable.",
            action="Remove or replace these files.",
        )


def _examples(source: ImageSource, unreadable: Sequence[UnreadableRow]) -> str:
    return "; ".join(f"{source.names[entry.row]} ({entry.reason})" for entry in unreadable[:5])


def _short(name: str) -> str:
    return name if len(name) <= 40 else f"…{name[-39:]}"


def _reserved_array(file: Path, shape: tuple[int, int]) -> np.ndarray:
    """A float32 array mapped from a new file whose disk space is reserved: a full disk would kill the process later.

    Raises:
        GanbalError: the disk is full.
    """
    try:
        array = np.lib.format.open_memmap(file, mode="w+", dtype=np.float32, shape=shape)
        if hasattr(os, "posix_fallocate"):
            with file.open("r+b") as opened:
                os.posix_fallocate(opened.fileno(), 0, file.stat().st_size)
    except OSError as error:
        reason = write_failure(error) or error.strerror or error
        raise GanbalError(f"Features cannot be kept in {file.parent.parent}: {reason}.") from error
    return array
