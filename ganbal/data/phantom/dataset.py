"""The embedded phantom set: drawn chests in the layout, the names and the imbalance of the real one.

It stands in where there are no images, so that every stage can be tried at once. Nothing measured on it says anything
about radiographs.
"""

import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from ganbal.data.found import FoundImage
from ganbal.data.phantom.anatomy import draw_person
from ganbal.data.phantom.radiograph import Finding, draw_film
from ganbal.errors import GanbalError
from ganbal.runtime.atomic_files import write_text
from ganbal.runtime.console import Console

MARK = "PHANTOM: drawn by a program; not a photograph of a patient."
_README = f"""{MARK}

Chests from the embedded phantom set of ganbal, for trying the program without data.
"""
# Goes up whenever the same settings would draw other images.
_VERSION = 1
_SEED = 0

_NORMAL_SHARE = {"train": 1341 / 5216, "val": 0.5, "test": 234 / 624}
_TEST_SHARE, _VAL_SHARE = 0.25, 0.02


@dataclass(frozen=True)
class _Film:
    """One image to be drawn: of which person, with what, under which name."""

    image: FoundImage
    person: int
    finding: Finding


def planned_phantom_set(num_images: int) -> list[FoundImage]:
    """The names, classes and splits of the phantom set, without drawing it."""
    return sorted(film.image for film in _plan(num_images))


def ensure_phantom_set(cache_root: Path, num_images: int, console: Console) -> Path:
    """The folder of the phantom set, drawn now unless it is there.

    The images are the same on every call and do not depend on the seed of a run. Each says in its JPEG comment that
    it is drawn.

    Raises:
        GanbalError: it cannot be written.
    """
    folder = cache_root / "phantom" / f"v{_VERSION}-{num_images}" / "phantom_chest_xray"
    films = _plan(num_images)
    if _is_complete(folder, films):
        return folder
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        unfinished = Path(tempfile.mkdtemp(prefix=".drawing-", dir=folder.parent))
        try:
            _draw_all(films, unfinished, console)
            write_text(unfinished / "README.txt", _README)
            unfinished.chmod(0o755)
            _put_in_place(unfinished, folder, films)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
    except OSError as error:
        raise GanbalError(f"The phantom set cannot be written to {folder}: {error.strerror or error}.") from error
    return folder


def _plan(num_images: int) -> list[_Film]:
    """Every film of the set: whole persons to each split, one to four films a person."""
    rng = np.random.default_rng(_SEED)
    sizes = {"test": round(_TEST_SHARE * num_images), "val": max(2, round(_VAL_SHARE * num_images))}
    sizes["train"] = num_images - sizes["test"] - sizes["val"]
    films: list[_Film] = []
    persons = 0
    for split, size in sizes.items():
        normal = round(_NORMAL_SHARE[split] * size)
        for class_name, count in (("NORMAL", normal), ("PNEUMONIA", size - normal)):
            for person, number in _share_out(count, rng):
                name, finding = _name(class_name, persons + person, number, len(films), rng)
                image = FoundImage(f"{split}/{class_name}/{name}", class_name, split, patient=None)
                films.append(_Film(image, persons + person, finding))
            persons += count
    return films


def _share_out(count: int, rng: np.random.Generator) -> Iterator[tuple[int, int]]:
    """`count` times (person, number of the film among that person's), 1.4 films a person on average."""
    person, number = 0, 0
    for _ in range(count):
        yield person, number
        again = number < 3 and rng.random() < 0.3
        person, number = (person, number + 1) if again else (person + 1, 0)


def _name(class_name: str, person: int, number: int, running: int, rng: np.random.Generator) -> tuple[str, Finding]:
    """A file name of the real set's patterns, and what it says of the finding."""
    if class_name == "NORMAL":
        series = f"IM-{person + 100:04d}-0001" if person % 2 else f"NORMAL2-IM-{person + 100:04d}-0001"
        return (series if number == 0 else f"{series}-{number:04d}") + ".jpeg", "normal"
    cause: Finding = "bacteria" if rng.random() < 0.65 else "virus"
    return f"person{person + 1}_{cause}_{running + 1}.jpeg", cause


def _draw_all(films: list[_Film], folder: Path, console: Console) -> None:
    # One after another: on arrays this small Python's lock leaves threads nothing to gain.
    with console.progress(len(films), "drawing the phantom set", "image") as bar:
        for film in films:
            _draw(film, folder / film.image.file_name)
            bar.update()


def _draw(film: _Film, target: Path) -> None:
    # One stream for the person and one for the film, so that every film of a person shows the same chest.
    person = draw_person(np.random.default_rng([_SEED, 1, film.person]))
    name = int.from_bytes(hashlib.sha256(film.image.file_name.encode()).digest()[:8], "big")
    rng = np.random.default_rng([_SEED, 2, name])
    pixels = draw_film(person, film.finding, rng)
    target.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(target, quality=int(rng.integers(80, 96)), comment=MARK)


def _is_complete(folder: Path, films: list[_Film]) -> bool:
    return all((folder / film.image.file_name).is_file() for film in films)


def _put_in_place(finished: Path, folder: Path, films: list[_Film]) -> None:
    """Give the finished folder its name, unless another process was quicker; a damaged one is taken away first."""
    if folder.exists() and not _is_complete(folder, films):
        stale = Path(tempfile.mkdtemp(prefix=".stale-", dir=folder.parent))
        folder.rename(stale / folder.name)
        shutil.rmtree(stale, ignore_errors=True)
    try:
        finished.rename(folder)
    except OSError:
        if not _is_complete(folder, films):
            raise
