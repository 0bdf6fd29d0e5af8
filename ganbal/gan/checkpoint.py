"""Checkpoints of a GAN training: written atomically, read without pickles, refused when they belong elsewhere."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from ganbal.config import GanConfig
from ganbal.errors import InputError
from ganbal.gan.conditional import ConditionalGenerator
from ganbal.gan.networks import Generator
from ganbal.gan.state import TrainingState
from ganbal.runtime.atomic_files import atomic_path
from ganbal.runtime.hashing import file_digest

FORMAT = 1
# Settings that say how long to train and what to show on the way, not what is trained.
_NOT_IDENTITY = {
    *("preset", "class_name", "class_names", "conditional", "steps", "max_rollbacks", "score_images"),
    "compile",
    *("log_every_steps", "sample_every_steps", "score_every_steps", "checkpoint_every_steps"),
}

Identity = dict[str, Any]


def identity_of(
    config: GanConfig,
    *,
    seed: int,
    class_name: str,
    data_digest: str,
    precision: str,
    classes: Sequence[str] | None = None,
) -> Identity:
    """What two trainings must share for one to continue the other.

    Args:
        class_name: what the images show; with `classes`, all their names in one text.
        classes: class names in the order of the labels that class-conditional networks are told.
    """
    settings = {f"gan.{k}": v for k, v in config.model_dump(mode="json").items() if k not in _NOT_IDENTITY}
    return settings | {
        "gan.class_name": class_name,
        "seed": seed,
        "training images": data_digest,
        "precision": precision,
        **({} if classes is None else {"classes": list(classes)}),
    }


def save_checkpoint(path: Path, state: TrainingState, identity: Identity) -> None:
    with atomic_path(path) as temporary:
        torch.save({"format": FORMAT, "identity": identity, "state": state.state_dict()}, temporary)


def resume(path: Path, state: TrainingState, identity: Identity) -> None:
    """Put the checkpoint's content into `state`.

    Raises:
        InputError: the file is damaged, or its training had other settings or images.
    """
    content = read_checkpoint(path)
    differences = [
        f"{name}: {content['identity'].get(name)} there, {value} now"
        for name, value in identity.items()
        if content["identity"].get(name) != value
    ]
    if differences:
        raise InputError(
            expected=f"a checkpoint of this very training at {path}",
            found="one with other settings:\n  " + "\n  ".join(differences),
            action="Use the settings it was made with, or another run folder (--run NEW) to start afresh.",
        )
    state.load_state_dict(content["state"])


def read_checkpoint(path: Path, device: str = "cpu") -> dict[str, Any]:
    """The checkpoint's content, tensors on `device`.

    Raises:
        InputError: there is none, it is damaged, or another version of ganbal wrote it.
    """
    if not path.is_file():
        raise InputError(
            expected=f"a trained generator at {path}",
            found="no such file",
            action="Run `ganbal train-gan` first.",
        )
    try:
        content = torch.load(path, map_location=device, weights_only=True)
        if content["format"] != FORMAT:
            raise ValueError(f"format {content['format']}, this version reads {FORMAT}")
    except Exception as error:  # torch raises many kinds for a damaged file
        raise InputError(
            expected=f"a checkpoint written by `ganbal train-gan` at {path}",
            found=f"a file that cannot be read as one ({type(error).__name__}: {' '.join(str(error).split())[:120]})",
            action="Delete it and train again, or restore it from a copy.",
        ) from error
    return content


def load_generator(path: Path, device: torch.device, class_name: str | None = None) -> tuple[Generator, dict[str, Any]]:
    """The averaged generator of a checkpoint, in evaluation mode, with the checkpoint's facts.

    Args:
        class_name: what it is to draw; None is enough where it was trained on one class.

    Returns:
        The generator of that class and {identity, step, sha256, class_name}; sha256 is of the checkpoint file.

    Raises:
        InputError: there is no such checkpoint, it is damaged, or it does not draw that class.
    """
    content = read_checkpoint(path, str(device))
    identity = content["identity"]
    sizes = identity["gan.image_size_px"], identity["gan.base_channels"], identity["gan.latent_dim"]
    classes = identity.get("classes")
    known = classes or [identity["gan.class_name"]]
    chosen = class_name if class_name is not None or classes else known[0]
    if chosen not in known:
        raise InputError(
            expected=f"which of {', '.join(known)} to draw, as that is what {path} was trained on",
            found=repr(chosen) if chosen else "no class named",
            action="Name a class it knows, or train a generator for the other one (gan.class_names).",
        )
    generator = Generator(*sizes) if classes is None else ConditionalGenerator(*sizes, len(classes))
    generator.load_state_dict(content["state"]["average"])
    generator.to(device).requires_grad_(False).eval()
    facts = {"identity": identity, "step": content["state"]["step"], "sha256": file_digest(path), "class_name": chosen}
    return generator.by_class()[known.index(chosen)], facts
