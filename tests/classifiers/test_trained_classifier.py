import numpy as np
import pytest

from classifiers.errors import ClassifierInputError


def test_predictions_do_not_depend_on_the_images_around(train, unseen_pixels):
    pixels, _ = unseen_pixels()
    trained = train(steps=3)
    assert trained.predict(pixels)[:3] == pytest.approx(trained.predict(pixels[:3]), abs=1e-2)


def test_images_of_another_size_are_refused(train):
    with pytest.raises(ClassifierInputError, match=r"\(2, 20, 20\) of uint8.*uint8 \(N, 16, 16\)"):
        train(steps=1).predict(np.zeros((2, 20, 20), np.uint8))
