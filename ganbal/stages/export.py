"""`export`: the generators or the synthetic images of a run, in the formats of other programs."""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ganbal.errors import InputError
from ganbal.export.formats import GENERATOR_FORMATS
from ganbal.export.generator_folder import write_generator_folder
from ganbal.export.hub import push_folder, require_hub
from ganbal.export.image_sets import (
    Link,
    RealImages,
    SyntheticSet,
    write_imagefolder,
    write_kaggle_folders,
    write_npz,
)
from ganbal.export.target import check_target, files_in, write_record
from ganbal.gan.checkpoint import chosen_checkpoint
from ganbal.gan.folder import GanFolder
from ganbal.gan.image_generator import ImageGenerator
from ganbal.run.folder import Run
from ganbal.run.missing import without_generator
from ganbal.runtime.atomic_files import atomic_folder, read_json
from ganbal.stages.card_scores import card_scores
from ganbal.stages.context import RunContext
from ganbal.synthesis.manifest import read_synthetic

_REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+")


@dataclass(frozen=True)
class ExportRequest:
    """What to export.

    Attributes:
        form: one of `export.formats.FORMATS`.
        target: the folder; None takes `export/<form>` in the run folder.
        class_name: only this class; None takes all.
        with_real: put the real images into the `.npz` file, too.
        link: how `kaggle` holds the real images.
        repository: on the Hugging Face Hub, to upload the folder to; None uploads nothing.
    """

    form: str
    target: Path | None = None
    class_name: str | None = None
    with_real: bool = False
    link: Link = "symlink"
    repository: str | None = None

    @property
    def needs_real_images(self) -> bool:
        return self.form == "kaggle" or (self.form == "npz" and self.with_real)

    def check(self) -> None:
        """Check what needs no run.

        Raises:
            InputError: options that do not go together, or a missing package.
        """
        if self.with_real and self.form != "npz":
            raise InputError(
                found=f"--with-real does not go with --format {self.form}.",
                expected="It puts the real images into a .npz file; `kaggle` always has them.",
                action="Leave it out, or use --format npz.",
            )
        if self.link == "copy" and self.form != "kaggle":
            raise InputError(
                found=f"--copy does not go with --format {self.form}.",
                expected="It copies the real images, which only `kaggle` has as files.",
                action="Leave it out, or use --format kaggle.",
            )
        if self.repository is not None and not _REPOSITORY.fullmatch(self.repository):
            raise InputError(
                found=f"--push-to-hub is {self.repository!r}.",
                expected="A repository of the Hugging Face Hub has the form OWNER/NAME.",
                action="Correct the name.",
            )
        if self.repository is not None and self.needs_real_images:
            raise InputError(
                found=f"--push-to-hub with --format {self.form} would upload real images of patients.",
                expected="ganbal uploads generators and synthetic images only.",
                action="Use --format imagefolder, or --format npz without --with-real.",
            )
        if self.repository is not None:
            require_hub()


def export(context: RunContext, request: ExportRequest) -> dict[str, Any]:
    """Write the export, and upload it if asked to.

    Returns:
        `folder`, `format`, `files` relative to it, and `uploaded_to`.

    Raises:
        InputError: nothing to export, or the target holds other files.
        GanbalError: a file cannot be written, or the upload fails.
    """
    target = _target(context.run, request)
    check_target(target)
    write, description = _writer(context, request)
    with atomic_folder(Path(os.path.realpath(target))) as folder:  # a link to the folder stays a link
        write(folder)
        write_record(folder, request.form, description)
    files, address = files_in(target), None
    if request.repository is not None:
        kind: Literal["model", "dataset"] = "model" if request.form in GENERATOR_FORMATS else "dataset"
        address = push_folder(target, request.repository, kind)
    return {"folder": str(target), "format": request.form, "files": files, "uploaded_to": address, **description}


def _target(run: Run, request: ExportRequest) -> Path:
    return (request.target or run.folder / "export" / request.form).expanduser()


