import numpy as np

from ganbal.study.cases import choose_cases


def binary(*positive):
    return np.array([[1 - value, value] for value in positive])


def test_surest_middle_and_least_sure_of_every_kind():
    # NORMAL right .1 .2 .3 .4 .45 → sureness .9 .8 .7 .6 .55; one NORMAL wrong; PNEUMONIA right .6 .95; none wrong.
    probabilities = binary(0.3, 0.1, 0.45, 0.2, 0.4, 0.7, 0.6, 0.95)
    labels = np.array([0, 0, 0, 0, 0, 0, 1, 1])
    names = [f"{number}.png" for number in range(8)]
    kinds = choose_cases(labels, probabilities, names, ("NORMAL", "PNEUMONIA"))
    assert [[case.row for case in kind] for kind in kinds] == [[1, 0, 2], [5], [7, 6]]
    wrong = kinds[1][0]
    assert (wrong.file_name, wrong.true, wrong.predicted, wrong.is_right) == ("5.png", "NORMAL", "PNEUMONIA", False)
    assert wrong.facts()["probability"] == 0.7


def test_an_undecided_image_is_called_as_evaluation_calls_it():
    ((case,),) = choose_cases(np.array([1]), binary(0.5), ["a"], ("NORMAL", "PNEUMONIA"))
    assert case.predicted == "PNEUMONIA" and case.is_right


def test_three_classes():
    probabilities = np.array([[0.2, 0.5, 0.3], [0.1, 0.2, 0.7]])
    kinds = choose_cases(np.array([0, 2]), probabilities, ["a", "b"], ("x", "y", "z"))
    assert [[(case.true, case.predicted) for case in kind] for kind in kinds] == [[("x", "y")], [("z", "z")]]
