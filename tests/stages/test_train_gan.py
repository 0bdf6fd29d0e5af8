from pathlib import Path

import numpy as np
import pytest

from ganbal.errors import InputError
from ganbal.gan.fingerprint import TrainingFingerprint
from ganbal.gan.folder import GanFolder
from ganbal.stages.generators import RunGenerator
from ganbal.stages.train_gan import check_enough_images


def generator(labels, classes, *, conditional):
    labels = np.array(labels)
    fingerprint = TrainingFingerprint({}, classes, conditional, 0, "")
    return RunGenerator(
        classes, np.arange(len(labels)), labels if conditional else None, GanFolder(Path("gan")), "", fingerprint
    )


@pytest.mark.parametrize(
    ("labels", "classes", "found"), [([0] * 3, ("A",), "3 of A"), ([0] * 9 + [1] * 3, ("A", "B"), "9 of A, 3 of B")]
)
def test_too_few_training_images_are_an_error(labels, classes, found):
    with pytest.raises(InputError, match=f"too few training images: {found}.*at least 4"):
        check_enough_images(generator(labels, classes, conditional=len(classes) > 1))
    check_enough_images(generator([*labels, *labels], classes, conditional=len(classes) > 1))
