"""Arms that add copies of real images: the controls which synthetic images have to beat."""

import numpy as np

from classifiers.training.augmentation import build_augmentation
from ganbal.study.arms.drawing import draw_copies
from ganbal.study.arms.image_set import ImageSet, TrainingSet


def duplicated(real: ImageSet, synthetic: ImageSet, additions: np.ndarray, random: np.random.Generator) -> TrainingSet:
    """The real images and copies of them, no image copied twice more than another: more images, nothing new in them."""
    return TrainingSet(real.joined(real.at(draw_copies(real, additions, random))))


def augmented(real: ImageSet, synthetic: ImageSet, additions: np.ndarray, random: np.random.Generator) -> TrainingSet:
    """The same, each copy turned, shifted and zoomed a little: what classical augmentation adds, as fixed images."""
    return TrainingSet(real.joined(changed_copies(real, additions, random)))


def changed_copies(real: ImageSet, additions: np.ndarray, random: np.random.Generator) -> ImageSet:
    """Copies of real images, so many of each class (K,), each changed once by the anatomical augmentation."""
    copies = real.at(draw_copies(real, additions, random))
    augment, entropy = build_augmentation("anatomical"), int(random.integers(2**63))
    changed = [augment(image, (entropy, number)) for number, image in enumerate(copies.pixels)]
    return ImageSet(np.stack(changed) if changed else copies.pixels, copies.labels)
