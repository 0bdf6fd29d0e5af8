from classifiers.training.loop import check_steps


def test_checks_are_evenly_spaced_and_end_with_the_last_step():
    assert check_steps(10, 4) == {3, 5, 8, 10}
    assert check_steps(3000, 20) == set(range(150, 3001, 150))
    assert check_steps(3, 20) == {1, 2, 3}
    assert check_steps(1, 1) == {1}
