"""Getting results ready ahead of their use."""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Job = TypeVar("Job")
Result = TypeVar("Result")


def prefetched(
    work: Callable[[Job], Result], jobs: Iterable[Job], num_workers: int
) -> Generator[tuple[Job, Result], None, None]:
    """(job, work(job)) in the order of `jobs`, up to two jobs a worker ahead of the one being used.

    Threads, not processes: resampling releases Python's lock, and images need not be copied to anyone. An exception
    of `work` comes out here; closing the iterator ends the threads.
    """
    pool = ThreadPoolExecutor(num_workers, thread_name_prefix="prefetching")
    ahead: deque[tuple[Job, Future[Result]]] = deque()
    try:
        for job in jobs:
            ahead.append((job, pool.submit(work, job)))
            if len(ahead) > 2 * num_workers:
                done, future = ahead.popleft()
                yield done, future.result()
        while ahead:
            done, future = ahead.popleft()
            yield done, future.result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