def _writer(context: RunContext, request: ExportRequest) -> tuple[Callable[[Path], object], dict[str, Any]]:
    """The function that fills a folder, and what it will hold."""
    if request.form in GENERATOR_FORMATS:
        generators = trained_generators(context.run, request.class_name)
        classes = [name for generator in generators for name in generator.class_names]
        scores = card_scores(context.run, classes, context.console)
        return lambda folder: write_generator_folder(folder, generators, request.form, scores), {"classes": classes}
    real = _real_images(context) if request.needs_real_images else None
    synthetic = _synthetic_set(context, request)
    counts = {name: synthetic.images.class_names.count(name) for name in sorted(set(synthetic.images.class_names))}
    writers: dict[str, Callable[[Path], object]] = {
        "imagefolder": lambda folder: write_imagefolder(folder, synthetic),
        "kaggle": lambda folder: write_kaggle_folders(folder, synthetic, _given(real), link=_link(context, request)),
        "npz": lambda folder: write_npz(folder / "synthetic.npz", synthetic, real),
    }
    return writers[request.form], {"num_synthetic": counts, "num_real": 0 if real is None else real.num_exported}


def _link(context: RunContext, request: ExportRequest) -> Link:
    """How real images are held: as asked for, or copied where a link would break or would lead out of the run."""
    # What lies in the cache may be deleted at any time: images unpacked from an archive, and the phantom set.
    is_cached = context.dataset.table.root.is_relative_to(context.cache)
    target = Path(os.path.realpath(_target(context.run, request)))
    return "copy" if is_cached or target.is_relative_to(os.path.realpath(context.run.folder)) else request.link


def trained_generators(run: Run, class_name: str | None = None) -> list[ImageGenerator]:
    """The generators of a run, or the one that knows a class.

    Raises:
        InputError: there are none, or none knows the class.
    """
    folders = _generator_folders(run)
    generators = [ImageGenerator.load(chosen_checkpoint(folder), "cpu") for folder in folders]
    chosen = [one for one in generators if class_name is None or class_name in one.class_names]
    if not chosen:
        known = ", ".join(name for one in generators for name in one.class_names)
        raise InputError(
            found=f"There is no generator of {class_name}.",
            expected=f"The run has generators of {known}.",
            action="Correct --class, or leave it out.",
        )
    return chosen


def _generator_folders(run: Run) -> list[GanFolder]:
    record_file = run.gan_folder / "training.json"
    if not record_file.is_file():
        raise without_generator(run, 1.0, (1.0,))
    try:
        record = read_json(record_file)
        return [GanFolder(run.gan_folder / str(one.get("folder", ""))) for one in record.get("classes", [record])]
    except (ValueError, AttributeError, TypeError, RecursionError) as error:
        raise InputError(
            found=f"{record_file} is damaged.",
            expected="It lists the generators of the run.",
            action=f"Run `{run.command('train-gan')}`, which writes it again.",
        ) from error


def _synthetic_set(context: RunContext, request: ExportRequest) -> SyntheticSet:
    # Without real images there are none to compare with, and the export needs no data set.
    images = context.synthetic if request.needs_real_images else read_synthetic(context.synthetic_folder)
    classes = context.dataset.table.classes if request.needs_real_images else _recorded_classes(context.run)
    if request.class_name is not None:
        images = images.of_class(request.class_name)
    if not len(images.names):
        raise InputError(
            found=f"There are no synthetic images of {request.class_name}.",
            expected="The export needs images that `ganbal synthesize` generated.",
            action="Correct --class, or leave it out.",
        )
    others = sorted(set(images.class_names) - set(classes))
    return SyntheticSet(context.synthetic_folder, images, [*classes, *others])


def _recorded_classes(run: Run) -> list[str]:
    """All classes of the data set in the order of their labels; none where data.json cannot be read."""
    try:
        return [str(name) for name in read_json(run.data_file)["classes"]]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return []


def _real_images(context: RunContext) -> RealImages:
    dataset = context.dataset
    frame, root = dataset.table.frame, dataset.table.root
    return RealImages(
        [root / name for name in frame["file_name"]],
        frame["class_name"].tolist(),
        frame["split"].tolist(),
        dataset.pixels,
    )


def _given(real: RealImages | None) -> RealImages:
    assert real is not None
    return real
