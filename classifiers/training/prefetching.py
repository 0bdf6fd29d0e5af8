"""Computing results in threads ahead of their use."""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Job = TypeVar("Job")
Result = TypeVar("Result")


def prefetched(
    work: Callable[[Job], Result],
    jobs: Iterable[Job],
    num_workers: int,
    *,
    max_ahead: int | None = None,
    cost: Callable[[Job], int] = lambda job: 0,
    max_cost: int = 0,
) -> Generator[tuple[Job, Result], None, None]:
    """Yield (job, work(job)) in the order of `jobs`, computed ahead of the consumer in threads.

    Threads, not processes: decoding and resampling release Python's lock, and images need no copy between processes.
    An exception raised by `work` is raised here, at its job. Closing the generator ends the threads.

    Args:
        work: computes one result; called in several threads at a time.
        jobs: its arguments, read only as far as work is started.
        num_workers: number of threads.
        max_ahead: jobs started and not yet yielded; by default two per worker.
        cost: what a job's result takes, for example bytes.
        max_cost: limit on the total cost of started jobs, including the result that the consumer received last. A job
            that exceeds it alone is worked on alone.
    """
    max_ahead = 2 * num_workers if max_ahead is None else max_ahead
    costed = ((job, cost(job)) for job in jobs)
    upcoming = next(costed, None)
    started: deque[tuple[Job, int, Future[Result]]] = deque()
    total = 0
    pool = ThreadPoolExecutor(num_workers, thread_name_prefix="prefetching")
    try:
        while upcoming or started:
            while upcoming and len(started) < max_ahead and (not started or total + upcoming[1] <= max_cost):
                job, job_cost = upcoming
                started.append((job, job_cost, pool.submit(work, job)))
                total += job_cost
                upcoming = next(costed, None)
            # No variable refers to the future, which would keep its result in memory.
            job, job_cost = started[0][:2]
            yield job, started.popleft()[2].result()
            total -= job_cost
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
