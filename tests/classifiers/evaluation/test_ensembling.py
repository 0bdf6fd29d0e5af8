import numpy as np
import pytest

from classifiers.errors import ClassifierInputError
from classifiers.evaluation.ensembling import mean_probabilities


def test_the_mean_of_two_members():
    first = np.array([[0.2, 0.8], [1.0, 0.0]], dtype=np.float32)
    second = np.array([[0.4, 0.6], [0.5, 0.5]], dtype=np.float32)
    mean = mean_probabilities([first, second])
    assert mean == pytest.approx(np.array([[0.3, 0.7], [0.75, 0.25]]))
    assert mean.dtype == np.float64


def test_one_member_is_itself():
    member = np.array([[0.2, 0.8]])
    assert mean_probabilities([member]) == pytest.approx(member)


@pytest.mark.parametrize(
    ("members", "found"),
    [
        ([], "found none"),
        ([np.zeros((2, 2)), np.zeros((3, 2))], r"found \(2, 2\), \(3, 2\)"),
        ([np.zeros(2)], r"found \(2,\)"),
    ],
)
def test_members_that_do_not_fit(members, found):
    with pytest.raises(ClassifierInputError, match=found):
        mean_probabilities(members)
