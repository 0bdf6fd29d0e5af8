"""Stage 0: versions, and the peak performance of the card."""

import importlib.metadata
import os
import platform
import time
from collections.abc import Callable

import torch

from gpu_stages.settings import Record, Settings

PACKAGES = ("torch", "torchvision", "triton", "numpy", "albumentations", "opencv-python-headless", "pytorch-fid")


def measure(settings: Settings, record: Record) -> None:
    device = torch.device(settings.device)
    record.add(**describe_machine(device))
    side, copied_bytes, launches = (256, 2**22, 200) if settings.tiny else (8192, 2**30, 20_000)
    for precision in ("bfloat16", "float16", "float32"):
        record.add(**{f"tflop_per_second_{precision}_{side}": product_speed(side, getattr(torch, precision), device)})
    record.add(copy_gb_per_second=copy_speed(copied_bytes, device))
    number = torch.zeros(1, device=device)
    record.add(microseconds_per_launch=1e6 * seconds_of(lambda: number.add_(1), launches, device) / launches)
    if device.type == "cuda":
        record.add(microseconds_per_graph_node=graph_node_microseconds(number))


def describe_machine(device: torch.device) -> dict[str, object]:
    versions = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            versions[name] = "missing"
    described: dict[str, object] = {
        "versions": versions,
        "cpu_cores": len(os.sched_getaffinity(0)),
        "device": f"CPU, {torch.get_num_threads()} threads",
    }
    if device.type == "cuda":
        card = torch.cuda.get_device_properties(device)
        described |= {
            "device": card.name,
            "cuda": torch.version.cuda,
            "compute_capability": f"{card.major}.{card.minor}",
            "multiprocessors": card.multi_processor_count,
            "memory_gb": round(card.total_memory / 1e9, 1),
        }
    return described


def product_speed(side: int, dtype: torch.dtype, device: torch.device) -> float:
    """TFLOP/s of a (side, side) matrix product."""
    matrix = torch.randn(side, side, device=device).to(dtype)
    repeats = 10
    return round(repeats * 2 * side**3 / seconds_of(lambda: matrix @ matrix, repeats, device) / 1e12, 3)


def copy_speed(num_bytes: int, device: torch.device) -> float:
    """GB/s of a copy on the device; each byte is read once and written once."""
    block, target = (torch.zeros(num_bytes, dtype=torch.uint8, device=device) for _ in range(2))
    repeats = 10
    return round(repeats * 2 * num_bytes / seconds_of(lambda: target.copy_(block), repeats, device) / 1e9, 1)


def graph_node_microseconds(number: torch.Tensor, nodes: int = 1000, replays: int = 20) -> float:
    """Time per kernel of a CUDA graph of `nodes` kernels that do almost nothing."""
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        number.add_(1)
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        for _ in range(nodes):
            number.add_(1)
    return 1e6 * seconds_of(graph.replay, replays, number.device) / (replays * nodes)


def seconds_of(work: Callable[[], object], repeats: int, device: torch.device, warm_up: int = 3) -> float:
    for _ in range(warm_up):
        work()
    wait(device)
    start = time.perf_counter()
    for _ in range(repeats):
        work()
    wait(device)
    return time.perf_counter() - start


def wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
