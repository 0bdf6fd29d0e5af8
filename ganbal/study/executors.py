"""Where tasks run in parallel: in processes of this machine, or on a Ray cluster."""

import itertools
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar

from ganbal.errors import GanbalError, reason_of
from ganbal.runtime.optional_packages import import_optional

Item = TypeVar("Item")
_POLL_SECONDS = 0.3


class Executor(Protocol):
    """Does a task for many items in parallel."""

    workers: int
    """How many tasks run at a time; 1 where that is not known."""

    def each(self, task: Callable[[Item], None], items: Sequence[Item], on_wait: Callable[[], None]) -> Iterator[Item]:
        """Yield every item when its task is done, in any order.

        Args:
            task: a function of a module, so that another process can import it.
            on_wait: called repeatedly while tasks run; it may raise to stop everything.
        """
        ...


class ProcessExecutor:
    """Processes on this machine.

    Args:
        workers: number of processes, at least 1.
        spread_over_gpus: whether each process sees one of the machine's GPUs, in turn.
    """

    def __init__(self, workers: int, *, spread_over_gpus: bool = False) -> None:
        assert workers > 0
        self.workers, self._spread_over_gpus = workers, spread_over_gpus

    def each(self, task: Callable[[Item], None], items: Sequence[Item], on_wait: Callable[[], None]) -> Iterator[Item]:
        if not items:
            return
        # Spawned, as a forked process inherits torch's threads in an unusable state.
        context = multiprocessing.get_context("spawn")
        numbers = context.SimpleQueue()
        workers = min(self.workers, len(items))
        for number in range(workers):
            numbers.put(number if self._spread_over_gpus else None)
        pool = ProcessPoolExecutor(workers, context, _prepare_worker, (numbers, os.getpid()))
        try:
            with _main_module_hidden():
                pending = {pool.submit(task, item): item for item in items}
            while pending:
                on_wait()
                done, _ = wait(pending, timeout=_POLL_SECONDS, return_when=FIRST_COMPLETED)
                # In the order of the items: of several failures, the same one is reported every time.
                for future in [future for future in pending if future in done]:
                    future.result()
                    yield pending.pop(future)
        except BrokenProcessPool as error:
            on_wait()  # a signal to the whole process group ends workers, too, and is an interruption
            raise GanbalError(
                "A worker process died; a common cause is exhausted memory. Finished cells are saved, and the same "
                "command continues from there. Fewer workers (study.workers) need less memory."
            ) from error
        except BaseException:
            for child in multiprocessing.active_children():
                child.terminate()
            raise
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


class RayExecutor:
    """A Ray cluster: the one at RAY_ADDRESS, or one that is started on this machine.

    Every node has to see the run folder and the data under the same path.

    Args:
        cpus, gpus: what one task occupies of a node.

    Raises:
        InputError: Ray is not installed.
    """

    def __init__(self, cpus: int, gpus: float) -> None:
        ray = import_optional(
            "ray",
            extra="ray",
            needed="`study.executor: ray` needs it.",
            alternative="leave the executor at `processes`",
        )
        self.workers = 1
        self._ray, self._cpus, self._gpus = ray, cpus, gpus

    def each(self, task: Callable[[Item], None], items: Sequence[Item], on_wait: Callable[[], None]) -> Iterator[Item]:
        ray: Any = self._ray
        if not ray.is_initialized():
            ray.init(log_to_driver=False, logging_level="warning")
        # The user repeats a failed cell with the same command; Ray must not repeat it silently.
        remote = ray.remote(num_cpus=self._cpus, num_gpus=self._gpus, max_retries=0)(task)
        pending = {remote.remote(item): item for item in items}
        try:
            while pending:
                on_wait()
                done, _ = ray.wait(list(pending), num_returns=1, timeout=_POLL_SECONDS)
                for reference in done:
                    ray.get(reference)
                    yield pending.pop(reference)
        except ray.exceptions.RayTaskError as error:
            raise error.as_instanceof_cause() from error
        except ray.exceptions.RayError as error:
            on_wait()  # as above
            raise GanbalError(
                f"A task on the Ray cluster ended without a result: {reason_of(error)}. Finished cells are saved, and "
                "the same command continues from there."
            ) from error
        finally:
            for reference in pending:
                ray.cancel(reference, force=True)


@contextmanager
def _main_module_hidden() -> Iterator[None]:
    """Keep processes that are spawned meanwhile from importing the main module.

    Tasks are functions of this package and do not need it. A user's script without `if __name__ == "__main__":` would
    otherwise run again in every worker.
    """
    main = sys.modules["__main__"]
    hidden: dict[str, Any] = {name: vars(main).pop(name) for name in ("__file__", "__spec__") if name in vars(main)}
    main.__spec__ = None
    try:
        yield
    finally:
        vars(main).update(hidden)


def _prepare_worker(numbers: Any, parent: int) -> None:
    """Runs once in every worker process, before torch is imported there."""
    # The parent receives Ctrl-C and ends its workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_exit_with, args=(parent,), daemon=True).start()
    number = numbers.get()
    gpus = _visible_gpus() if number is not None else []
    if gpus:
        os.environ["CUDA_VISIBLE_DEVICES"] = next(itertools.islice(itertools.cycle(gpus), number, None))


def _visible_gpus() -> list[str]:
    import torch

    named = [gpu for gpu in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if gpu]
    # Asks the driver without starting CUDA, which would fix the choice of GPU.
    return named or [str(number) for number in range(torch.cuda.device_count())]


def _exit_with(parent: int) -> None:
    """End this process when the parent is gone, even if it was killed."""
    while os.getppid() == parent:
        time.sleep(1.0)
    os._exit(1)
