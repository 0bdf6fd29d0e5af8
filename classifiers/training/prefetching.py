"""Computing results in threads ahead of their use."""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Job = TypeVar("Job")
Result = TypeVar("Result")


def prefetched(
    work: Callable[[Job], Result], jobs: Iterable[Job], num_workers: int
) -> Generator[tuple[Job, Result], None, None]:
    """Yield (job, work(job)) in the order of `jobs`; each worker computes at most two jobs ahead of the consumer.

    Threads, not processes: decoding and resampling release Python's lock, and images need no copy between processes.
    An exception raised by `work` is raised here, at its job. Closing the generator ends the threads.
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
