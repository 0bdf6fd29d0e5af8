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
    assert 2 <= len(started) <= 4
    results.close()


def test_the_cost_of_started_jobs_is_bounded():
    unconsumed = []
    jobs = [3, 4, 2, 11, 1, 5, 9]
    results = prefetched(unconsumed.append, jobs, 4, max_ahead=7, cost=lambda job: job, max_cost=10)
    for job, _ in results:
        time.sleep(0.02)
        assert sum(unconsumed) <= 10 or unconsumed == [11]
        unconsumed.remove(job)


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
