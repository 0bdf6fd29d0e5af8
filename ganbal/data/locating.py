"""Where the images of a data set are, whatever `data.root` names: a folder, a table, a file to be imported."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from ganbal.config import DataConfig
from ganbal.config.data import is_remote_name
from ganbal.data.classes import one_versus_rest, rename_classes
from ganbal.data.discovery import TABLE_SETTINGS, find_images
from ganbal.data.image_formats import list_folder, printable
from ganbal.data.imports.copies import Copies
from ganbal.data.imports.importing import TABLE, ImportPlan, import_once
from ganbal.data.imports.nifti import plan_nifti, slices_of
from ganbal.data.imports.registry import plan_import
from ganbal.data.layouts.table_text import TABLE_SUFFIXES
from ganbal.data.source import Source
from ganbal.errors import InputError
from ganbal.runtime.console import Console

PHANTOM = "phantom"
_PHANTOM_ORIGIN = "embedded phantom set"
_USUAL_FOLDER = Path("data/chest_xray")
_MOST_IMPORTS = 3


@dataclass(frozen=True)
class LocatedSource:
    """The images of a data set, and where they come from.

    `given` is what the user named and `origin` where: "data.root", "GANBAL_DATA", "data/chest_xray" or "embedded
    phantom set"; `imports` has the record of every import that lies between `given` and the files of `source`.
    """

    source: Source
    given: Path
    origin: str
    is_phantom: bool
    imports: tuple[dict[str, Any], ...]


def resolve_root(config: DataConfig) -> tuple[Path | Literal["phantom"], str]:
    """Where the images are, and who says so: the setting, else GANBAL_DATA, else data/chest_xray, else the phantom set.

    Returns:
        An absolute path, a name such as `hf:OWNER/NAME` or "phantom", and "data.root", "GANBAL_DATA",
        "data/chest_xray" or "embedded phantom set". Whether the path exists is checked by `locate`.
    """
    from_environment = os.environ.get("GANBAL_DATA", "").strip()
    if config.root is not None:
        wanted, origin = str(config.root), "data.root"
    elif from_environment:
        wanted, origin = from_environment, "GANBAL_DATA"
    elif _USUAL_FOLDER.is_dir():
        wanted, origin = str(_USUAL_FOLDER), str(_USUAL_FOLDER)
    else:
        wanted, origin = PHANTOM, _PHANTOM_ORIGIN
    if wanted == PHANTOM:
        return "phantom", _PHANTOM_ORIGIN
    if is_remote_name(wanted):
        return Path(wanted), origin
    return Path(os.path.abspath(Path(wanted).expanduser())), origin  # noqa: PTH100 - without resolving links


def absolute_image_root(config: DataConfig) -> Path | None:
    """The folder that paths in a CSV file are relative to, independent of the current folder."""
    return Path(os.path.abspath(config.image_root.expanduser())) if config.image_root is not None else None  # noqa: PTH100


def locate(config: DataConfig, cache_root: Path, console: Console) -> LocatedSource:
    """List the images that the settings name; import them first where they are no files yet.

    Raises:
        InputError: nothing there, no known layout, or a file that cannot be imported.
        GanbalError: imported files cannot be written.
    """
    root, origin = resolve_root(config)
    if root == PHANTOM:
        from ganbal.data.phantom.dataset import ensure_phantom_set  # loads SciPy

        folder = ensure_phantom_set(cache_root, config.phantom_images, console)
        return LocatedSource(find_images(folder), folder, origin, True, ())
    config = config.model_copy(update={"image_root": absolute_image_root(config)})
    copies = Copies(_checked_path(Path(root)))
    try:
        source, records = _imported(copies, config, cache_root, console)
    except InputError as error:
        if (renamed := copies.renamed_error(error)) is None:
            raise
        raise renamed from error
    source = _with_classes_as_set(
        copies.renamed_source(source), config, records[-1].get("labels", {}) if records else {}
    )
    return LocatedSource(source, Path(root), origin, False, tuple(records))


def _imported(
    copies: Copies, config: DataConfig, cache_root: Path, console: Console
) -> tuple[Source, list[dict[str, Any]]]:
    """The images of what the user named, after as many imports as it needs, and the records of these.

    Args:
        copies: gets the folders of the imports.
    """
    place, records = copies.given, []

    def import_(plan: ImportPlan) -> Path:
        imported = import_once(plan, cache_root, console)
        records.append(imported.record)
        copies.folders.append(imported.folder)
        return imported.place

    for _ in range(_MOST_IMPORTS):
        plan = plan_import(place, config)
        if plan is None:
            break
        place = _only_file(import_(plan))
    is_listed = bool(records) and place.name == TABLE
    if is_listed and records[-1]["kind"] == "npz":
        _check_no_table_settings(config, copies.given)
    if records and not is_listed:
        source = _find_in_copy(place, config)
    else:
        source = find_images(place, DataConfig() if is_listed else config)
    plan = plan_nifti(source, config)
    if plan is not None:
        source, is_listed = slices_of(source, find_images(import_(plan))), True
    return (replace(source, layout=records[-1]["kind"]) if is_listed else source), records


def _find_in_copy(place: Path, config: DataConfig) -> Source:
    """Images in the folders of an unpacked archive, else those that the one table at its top lists.

    Raises:
        InputError: neither classes in the folders nor one table that can be used.
    """
    try:
        return find_images(place, config)
    except InputError as of_folders:
        tables = _tables_at_top(place) if place.is_dir() else []
        if len(tables) != 1:
            raise
        try:
            return find_images(tables[0], config)
        except InputError as of_table:
            found = f"{of_folders.found}\n{of_table.found}"
            raise InputError(found=found, expected=of_table.expected, action=of_table.action) from of_table


def _tables_at_top(folder: Path) -> list[Path]:
    """The tables in a folder; of one with a single folder and no table, those in there."""
    entries = list_folder(folder)
    files = [folder / entry.name for entry in entries if not entry.is_folder]
    tables = [file for file in files if file.suffix.lower() in TABLE_SUFFIXES]
    inner = [folder / entry.name for entry in entries if entry.is_folder]
    return _tables_at_top(inner[0]) if not tables and len(inner) == 1 else tables


def _check_no_table_settings(config: DataConfig, root: Path) -> None:
    """Check that no column is named for arrays, which have none.

    Raises:
        InputError: one is.
    """
    if wrong := [name for name in TABLE_SETTINGS if getattr(config, name) is not None]:
        raise InputError(
            found=f"data.{wrong[0]} is set, but {printable(root)} is no table.",
            expected="This setting needs a CSV file that lists the images.",
            action=f"Remove data.{wrong[0]}.",
        )


def _with_classes_as_set(source: Source, config: DataConfig, names: Mapping[str, str]) -> Source:
    """The source with its labels turned into classes by the settings.

    Args:
        names: the names that an import has given to the labels of its source.
    """
    classes = [image.class_name for image in source.images]
    if config.one_versus_rest is not None:
        wanted = names.get(config.one_versus_rest, config.one_versus_rest)
        # A table or array with several labels per image was reduced in the same way when it was read.
        classes = one_versus_rest([{name} for name in classes], wanted)
    classes = rename_classes(classes, {names.get(label, label): name for label, name in config.class_names.items()})
    images = [replace(image, class_name=name) for image, name in zip(source.images, classes, strict=True)]
    return replace(source, images=tuple(images))


def _only_file(place: Path) -> Path:
    """The file in a folder that holds nothing else, such as the `.npz` in a zip file; else `place` itself."""
    entries = list_folder(place) if place.is_dir() else []
    return place / entries[0].name if len(entries) == 1 and not entries[0].is_folder else place


def _checked_path(root: Path) -> Path:
    if printable(root) != str(root):
        raise InputError(
            found=f"The path {printable(root)} has bytes that are not UTF-8.",
            expected="It must be UTF-8, because it is recorded in the files of the run.",
            action="Rename the folder, or give a link to it.",
        )
    return root
