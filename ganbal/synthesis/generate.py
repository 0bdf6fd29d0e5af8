"""Generation of synthetic images: from a trained generator to PNG files with a manifest."""

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from ganbal.errors import GanbalError, InputError
from ganbal.gan.checkpoint import load_generator
from ganbal.gan.sampling import TrainedGenerator, latent_stream
from ganbal.runtime.console import Console
from ganbal.runtime.memory import advise_when_out_of_memory
from ganbal.runtime.signals import stop_on_signal
from ganbal.synthesis.manifest import ManifestRow, SyntheticFolder, class_folders, write_manifest
from ganbal.synthesis.replacing import replacing
from ganbal.synthesis.synthetic_png import write_synthetic_png

if TYPE_CHECKING:
    from ganbal.synthesis.selection import Selection  # trains classifiers, which are slow to load

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
        is_rejected: (B, S, S) or (B, S, S, 3) uint8 to (B,) bool; rejected images are replaced by others.
        selection: chooses the images among more candidates; None keeps those that are generated.
        matching: changes the images to resemble real ones in some respect; None leaves them.
        size_px: of the generator that the settings describe; None takes any.
        channels: of the real images that belong to them; None takes what the generator makes.
        training_images: digest of the images that the generator must have been trained on; None takes any.
    """

    checkpoint: Path
    num_images: int
    class_name: str | None = None
    is_rejected: Callable[[np.ndarray], np.ndarray] | None = None
    selection: "CandidateSelection | None" = None
    matching: "SetMatching | None" = None
    size_px: int | None = None
    channels: int | None = None
    training_images: str | None = None

    @property
    def num_candidates(self) -> int:
        return self.num_images * (1 if self.selection is None else self.selection.candidates_per_image)


@dataclass(frozen=True)
class CandidateSelection:
    """How images are selected among candidates.

    Attributes:
        candidates_per_image: candidates that are generated for every image that is kept.
        choose: (candidates (M, S, S) or (M, S, S, 3) uint8, number to keep) → the selection.
    """

    candidates_per_image: int
    choose: Callable[[np.ndarray, int], "Selection"]


@dataclass(frozen=True)
class SetMatching:
    """How the images of a request are changed after the selection.

    Attributes:
        names: what is matched, for the manifest.
        change: all images of the request, (N, S, S) or (N, S, S, 3) uint8, to as many others.
    """

    names: tuple[str, ...]
    change: Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class AcceptedImage:
    """An image to be written.

    Attributes:
        index: its position in the latent stream.
        pixels: (S, S) or (S, S, 3) uint8.
        num_rejected: images rejected up to this one, or among all candidates of a selection.
        num_unconfirmed: candidates of its selection whose label was not confirmed.
        selected: what the manifest says of a selected image, by column.
    """

    index: int
    pixels: np.ndarray
    num_rejected: int
    num_unconfirmed: int = 0
    selected: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class SynthesisResult:
    """The images generated for one request."""

    num_images: int
    num_rejected: int
    """Images discarded as copies of training images."""
    class_name: str
    training_images: str
    """Digest of the images that its generator was trained on."""
    num_unconfirmed: int = 0
    """Candidates of a selection whose label was not confirmed."""


def synthesize(
    requests: Sequence[SynthesisRequest],
    folder: SyntheticFolder,
    *,
    seed: int,
    batch_size: int,
    device: torch.device,
    console: Console,
    further: Mapping[str, Any] = MappingProxyType({}),
) -> list[SynthesisResult]:
    """Generate the requested images into `folder`; synthesis.json and the manifest are written last.

    The same checkpoint, seed and device give the same files. Every class is generated from the same latent vectors, so
    its images do not depend on the other requests. Images of an earlier synthesis are replaced as a whole: two
    syntheses never mix, and a failure leaves the earlier one.

    Args:
        requests: at least one, of different classes.
        folder: where the images are written.
        seed: of the latent vectors.
        batch_size: images generated at a time.
        device: where the generators run.
        console: for progress.
        further: content of synthesis.json beside the numbers.

    Raises:
        InputError: a checkpoint is missing or damaged, does not generate the class, makes images of other channels or
            another size, or was trained on other images.
        GanbalError: nearly every image was rejected, or too few candidates of a selection differ.
        OutOfMemoryError: a batch does not fit into memory.
        InterruptedBySignal: a signal arrived. The partial folder has no manifest and does not count.
    """
    generators = [_load(request, device) for request in requests]
    places = class_folders([generator.class_name for generator in generators])
    rows: list[ManifestRow] = []
    results: list[SynthesisResult] = []
    total = sum(request.num_images for request in requests)
    with (
        replacing(folder),
        stop_on_signal() as stop,
        console.progress(total, "generating synthetic images", "image") as bar,
        advise_when_out_of_memory("generating images", "synthesis.batch_size"),
    ):
        for request, generator in zip(requests, generators, strict=True):
            name, num_before, num_rejected, num_unconfirmed = generator.class_name, len(rows), 0, 0

            def poll() -> None:
                stop.raise_if_requested("Partially generated images do not count; the trained generator is kept.")

            for image in _matched_images(generator, request, seed, batch_size, poll):
                file_name = f"{places[name]}/synthetic_{seed}_{image.index:06d}.png"
                rows.append(_write_image(folder, file_name, image, generator, seed, request))
                num_rejected, num_unconfirmed = image.num_rejected, image.num_unconfirmed
                bar.update()
                poll()
            num_images, seen = len(rows) - num_before, generator.fingerprint.data_digest
            results.append(SynthesisResult(num_images, num_rejected, name, seen, num_unconfirmed))
        write_manifest(folder, rows, {**_summary(requests, results), **further})
    return results


def _copy_check(request: SynthesisRequest) -> str:
    """What the manifest says of it."""
    if request.is_rejected is None:
        return "no"
    return "yes" if request.matching is None else "before matching"


def _load(request: SynthesisRequest, device: torch.device) -> TrainedGenerator:
    generator = load_generator(request.checkpoint, device, request.class_name)
    channels = generator.network.image_channels
    if request.channels not in (None, channels):
        raise InputError(
            found=f"The generator in {request.checkpoint} makes images of {channels} channels.",
            expected=f"The real images have {request.channels}: both must be gray, or both in color.",
            action="Restore data.channels, or train another generator in a new run folder (--run NEW).",
        )
    size_px = generator.fingerprint.settings["gan.image_size_px"]
    if request.size_px not in (None, size_px):
        raise InputError(
            found=f"The generator in {request.checkpoint} makes images of {size_px} px.",
            expected=f"gan.image_size_px is {request.size_px}, and all generators of a run make images of that size.",
            action=f"Set gan.image_size_px={size_px}, or use another generator in a new run folder (--run NEW).",
        )
    if request.training_images not in (None, generator.fingerprint.data_digest):
        raise other_training_images(generator.class_name)
    return generator


def other_training_images(class_name: str) -> InputError:
    """The error that a generator saw other images than the settings now select for training."""
    return InputError(
        found=f"The generator of {class_name} was trained on other images than the present training images.",
        expected="A study needs a generator that has not seen the validation and test images.",
        action="Restore the settings of section `data` and the images that it was trained with, or train another one "
        "in a new run folder (--run NEW).",
    )


def _summary(requests: Sequence[SynthesisRequest], results: Sequence[SynthesisResult]) -> dict[str, Any]:
    """The content of synthesis.json; `num_rejected` is null where no image was checked for copies."""
    with_rejection = any(request.is_rejected is not None for request in requests)

    def counts(parts: Sequence[SynthesisResult]) -> dict[str, int | None]:
        num_rejected = sum(part.num_rejected for part in parts) if with_rejection else None
        return {"num_images": sum(part.num_images for part in parts), "num_rejected": num_rejected}

    def of_class(part: SynthesisResult) -> dict[str, Any]:
        return counts([part]) | {"training_images": part.training_images}

    selected = [request for request in requests if request.selection is not None]
    of_selection = {
        "selected_from": sum(request.num_candidates for request in selected),
        "num_unconfirmed": sum(part.num_unconfirmed for part in results),
    }
    return {
        "class_name": ", ".join(part.class_name for part in results),
        **counts(results),
        "classes": {part.class_name: of_class(part) for part in results},
        **(of_selection if selected else {}),
    }


def _write_image(
    folder: SyntheticFolder,
    file_name: str,
    image: AcceptedImage,
    generator: TrainedGenerator,
    seed: int,
    request: SynthesisRequest,
) -> ManifestRow:
    details = {"class": generator.class_name, "seed": str(seed), "checkpoint_sha256": generator.sha256}
    digest = write_synthetic_png(folder.root / file_name, image.pixels, details | {"index": str(image.index)})
    return ManifestRow(
        file_name=file_name,
        label=generator.class_name,
        seed=str(seed),
        index=str(image.index),
        checkpoint_sha256=generator.sha256,
        checkpoint_step=str(generator.step),
        synthetic="yes",
        sha256=digest,
        matched="" if request.matching is None else "+".join(request.matching.names),
        copy_check=_copy_check(request),
        **image.selected,
    )


def _matched_images(
    generator: TrainedGenerator, request: SynthesisRequest, seed: int, batch_size: int, poll: Callable[[], None]
) -> Iterator[AcceptedImage]:
    """As many images as requested, after the selection and the matching if there are any; `poll` may raise to stop."""
    chosen = _chosen_images(generator, request, seed, batch_size, poll)
    if request.matching is None:
        yield from chosen
        return
    images = list(chosen)
    changed = request.matching.change(np.stack([image.pixels for image in images]))
    for image, pixels in zip(images, changed, strict=True):
        yield replace(image, pixels=pixels)


def _chosen_images(
    generator: TrainedGenerator, request: SynthesisRequest, seed: int, batch_size: int, poll: Callable[[], None]
) -> Iterator[AcceptedImage]:
    """As many images as requested, after the selection if there is one."""
    accepted = _accepted_images(generator, request, seed, batch_size)
    if request.selection is None:
        yield from accepted
        return
    candidates = []
    for image in accepted:
        candidates.append(image)
        poll()
    chosen = request.selection.choose(np.stack([image.pixels for image in candidates]), request.num_images)
    num_rejected = candidates[-1].num_rejected
    for place, row in enumerate(chosen.rows):
        yield replace(
            candidates[row],
            num_rejected=num_rejected,
            num_unconfirmed=chosen.num_unconfirmed,
            selected=chosen.manifest_entries(place),
        )


def _accepted_images(
    generator: TrainedGenerator, request: SynthesisRequest, seed: int, batch_size: int
) -> Iterator[AcceptedImage]:
    """As many candidates as requested that are not rejected."""
    num_kept = num_generated = 0
    for batch in _endless_batches(generator, seed, batch_size):
        kept = np.ones(len(batch), bool) if request.is_rejected is None else ~request.is_rejected(batch)
        for offset in np.flatnonzero(kept)[: request.num_candidates - num_kept]:
            num_kept += 1
            index = num_generated + int(offset)
            yield AcceptedImage(index, batch[offset], index + 1 - num_kept)
        num_generated += len(batch)
        if num_kept == request.num_candidates:
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
