"""How many CPUs this process may use: the one answer for numbers of threads and workers."""

import math
import os
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from pathlib import Path

_CGROUPS, _OWN_CGROUPS = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")


def usable_cpus() -> int:
    """CPUs that this process may use: those of its affinity mask, at most the CPU quota of its cgroups, at least 1.

    `os.cpu_count()` counts the CPUs of the host: 64 in a container that may use 2 of them.
    """
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quotas = [math.ceil(quota) for quota in cgroup_cpu_quotas(_CGROUPS, _OWN_CGROUPS)]
    return max(1, min([allowed, *quotas]))


def configure_openmp(environment: MutableMapping[str, str]) -> None:
    """Set how OpenMP, below torch and NumPy, uses the CPUs; must run before either is imported. Set variables stay.

    OpenMP starts one thread per CPU of the affinity mask, whatever the quota is. Its threads wait for one another in a
    loop of 300,000 turns before they sleep; where other processes hold the cores, that loop takes CPU time from the
    very thread that it waits for. A training step of the 64-px CNN on two threads beside ten busy processes took 210 ms
    of CPU time and 5 s in all; with 10,000 turns 89 ms and 1.8 s (one thread without others: 76 ms of both).
    """
    environment.setdefault("GOMP_SPINCOUNT", "10000")
    if hasattr(os, "sched_getaffinity") and usable_cpus() < len(os.sched_getaffinity(0)):
        environment.setdefault("OMP_NUM_THREADS", str(usable_cpus()))


def cgroup_cpu_quotas(mounted: Path, membership: Path) -> Iterator[float]:
    """CPU quotas, in CPUs, of the process's cgroups (version 1 or 2) and of the cgroups above them.

    Args:
        mounted: where the cgroup file system is mounted.
        membership: the file that names the cgroups of the process, `/proc/self/cgroup`.
    """
    for line in _lines(membership) or ["0::/"]:
        controllers, path = line.split(":", 2)[1:]
        if controllers and "cpu" not in controllers.split(","):
            continue
        root = mounted if not controllers else mounted / "cpu"
        folder = root / path.strip("/")
        # A container sees its own cgroup as the root, whatever path the host gives it.
        for place in (folder, *(parent for parent in folder.parents if parent.is_relative_to(root))):
            quota = _quota_v1(place) if controllers else _quota_v2(place)
            if quota is not None:
                yield quota


def _quota_v2(folder: Path) -> float | None:
    return _ratio(" ".join(_lines(folder / "cpu.max")).split())


def _quota_v1(folder: Path) -> float | None:
    return _ratio(_lines(folder / "cpu.cfs_quota_us") + _lines(folder / "cpu.cfs_period_us"))


def _ratio(words: list[str]) -> float | None:
    """quota / period; None for "max" and -1, which mean no quota."""
    try:
        quota, period = (int(word) for word in words)
    except ValueError:
        return None
    return quota / period if quota > 0 and period > 0 else None


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text(encoding="utf-8").splitlines()
    except OSError:
        return []


@contextmanager
def torch_threads(number: int) -> Iterator[None]:
    """Let torch compute with this many threads: sums depend on how they are divided among threads."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)
