"""Arms that add copies of real images: the controls that synthetic images have to beat."""

import numpy as np

from ganbal.study.arms.image_set import ImageSet, TrainingSet
from ganbal.study.arms.sampling import sample_copies


def duplicated(real: ImageSet, synthetic: ImageSet, additions: np.ndarray, random: np.random.Generator) -> TrainingSet:
    """The real images and copies of them, distributed evenly: more images, nothing new in them."""
    return TrainingSet(real.joined(real.at(sample_copies(real, additions, random))))


def augmented(real: ImageSet, synthetic: ImageSet, additions: np.ndarray, random: np.random.Generator) -> TrainingSet:
    """The same, each copy rotated, shifted and zoomed slightly: classical augmentation as fixed images."""
    return TrainingSet(real.joined(augmented_copies(real, additions, random)))


def augmented_copies(real: ImageSet, additions: np.ndarray, random: np.random.Generator) -> ImageSet:
    """Copies of real images, `additions` (K,) per class, each changed once by the anatomical augmentation."""
    from classifiers.training.augmentation import build_augmentation  # loading albumentations takes a second

    copies = real.at(sample_copies(real, additions, random))
    augment, entropy = build_augmentation("anatomical"), int(random.integers(2**63))
    changed = [augment(image, (entropy, number)) for number, image in enumerate(copies.pixels)]
    return ImageSet(np.stack(changed) if changed else copies.pixels, copies.labels)
