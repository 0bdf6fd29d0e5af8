"""Names, order and meaning of the classes."""

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from ganbal.errors import InputError
from ganbal.runtime.number_text import some_of

_ABNORMAL_TEXT = (
    "abnormal positive pos yes true disease diseased sick ill infected infection pathology pathologic "
    "pathological case cases patient patients pneumonia covid covid19 tuberculosis tb tumor tumour cancer "
    "cancerous malignant malignancy melanoma carcinoma adenocarcinoma glioma meningioma pituitary metastasis "
    "lesion nodule mass opacity effusion pneumothorax cardiomegaly atelectasis edema oedema fibrosis emphysema "
    "copd fracture fractured hemorrhage haemorrhage stroke glaucoma cataract retinopathy dementia demented "
    "alzheimer alzheimers parasitized"
)
_ABNORMAL = frozenset(_ABNORMAL_TEXT.split())
_NORMAL_TEXT = (
    "normal healthy benign negative neg no non not none false control controls well clear absent nofinding uninfected"
)
_NORMAL = frozenset(_NORMAL_TEXT.split())
_NEGATION = re.compile(r"(?:no|non|not|un)(?P<rest>[a-z]+)")
# Names of files beside the folders of classes in a run.
_RESERVED = frozenset(["manifest.csv", "synthesis.json", "metadata.csv"])
_MAX_NAME_BYTES = 200


@dataclass(frozen=True)
class ClassOrder:
    """Classes in the order of their labels.

    With two classes, the second is the positive one: the class whose probability, recall and precision are reported.
    `reason` says how it was chosen: "setting", "name" (of a disease or its absence) or "order" (alphabetical). With
    more classes `positive` and `reason` are None.
    """

    names: tuple[str, ...]
    positive: str | None
    reason: Literal["setting", "name", "order"] | None


def order_classes(class_names: Iterable[str], positive_class: str | None = None) -> ClassOrder:
    """Order the classes alphabetically and, of two, put the positive one last.

    Raises:
        InputError: `positive_class` is not one of two classes.
    """
    names = tuple(sorted(set(class_names)))
    if positive_class is not None and (len(names) != 2 or positive_class not in names):
        raise InputError(
            found=f"data.positive_class is {positive_class!r}, but the data set has the classes {', '.join(names)}.",
            expected="It must be one of exactly two classes.",
            action="Correct data.positive_class, or remove it with more than two classes.",
        )
    if len(names) != 2:
        return ClassOrder(names, None, None)
    guess = _abnormal_of(names)
    positive = positive_class or guess or names[1]
    reason: Literal["setting", "name", "order"] = "setting" if positive_class else "name" if guess else "order"
    return ClassOrder((names[0] if positive == names[1] else names[1], positive), positive, reason)


def check_classes(class_names: Sequence[str]) -> None:
    """Check that there are two classes or more, with names that can be folders of a run.

    Args:
        class_names: one per image.

    Raises:
        InputError: fewer classes, or a name that cannot be used.
    """
    classes = sorted(set(class_names))
    if len(classes) < 2:
        raise InputError(
            found=f"All {len(class_names)} images are of one class, {classes[0]}."
            if classes
            else "No image can be read.",
            expected="ganbal needs images of two classes or more.",
            action="Give --data the folder that holds one folder per class (or train/ and test/ with such folders).",
        )
    problems = [f"{name!r} {problem}" for name in classes if (problem := class_name_problem(name))]
    same: dict[str, str] = {}
    for name in classes:
        twin = same.setdefault(unicodedata.normalize("NFC", name), name)
        if twin != name:
            problems.append(f"{twin!r} and {name!r} look the same")
    if problems:
        raise InputError(
            found="Some class names cannot be used:\n  " + "\n  ".join(problems),
            expected="A class name must serve as the name of a folder.",
            action="Rename these classes.",
        )
    alike: dict[str, str] = {}
    for name in classes:
        twin = alike.setdefault(unicodedata.normalize("NFC", name).strip().casefold(), name)
        if twin != name:
            kept, renamed = sorted((twin, name), key=lambda one: (one != one.strip(), -class_names.count(one)))
            raise InputError(
                found=f"The classes {twin!r} and {name!r} differ only in case or in spaces around them.",
                expected="Classes need names that stay apart as folders on every system.",
                action=f'If they are one class, add --set "data.class_names={{{renamed!r}: {kept}}}"; else rename one.',
            )


def class_name_problem(name: str) -> str | None:
    """Why a class name cannot be used: synthetic images of a class get a folder of its name. None: it can."""
    if any(unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") for character in name):
        return "has line breaks or control characters"
    if name.startswith(".") or "/" in name or "\\" in name or not name.strip():
        return "cannot be the name of a folder"
    if len(name.encode()) > _MAX_NAME_BYTES:
        return f"is longer than {_MAX_NAME_BYTES} bytes"
    if name.lower() in _RESERVED:
        return "is the name of a file in a run"
    return None


def one_versus_rest(labels: Sequence[Collection[str]], wanted: str) -> list[str]:
    """Two classes for images that have any number of labels: `wanted` and `no-<wanted>`.

    Args:
        labels: those of each image.

    Raises:
        InputError: no image has the label.
    """
    classes = [wanted if wanted in names else f"no-{wanted}" for names in labels]
    if wanted not in classes:
        known = sorted({name for names in labels for name in names})
        raise InputError(
            found=f"data.one_versus_rest is {wanted!r}, but no image has this label.",
            expected=f"The labels are {some_of(known)}." if known else "It must be a label of the data set.",
            action="Correct data.one_versus_rest.",
        )
    return classes


def rename_classes(names: Sequence[str], renamed: Mapping[str, str]) -> list[str]:
    """Give classes the names of the setting `data.class_names`; those not in it keep their own.

    Raises:
        InputError: it names a class that no image has.
    """
    unknown = sorted(renamed.keys() - set(names))
    if unknown:
        raise InputError(
            found=f"data.class_names has {some_of([repr(name) for name in unknown])}, but the labels of the data set "
            f"are {some_of([repr(name) for name in sorted(set(names))])}.",
            expected="It maps labels of the data set to names of classes.",
            action="Correct it, e.g. --set 'data.class_names={0: normal, 1: pneumonia}'.",
        )
    return [renamed.get(name, name) for name in names]


def _abnormal_of(names: tuple[str, ...]) -> str | None:
    """The one of two classes that is abnormal by its own name, or because the other one is normal."""
    first, second = (_meaning(name) for name in names)
    if first == second:
        return None
    return names[0] if first == "abnormal" or second == "normal" else names[1]


def _meaning(name: str) -> Literal["normal", "abnormal"] | None:
    if name in ("0", "1"):
        return "normal" if name == "0" else "abnormal"
    separated = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name)
    words = re.findall(r"[^\W\d_]+", separated.lower())
    if any(word in _NORMAL or _is_negated(word) for word in words):
        return "normal"
    return "abnormal" if any(word in _ABNORMAL for word in words) else None


def _is_negated(word: str) -> bool:
    match = _NEGATION.fullmatch(word)
    return match is not None and match["rest"] in _ABNORMAL
