"""Published figures of the systems in the five source reports; the only place that holds them.

All are on the chest X-ray set; class 0 is NORMAL, class 1 PNEUMONIA.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from scipy.stats import binomtest

CLASSES = ("NORMAL", "PNEUMONIA")
NUM_TEST = 624
SOURCES = {
    "000": "University of Portsmouth: pneumonia detection with a CNN, an SVM and a random forest.",
    "001": "SR University: pneumonia detection with a CNN at 128 px.",
    "002": "M. Balik: CNN For Detecting Pneumonia from X-ray Images. Springboard Data Science Capstone Project 2, 28 "
    "April 2020.",
    "003": "Pneumonia detection with three CNNs at 256 px.",
    "004": "Hussan, City University of New York, 2022: a CNN at 64 px and an SVM.",
}
_WEIGHTED = ("class-weights",)


@dataclass(frozen=True)
class Published:
    """One published system. A cell is the same system if its classifier and arm are among those named here.

    Attributes:
        is_augmented: whether the system was trained with augmentation; None if either fits.
    """

    document: str
    title: str
    classifiers: tuple[str, ...]
    arms: tuple[str, ...]
    accuracy: float | None
    matrix: tuple[tuple[int, int], tuple[int, int]] | None = None
    """[[TN, FP], [FN, TP]]."""
    precision: tuple[float, float] | None = None
    recall: tuple[float, float] | None = None
    f1: float | None = None
    """Of PNEUMONIA."""
    num_test: int = NUM_TEST
    is_augmented: bool | None = None
    note: str = ""

    @property
    def interval(self) -> tuple[float, float] | None:
        """Exact binomial 95 % interval of the accuracy (Clopper & Pearson 1934): how far another test set of the same
        size could have moved it."""
        if self.accuracy is None:
            return None
        found = binomtest(round(self.accuracy * self.num_test), self.num_test).proportion_ci(0.95, method="exact")
        return float(found.low), float(found.high)


_REPEATED = "The published table counts 656 images: a batch was counted twice."

PUBLISHED: Sequence[Published] = (
    Published(
        "002", "Baseline CNN", ("baseline_cnn",), ("imbalanced",), 0.90, precision=(0.95, 0.88), recall=(0.77, 0.97)
    ),
    Published("002", "VGG16 transfer", ("vgg16",), ("imbalanced",), 0.92, precision=(0.96, 0.89), recall=(0.81, 0.98)),
    Published(
        "002",
        "Baseline CNN with DCGAN images",
        ("baseline_cnn",),
        ("gan",),
        0.88,
        precision=(0.93, 0.86),
        recall=(0.74, 0.97),
    ),
    Published(
        "002",
        "VGG16 transfer with DCGAN images",
        ("vgg16",),
        ("gan",),
        0.89,
        precision=(0.96, 0.86),
        recall=(0.74, 0.98),
    ),
    Published("000", "Six-block CNN", ("cnn_six_block",), ("imbalanced",), 0.9006, ((184, 50), (12, 378)), f1=0.924),
    Published(
        "000", "Linear SVM on CNN features", ("svm_on_cnn",), ("imbalanced",), 0.8942, ((180, 54), (12, 378)), f1=0.920
    ),
    Published(
        "000",
        "Random forest on CNN features",
        ("forest_on_cnn",),
        ("imbalanced",),
        0.8606,
        ((169, 65), (22, 368)),
        f1=0.894,
    ),
    Published("001", "128-px CNN", ("cnn_128",), ("imbalanced",), None, note="No figure of this system survives."),
    Published(
        "003",
        "256-px CNN, class weights",
        ("cnn_256",),
        _WEIGHTED,
        0.795,
        ((116, 130), (6, 404)),
        num_test=656,
        is_augmented=False,
        note=_REPEATED,
    ),
    Published(
        "003",
        "256-px CNN, class weights, augmented",
        ("cnn_256",),
        _WEIGHTED,
        0.856,
        ((162, 84), (12, 398)),
        num_test=656,
        is_augmented=True,
        note=_REPEATED,
    ),
    Published(
        "003",
        "Xception transfer",
        ("xception", "transfer:xception"),
        ("imbalanced", *_WEIGHTED),
        0.811,
        ((140, 106), (16, 394)),
        num_test=656,
        note=_REPEATED,
    ),
    Published("004", "64-px CNN", ("cnn_64",), ("imbalanced",), 0.9263),
    Published("004", "RBF SVM on 50-px pixels", ("pixel_svm",), ("imbalanced",), 0.7644, ((92, 142), (5, 385))),
)


def published_record(published: Published) -> dict[str, Any]:
    """One published system, ready for JSON."""
    return {
        "document": published.document,
        "source": SOURCES[published.document],
        "title": published.title,
        "accuracy": published.accuracy,
        "interval": None if published.interval is None else list(published.interval),
        "interval_method": f"binomial 95 %, Clopper-Pearson, n = {published.num_test}",
        "num_test": published.num_test,
        "confusion_matrix": None if published.matrix is None else [list(row) for row in published.matrix],
        "precision": None if published.precision is None else list(published.precision),
        "recall": None if published.recall is None else list(published.recall),
        "f1": published.f1,
        "note": published.note,
    }


def published_beside_study(
    classes: Sequence[str], classifiers: Sequence[str], arms: Sequence[str], *, is_augmented: bool, is_phantom: bool
) -> dict[str, Any] | None:
    """The published figures of a study's systems, for summary.json.

    Returns:
        `classes`, `num_test` and `systems`: the entries of `published_record` with `classifier` and `arm`. None where
        the study's images cannot be compared with the published ones or none of its systems was published.
    """
    if is_phantom or tuple(classes) != CLASSES:
        return None
    systems = [
        published_record(published) | {"classifier": classifier, "arm": arm}
        for classifier in classifiers
        for arm in arms
        if (published := find_published(classifier, arm, is_augmented)) is not None
    ]
    return {"classes": list(CLASSES), "num_test": NUM_TEST, "systems": systems} if systems else None


def find_published(classifier: str, arm: str, is_augmented: bool) -> Published | None:
    """The published system that a cell with this classifier and arm repeats; None where there is none."""
    for system in PUBLISHED:
        fits = classifier in system.classifiers and arm in system.arms
        if fits and system.is_augmented in (None, is_augmented):
            return system
    return None
