import threading
import time

import pytest

from classifiers.training.prefetching import prefetched


def test_results_come_in_order_though_work_ends_out_of_order():
    def work(number):
        time.sleep(0.02 if number % 3 == 0 else 0)
        return number * 10

    assert list(prefetched(work, range(12), 3)) == [(number, number * 10) for number in range(12)]


def test_work_runs_ahead_but_not_without_limit():
    started = []
    results = prefetched(lambda number: started.append(number), range(100), 2)
    next(results)
    time.sleep(0.1)
    assert 2 <= len(started) <= 5
    results.close()


def test_closing_ends_the_threads():
    results = prefetched(lambda number: number, range(100), 2)
    next(results)
    results.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("prefetching")]


def test_an_exception_of_the_work_comes_out():
    def work(number):
        raise KeyError(f"broken at {number}")

    with pytest.raises(KeyError, match="broken at 0"):
        list(prefetched(work, range(5), 2))
