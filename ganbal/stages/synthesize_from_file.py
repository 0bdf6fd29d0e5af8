"""`synthesize --from FILE`: images from an exported generator, without a run and without training data."""

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ganbal.config import Config
from ganbal.errors import InputError
from ganbal.gan.image_generator import ImageGenerator
from ganbal.run.folder import Run
from ganbal.run.provenance import describe_machine
from ganbal.runtime.atomic_files import read_json
from ganbal.runtime.console import Console
from ganbal.runtime.device import choose_device
from ganbal.runtime.disk_space import check_writable
from ganbal.runtime.hashing import file_digest
from ganbal.runtime.locks import folder_lock
from ganbal.synthesis.generate import SynthesisRequest, synthesize
from ganbal.synthesis.manifest import SyntheticFolder


def synthesize_from_file(
    file: Path, folder: Path, config: Config, console: Console, *, overwrite: bool
) -> dict[str, Any]:
    """Generate `synthesis.num_images` images into `folder`/synthetic.

    Copies cannot be rejected and images neither selected nor matched, as these need the training images; synthesis.json
    and the manifest say that none of it was done.

    Returns:
        The content of synthesis.json.

    Raises:
        InputError: no number of images, a class that the generator does not know, a folder of a run, or images there
            that may not be replaced.
    """
    generator = ImageGenerator.load(file, "cpu")
    counts = _counts(config.synthesis.num_images, generator.class_names)
    target = SyntheticFolder(folder / "synthetic")
    _check_folder(folder, target, overwrite)
    check_writable(folder, 0)
    with folder_lock(folder, "synthesize"):
        synthesize(
            [SynthesisRequest(file, number, name) for name, number in counts.items()],
            target,
            seed=config.seed,
            batch_size=config.synthesis.batch_size,
            device=choose_device(config.device),
            console=console,
            further={"without_training_images": True, "generator": {"file": file.name, "sha256": file_digest(file)}},
        )
        Run(folder).update_provenance(**describe_machine(), seed=config.seed)
    return read_json(target.summary) | {"folder": str(target.root)}


def _counts(wanted: int | str | dict[str, int], known: tuple[str, ...]) -> dict[str, int]:
    if isinstance(wanted, str) or (isinstance(wanted, int) and len(known) > 1):
        example = shlex.join(["--n", f"{known[0]}=100"] if len(known) > 1 else ["--n", "100"])
        raise InputError(
            found="The number of images is not given." if isinstance(wanted, str) else "No class is given.",
            expected=f"Without training data there is nothing to balance. The generator knows {', '.join(known)}.",
            action=f"Give the number with `{example}`.",
        )
    counts: Mapping[str, int] = {known[0]: wanted} if isinstance(wanted, int) else wanted
    unknown = [name for name in counts if name not in known]
    if unknown:
        raise InputError(
            found=f"The generator was not trained on {unknown[0]}.",
            expected=f"It generates {', '.join(known)}.",
            action="Correct --n CLASS=N.",
        )
    return dict(counts)


def _check_folder(folder: Path, target: SyntheticFolder, overwrite: bool) -> None:
    if Run(folder).config_file.exists():
        raise InputError(
            found=f"{folder} is a run with a generator of its own.",
            expected="Images of another generator do not belong to its scores and its study.",
            action="Name a new folder with --run DIR, or leave --run out.",
        )
    if target.manifest.exists() and not overwrite:
        raise InputError(
            found=f"{target.root} holds synthetic images.",
            expected="They are kept unless you say otherwise.",
            action="Add --overwrite to replace them, or name another folder with --run DIR.",
        )
