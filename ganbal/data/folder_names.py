"""What the name of a folder means: a split, images of no class, masks, a patient, or nothing known."""

import re
from typing import Literal

Split = Literal["train", "val", "test"]

_SPLIT_WORDS: dict[str, Split] = {
    **dict.fromkeys(("train", "training", "trn"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "dev", "eval", "evaluation"), "val"),
    **dict.fromkeys(("test", "testing", "tst"), "test"),
}
_FILLER_WORDS_TEXT = (
    "set sets data dataset images image img imgs split splits folder files input inputs samples pictures png "
    "jpg jpeg part"
)
_FILLER_WORDS = frozenset(_FILLER_WORDS_TEXT.split())
_MASK_WORDS_TEXT = "mask masks segmentation segmentations seg annotation annotations groundtruth contour contours"
_MASK_WORDS = frozenset(_MASK_WORDS_TEXT.split())
_GLUED_FILLER = re.compile(r"(?P<split>[a-z]+?)(?:sets?|data|dataset|images?|imgs?|split)")
_UNIT = re.compile(
    r"(?:patient|subject|subj|sub|case|study|series|exam|scan|pat|pt|person|volunteer|participant|fold|batch)[ _-]*\d+"
    r"|p\d{2,}|s\d{4,}|tcga[-_].+",
    re.IGNORECASE,
)
_IGNORED = frozenset(["__macosx", "@eadir", "thumbs.db", "desktop.ini", "$recycle.bin", "lost+found"])


def is_ignored(name: str) -> bool:
    """Whether an operating system or a tool left this file or folder: hidden, `__MACOSX`, `@eaDir`, `Thumbs.db` …"""
    return name.startswith(".") or name.lower() in _IGNORED


def split_of(name: str) -> Split | None:
    """The split that `train`, `TRAIN`, `train_set`, `training-images`, `Testing`, `valid` … name unambiguously."""
    words = _words(name)
    splits = [split for word in words if (split := _split_of_word(word)) is not None]
    fillers = sum(word in _FILLER_WORDS for word in words)
    return splits[0] if len(splits) == 1 and fillers == len(words) - 1 else None


def mentions_split(name: str) -> bool:
    """Whether a word of the name is that of a split, whatever the other words are."""
    return any(_split_of_word(word) is not None for word in _words(name))


def is_mask_folder(name: str) -> bool:
    """`masks`, `lung masks`, `segmentation` …: images of outlines, not of patients."""
    return any(word in _MASK_WORDS for word in _words(name))


def is_image_folder(name: str) -> bool:
    """`images`, `images_001`, `img` …: a name that says nothing of a class."""
    words = _words(name)
    return any(word in _FILLER_WORDS for word in words) and all(
        word in _FILLER_WORDS or word.isdigit() for word in words
    )


def is_unit_folder(name: str) -> bool:
    """`patient00005`, `study2`, `fold1` …: one of many equal units, not a class."""
    return _UNIT.fullmatch(name) is not None


def distinguishing_part(name: str) -> str:
    """The name without filler words, and without numbers where there are fillers: `HAM_images_part_2` → `ham`."""
    words = _words(name)
    if not any(word in _FILLER_WORDS for word in words):
        return name
    return " ".join(word for word in words if word not in _FILLER_WORDS and not word.isdigit())


def _words(name: str) -> list[str]:
    separated = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name)
    return [word.lower() for word in re.findall(r"\d+|[^\W\d_]+", separated)]


def _split_of_word(word: str) -> Split | None:
    if word in _SPLIT_WORDS:
        return _SPLIT_WORDS[word]
    glued = _GLUED_FILLER.fullmatch(word)
    return _SPLIT_WORDS.get(glued["split"]) if glued else None
