"""Figures published by M. Balik (2020), the report this tool's default classifiers are built after.

"CNN For Detecting Pneumonia from X-ray Images", Springboard Data Science Capstone Project 2, 28 April 2020,
sections 3.5, 4 and 5. Rounded to two digits there.
"""

from collections.abc import Mapping
from dataclasses import dataclass

TITLE = "CNN For Detecting Pneumonia from X-ray Images"
SOURCE = f"M. Balik: {TITLE}. Springboard Data Science Capstone Project 2, 28 April 2020."
CLASSES = ("NORMAL", "PNEUMONIA")
NUM_TEST = 624
CAUTION = (
    "The published figures come from one training each, without an interval, and the test set was also what early "
    "stopping and the learning-rate schedule looked at. They are likely too good, and a difference of one or two "
    "points between them says nothing."
)


@dataclass(frozen=True)
class Published:
    """One published result on the test set of 624 images."""

    classifier: str
    arm: str
    system: str
    accuracy: float
    precision: Mapping[str, float]
    recall: Mapping[str, float]


def _by_class(normal: float, pneumonia: float) -> dict[str, float]:
    return dict(zip(CLASSES, (normal, pneumonia), strict=True))


PUBLISHED = (
    Published(
        "baseline_cnn", "imbalanced", "Baseline CNN, original set", 0.90, _by_class(0.95, 0.88), _by_class(0.77, 0.97)
    ),
    Published(
        "baseline_cnn",
        "gan",
        "Baseline CNN, with DCGAN images",
        0.88,
        _by_class(0.93, 0.86),
        _by_class(0.74, 0.97),
    ),
    Published("vgg16", "imbalanced", "VGG16, original set", 0.92, _by_class(0.96, 0.89), _by_class(0.81, 0.98)),
    Published(
        "vgg16",
        "gan",
        "VGG16, with DCGAN images",
        0.89,
        _by_class(0.96, 0.86),
        _by_class(0.74, 0.98),
    ),
)
