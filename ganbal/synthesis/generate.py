"""Generation of synthetic images: from a trained generator to PNG files with a manifest."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ganbal.errors import GanbalError
from ganbal.gan.checkpoint import load_generator
from ganbal.gan.sampling import TrainedGenerator, latent_stream
from ganbal.runtime.console import Console
from ganbal.runtime.memory import advise_when_out_of_memory
from ganbal.runtime.signals import stop_on_signal
from ganbal.synthesis.manifest import ManifestRow, SyntheticFolder, class_folders, clear, write_manifest
from ganbal.synthesis.synthetic_png import write_synthetic_png

MIN_YIELD = 0.05
"""Smallest share of generated images that may remain after rejection."""
_MIN_GENERATED = 1000


@dataclass(frozen=True)
class SynthesisRequest:
    """The images to generate of one class.

    Attributes:
        checkpoint: of the generator.
        num_images: how many.
        class_name: required for a generator of several classes.
        is_rejected: (B, S, S) uint8 to (B,) bool; rejected images are replaced by others.
    """

    checkpoint: Path
    num_images: int
    class_name: str | None = None
    is_rejected: Callable[[np.ndarray], np.ndarray] | None = None


@dataclass(frozen=True)
class SynthesisResult:
    """The images generated for one request."""

    num_images: int
    num_rejected: int
    """Images discarded as copies of training images."""
    class_name: str


def synthesize(
    requests: Sequence[SynthesisRequest],
    folder: SyntheticFolder,
    *,
    seed: int,
    batch_size: int,
    device: torch.device,
    console: Console,
) -> list[SynthesisResult]:
    """Generate the requested images into `folder`; synthesis.json and the manifest are written last.

    The same checkpoint, seed and device give the same files. Every class is generated from the same latent vectors, so
    its images do not depend on the other requests. Images of an earlier synthesis are removed first, so that two
    syntheses never mix.

    Args:
        requests: at least one, of different classes.
        folder: where the images are written.
        seed: of the latent vectors.
        batch_size: images generated at a time.
        device: where the generators run.
        console: for progress.

    Raises:
        InputError: a checkpoint is missing or damaged, or does not generate the class.
        GanbalError: nearly every image was rejected.
        OutOfMemoryError: a batch does not fit into memory.
        InterruptedBySignal: a signal arrived. The partial folder has no manifest and does not count.
    """
    generators = [load_generator(request.checkpoint, device, request.class_name) for request in requests]
    places = class_folders([generator.class_name for generator in generators])
    clear(folder)
    rows: list[ManifestRow] = []
    results: list[SynthesisResult] = []
    total = sum(request.num_images for request in requests)
    with (
        stop_on_signal() as stop,
        console.progress(total, "generating synthetic images", "image") as bar,
        advise_when_out_of_memory("generating images", "synthesis.batch_size"),
    ):
        for request, generator in zip(requests, generators, strict=True):
            name, num_before, last = generator.class_name, len(rows), 0
            for index, image in _accepted_images(generator, request, seed, batch_size):
                file_name = f"{places[name]}/synthetic_{seed}_{index:06d}.png"
                rows.append(_write_image(folder, file_name, image, generator, seed, index))
                last = index
                bar.update()
                stop.raise_if_requested("Partially generated images do not count; the trained generator is kept.")
            num_kept = len(rows) - num_before
            results.append(SynthesisResult(num_kept, last + 1 - num_kept, name))
    write_manifest(folder, rows, _summary(requests, results))
    return results


def _summary(requests: Sequence[SynthesisRequest], results: Sequence[SynthesisResult]) -> dict[str, Any]:
    """The content of synthesis.json; `num_rejected` is null where no image was checked for copies."""
    with_rejection = any(request.is_rejected is not None for request in requests)

    def counts(parts: Sequence[SynthesisResult]) -> dict[str, int | None]:
        num_rejected = sum(part.num_rejected for part in parts) if with_rejection else None
        return {"num_images": sum(part.num_images for part in parts), "num_rejected": num_rejected}

    return {
        "class_name": ", ".join(part.class_name for part in results),
        **counts(results),
        "classes": {part.class_name: counts([part]) for part in results},
    }


def _write_image(
    folder: SyntheticFolder, file_name: str, image: np.ndarray, generator: TrainedGenerator, seed: int, index: int
) -> ManifestRow:
    details = {"class": generator.class_name, "seed": str(seed), "checkpoint_sha256": generator.sha256}
    digest = write_synthetic_png(folder.root / file_name, image, details | {"index": str(index)})
    return ManifestRow(
        file_name=file_name,
        label=generator.class_name,
        seed=str(seed),
        index=str(index),
        checkpoint_sha256=generator.sha256,
        checkpoint_step=str(generator.step),
        synthetic="yes",
        sha256=digest,
    )


def _accepted_images(
    generator: TrainedGenerator, request: SynthesisRequest, seed: int, batch_size: int
) -> Iterator[tuple[int, np.ndarray]]:
    """As many images as requested, each (S, S) uint8, with their positions in the latent stream."""
    num_kept = num_generated = 0
    for batch in _endless_batches(generator, seed, batch_size):
        kept = np.ones(len(batch), bool) if request.is_rejected is None else ~request.is_rejected(batch)
        for offset in np.flatnonzero(kept)[: request.num_images - num_kept]:
            num_kept += 1
            yield num_generated + int(offset), batch[offset]
        num_generated += len(batch)
        if num_kept == request.num_images:
            return
        _check_yield(num_kept, num_generated)


def _endless_batches(generator: TrainedGenerator, seed: int, batch_size: int) -> Iterator[np.ndarray]:
    latents = latent_stream(seed, generator.latent_dim)
    while True:
        yield from generator.generate(torch.stack(list(itertools.islice(latents, batch_size))), batch_size)


def _check_yield(num_kept: int, num_generated: int) -> None:
    if num_generated >= _MIN_GENERATED and num_kept < MIN_YIELD * num_generated:
        raise GanbalError(
            f"{num_generated - num_kept} of {num_generated} generated images were copies of training images: the "
            "generator has memorized its training set. Train it with more augmentation or fewer steps."
        )
