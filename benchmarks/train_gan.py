"""The project's training loop against a plain PyTorch one: images/s, ratio, peak memory.

    python benchmarks/train_gan.py [--size 64] [--channels 32] [--steps 60] [--rounds 3] [--device cpu]

Same networks, batch size and images; rounds alternate in one process. The plain loop is that of tutorials: a
DataLoader, float32, one generator pass per network update, the losses read with `.item()` every step.
`float32` is the project's loop without reduced precision, to separate the two gains.
"""

import argparse
import functools
import json
import resource
import statistics
import time

import torch
from torch import nn
from torch.profiler import ProfilerActivity, profile
from torch.utils.data import DataLoader, TensorDataset
from torch.utils.flop_counter import FlopCounterMode

from classifiers.training.precision import choose_precision
from ganbal.config import load_config
from ganbal.gan.acceleration import REHEARSAL_STEPS, fastest_step, training_kernels
from ganbal.gan.initialization import initialize_as_dcgan
from ganbal.gan.networks import DcganGenerator, Discriminator
from ganbal.gan.state import new_state
from ganbal.gan.train_step import TrainStep
from ganbal.runtime.console import Console
from ganbal.runtime.distributed import ALONE


def plain_step(pixels, config, device):
    """A function that makes one step of the tutorial loop."""
    random = torch.Generator().manual_seed(0)
    generator = DcganGenerator(config.image_size_px, config.base_channels, config.latent_dim)
    discriminator = Discriminator(config.image_size_px, config.base_channels)
    for network in (generator, discriminator):
        initialize_as_dcgan(network, random)
        network.to(device)
    rates = {"lr": config.learning_rate, "betas": (config.adam_beta1, 0.999)}
    optimizer_g = torch.optim.Adam(generator.parameters(), **rates)
    optimizer_d = torch.optim.Adam(discriminator.parameters(), **rates)
    criterion = nn.BCEWithLogitsLoss()
    images = TensorDataset(pixels[:, None].float() / 127.5 - 1)
    loader = DataLoader(images, batch_size=config.batch_size, shuffle=True, drop_last=True, num_workers=0)
    ones, zeros = torch.ones(config.batch_size, device=device), torch.zeros(config.batch_size, device=device)

    def one_step():
        real = next(images_of_step).to(device)
        optimizer_d.zero_grad()
        loss_real = criterion(discriminator(real), ones)
        loss_real.backward()
        with torch.no_grad():
            synthetic = generator(torch.randn(config.batch_size, config.latent_dim, device=device))
        loss_synthetic = criterion(discriminator(synthetic), zeros)
        loss_synthetic.backward()
        optimizer_d.step()
        optimizer_g.zero_grad()
        synthetic = generator(torch.randn(config.batch_size, config.latent_dim, device=device))
        loss_g = criterion(discriminator(synthetic), ones)
        loss_g.backward()
        optimizer_g.step()
        return (loss_real + loss_synthetic).item(), loss_g.item()

    def batches():
        while True:
            for (batch,) in loader:
                yield batch

    images_of_step = batches()
    return one_step


def project_step(pixels, config, device, precision=None):
    """A function that makes one step of `ganbal train-gan`; on CUDA its kernels are chosen, compiled and recorded."""
    with training_kernels(device):
        state = new_state(config, 0, device)
        step = fastest_step(state, pixels.to(device), config, ALONE, Console(), precision=precision)
        for _ in range(REHEARSAL_STEPS if device.type == "cuda" else 0):
            step()
    return step


def timed(one_step, steps, device):
    """Seconds for `steps` steps, after five that are not counted."""
    for _ in range(5):
        one_step()
    wait(device)
    start = time.perf_counter()
    for _ in range(steps):
        one_step()
    wait(device)
    return time.perf_counter() - start


def wait(device):
    if device.type == "cuda":
        torch.cuda.synchronize()


def step_flop(pixels, config):
    """Floating-point operations of one step, per image, as torch counts them in convolutions and products."""
    step = TrainStep(new_state(config, 0, torch.device("cpu")), pixels, config)
    with FlopCounterMode(display=False) as counter:
        step()
    return counter.get_total_flops() / config.batch_size


def machine_limits(device):
    """The machine's peak performance: large products, and copying memory."""
    limits = {}
    for name in ("float32", "bfloat16"):
        matrix = torch.randn(2048, 2048, device=device).to(getattr(torch, name))
        seconds = timed(lambda m=matrix: m @ m, 10, device)
        limits[f"tflop_per_second_{name}"] = round(10 * 2 * 2048**3 / seconds / 1e12, 3)
    block = torch.zeros(2**27, dtype=torch.uint8, device=device)
    seconds = timed(block.clone, 10, device)
    return limits | {"gb_per_second": round(10 * 2 * 2**27 / seconds / 1e9, 1)}  # read once, written once


def largest_costs(pixels, config, device, steps=5, most=8):
    """Share of the time that each kind of operator takes by itself, the largest first."""
    step = project_step(pixels, config, device)
    step()
    kinds = [ProfilerActivity.CPU] + ([ProfilerActivity.CUDA] if device.type == "cuda" else [])
    with profile(activities=kinds) as profiler:
        for _ in range(steps):
            step()
        wait(device)
    kind = "self_device_time_total" if device.type == "cuda" else "self_cpu_time_total"
    costs = {event.key: getattr(event, kind) for event in profiler.key_averages()}
    total = sum(costs.values())
    largest = sorted(costs, key=costs.get, reverse=True)[:most]
    return {name: round(costs[name] / total, 3) for name in largest}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--channels", type=int, default=32)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    given = parser.parse_args()
    device = torch.device(given.device)
    sizes = {"image_size_px": given.size, "base_channels": given.channels, "batch_size": given.batch}
    sets = [f"gan.{name}={number}" for name, number in sizes.items()]
    config, augmented = (load_config(None, [*sets, f"gan.preset={name}"]).gan for name in ("dcgan", "small-data"))
    pixels = torch.randint(
        256, (1141, given.size, given.size), dtype=torch.uint8, generator=torch.Generator().manual_seed(0)
    )
    project_in_float32 = functools.partial(project_step, precision="float32")
    loops = {
        "plain": (plain_step, config),
        "project, dcgan preset": (project_step, config),
        "project, dcgan preset, float32": (project_in_float32, config),
        "project, small-data preset": (project_step, augmented),
    }
    speeds = {name: [] for name in loops}
    for _ in range(given.rounds):
        for name, (make_step, settings) in loops.items():
            seconds = timed(make_step(pixels, settings, device), given.steps, device)
            speeds[name].append(given.steps * config.batch_size / seconds)
    plain = statistics.median(speeds["plain"])
    flop = step_flop(pixels, config)
    report = {
        "device": torch.cuda.get_device_name() if device.type == "cuda" else f"CPU, {torch.get_num_threads()} threads",
        "torch": torch.__version__,
        "precision": choose_precision("auto", device),
        "size_px": given.size,
        "base_channels": given.channels,
        "batch": config.batch_size,
        "gflop_per_image": round(flop / 1e9, 3),
        "images_per_second": {name: round(statistics.median(found), 1) for name, found in speeds.items()},
        "ratio_to_plain": {name: round(statistics.median(found) / plain, 2) for name, found in speeds.items()},
        "tflop_per_second": {name: round(statistics.median(found) * flop / 1e12, 3) for name, found in speeds.items()},
        "limits": machine_limits(device),
        "share_of_time_small_data": largest_costs(pixels, augmented, device),
        "peak_memory_mb": round(
            torch.cuda.max_memory_allocated() / 1e6
            if device.type == "cuda"
            else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
        ),
    }
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
