"""What the documents report of their systems; the only place that holds a published figure.

Sources: 000, "Portsmouth" (CNN, SVM and random forest); 001, SR University; 002, M. Balik, Springboard capstone report,
2020; 003, "three CNNs"; 004, CUNY (Hussan 2022). All on the chest X-ray set; class 0 NORMAL, 1 PNEUMONIA.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from scipy.stats import binomtest

CLASSES = ("NORMAL", "PNEUMONIA")
NUM_TEST = 624
_WEIGHTED = ("class-weights",)


@dataclass(frozen=True)
class Published:
    """One published system. `arms` and `is_augmented` (None: either) tell which cells are the same system."""

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


def find_published(classifier: str, arm: str, is_augmented: bool) -> Published | None:
    """The published system that a cell with this classifier and arm is built after, None where there is none."""
    for system in PUBLISHED:
        fits = classifier in system.classifiers and arm in system.arms
        if fits and system.is_augmented in (None, is_augmented):
            return system
    return None
