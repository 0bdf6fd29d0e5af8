"""Checks that images, labels and class weights fit together, before any work starts."""

import math
from collections.abc import Sequence

import numpy as np

from classifiers.errors import ClassifierInputError
from classifiers.models.model import Model


def check_pixels(pixels: np.ndarray, image_size_px: int, channels: int | None = None) -> None:
    """Check that these are one or more images (N, S, S) or (N, S, S, 3) uint8 with S = `image_size_px`.

    Args:
        channels: 1 requires gray images, 3 RGB images; None takes either.

    Raises:
        ClassifierInputError: the check fails.
    """
    square = (image_size_px, image_size_px)
    shapes = {1: square, 3: (*square, 3)}
    wanted = list(shapes.values()) if channels is None else [shapes[channels]]
    if pixels.dtype != np.uint8 or pixels.shape[1:] not in wanted or len(pixels) == 0:
        shown = " or ".join(f"(N, {', '.join(map(str, shape))})" for shape in wanted)
        raise ClassifierInputError(
            found=f"The images are an array {pixels.shape} of {pixels.dtype}.",
            expected=f"The classifier needs images as uint8 {shown}, at least one.",
            action="Convert the images to the classifier's size and channels first.",
        )


def check_labels(labels: np.ndarray, num_images: int, num_classes: int) -> None:
    """Check that every image has a label, a whole number from 0 to `num_classes` - 1.

    Raises:
        ClassifierInputError: the check fails.
    """
    fits = labels.shape == (num_images,) and np.issubdtype(labels.dtype, np.integer)
    if not fits or labels.min() < 0 or labels.max() >= num_classes:
        found = f"{labels.dtype} {labels.shape}"
        raise ClassifierInputError(
            found=f"The labels are {found}" + (f", from {labels.min()} to {labels.max()}." if fits else "."),
            expected=f"The {num_images} images need as many labels, whole numbers from 0 to {num_classes - 1}.",
            action="Give one label for every image.",
        )


def check_is_synthetic(is_synthetic: np.ndarray | None, num_images: int, *, is_needed: bool) -> None:
    """Check that there is one truth value per image, or None where none is needed, and that some images are real.

    Raises:
        ClassifierInputError: the check fails.
    """
    if is_synthetic is None and not is_needed:
        return
    if is_synthetic is None or is_synthetic.shape != (num_images,) or is_synthetic.dtype != np.bool_:
        found = "missing" if is_synthetic is None else f"{is_synthetic.dtype} {is_synthetic.shape}"
        raise ClassifierInputError(
            found=f"Which images are synthetic is {found}.",
            expected=f"Settings that treat synthetic images differently need a truth value for each of the "
            f"{num_images} images.",
            action="Give `train_is_synthetic`, or leave these settings out.",
        )
    if is_synthetic.all():
        raise ClassifierInputError(
            found="All training images are synthetic.",
            expected="Settings that treat synthetic images differently need real images as well.",
            action="Add real images.",
        )


def check_trained_in_steps(model: Model) -> None:
    """Check that all of the model is trained in steps, so that single images can be weighted and ordered.

    Raises:
        ClassifierInputError: its last layer is fitted to all images at once.
    """
    if model.fit_last_layer is not None:
        raise ClassifierInputError(
            found=f"{model.title} is fitted to all images at once.",
            expected="A weight or an order of synthetic images needs a classifier that is trained in steps.",
            action="Choose another classifier, or leave the arm out.",
        )


def check_class_weights(class_weights: Sequence[float] | None, num_classes: int) -> None:
    """Check that there is one positive finite weight per class, or None.

    Raises:
        ClassifierInputError: the check fails.
    """
    if class_weights is None:
        return
    if len(class_weights) != num_classes or not all(0 < weight < math.inf for weight in class_weights):
        raise ClassifierInputError(
            found=f"The class weights are {tuple(class_weights)}.",
            expected=f"The {num_classes} classes need as many weights, each a positive number.",
            action="Give one weight for every class.",
        )
