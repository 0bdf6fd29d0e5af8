"""Classifier training against a plain PyTorch loop: images/s, ratios with their spread, time spent waiting.

    python benchmarks/train_classifier.py --data DIR [--model cnn_64] [--steps 60] [--rounds 5] [--device cpu]

Same network, initial weights, optimizer, batch size, images and kind of augmentation (that of the model's publication);
rounds alternate in one process. The plain loop is that of tutorials: a Dataset that opens one JPEG per item and makes
it three channels, albumentations' stock transforms, a DataLoader with two workers, float32, `.item()` in every step.
`decoded` is the same loop over images that were decoded and resized beforehand; `ganbal, float32` is ganbal's loop
without reduced precision. On CUDA, images are augmented on the device, and `ganbal, augmented on the host` is the same
without that; on a CPU, `ganbal, augmented on the device` uses the GPU's operations in place of OpenCV's. CPU time,
workers included, shows the cost of a loop where other jobs share the cores.
"""

import argparse
import gc
import json
import os
import statistics
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import albumentations
import numpy as np
import torch
from albumentations.pytorch import ToTensorV2
from PIL import Image
from torch import nn
from torch.optim import Adam
from torch.profiler import ProfilerActivity, profile
from torch.utils.data import DataLoader, Dataset
from torch.utils.flop_counter import FlopCounterMode

from classifiers.registry import build_model, find_model
from classifiers.training.batches import augmented_batches
from classifiers.training.config import TrainingConfig, resolve_published
from classifiers.training.loop import prepare_steps
from classifiers.training.losses import choose_loss
from classifiers.training.precision import choose_precision

NUM_WORKERS = 2
WARM_UP_STEPS = 4


def stock_transforms(recipe, mean, std):
    """albumentations' own transforms that are closest to ganbal's augmentation `recipe`."""
    affine, flip, mirror = albumentations.Affine, albumentations.HorizontalFlip(p=0.5), {"border_mode": 2}
    zoom_10, shift_10 = {"scale": (0.9, 1.1)}, {"translate_percent": (-0.1, 0.1)}
    known = {
        "anatomical": [affine(rotate=(-7, 7), translate_percent=(-0.05, 0.05), **zoom_10)],
        "zoom-vertical-flip": [
            affine(scale={"x": (0.7, 1.3), "y": (0.7, 1.3)}),
            albumentations.VerticalFlip(p=0.5),
        ],
        "shear-zoom-flip": [affine(scale={"x": (0.8, 1.2), "y": (0.8, 1.2)}, shear=(-0.2, 0.2)), flip],
        "flip-rotation-zoom": [flip, affine(rotate=(-72, 72), **zoom_10, **mirror)],
        "rotation-flip-zoom-shift": [affine(rotate=(-10, 10), **shift_10, **zoom_10), flip],
    }
    return [*known[recipe], albumentations.Normalize(mean, std), ToTensorV2()]


class JpegFiles(Dataset):
    """(files, labels), read, resized and augmented item by item."""

    def __init__(self, files, labels, size_px, transforms):
        self.files, self.labels = files, labels
        self.transforms = albumentations.Compose([albumentations.Resize(size_px, size_px), *transforms])

    def __len__(self):
        return len(self.files)

    def __getitem__(self, row):
        image = np.array(Image.open(self.files[row]).convert("RGB"))
        return self.transforms(image=image)["image"], self.labels[row]


class DecodedImages(Dataset):
    """(N, S, S, 3) uint8 in memory, augmented item by item."""

    def __init__(self, images, labels, transforms):
        self.images, self.labels, self.transforms = images, labels, albumentations.Compose(transforms)

    def __len__(self):
        return len(self.images)

    def __getitem__(self, row):
        return self.transforms(image=self.images[row])["image"], self.labels[row]


class PlainLoop:
    """The tutorial's loop over a Dataset."""

    def __init__(self, network, images, config, loss, device):
        self.model = nn.Sequential(network.backbone, nn.Flatten(), network.head).to(device)
        parameters = [parameter for parameter in self.model.parameters() if parameter.requires_grad]
        self.optimizer, self.loss, self.device = Adam(parameters, lr=config.learning_rate), loss, device
        self.loader = DataLoader(
            images,
            config.batch_size,
            shuffle=True,
            drop_last=True,
            num_workers=NUM_WORKERS,
            persistent_workers=True,
            pin_memory=device.type == "cuda",
        )

    def batches(self):
        while True:
            yield from self.loader

    def step(self, batch):
        images, labels = (tensor.to(self.device, non_blocking=True) for tensor in batch)
        self.optimizer.zero_grad()
        loss = self.loss(self.model(images), labels)
        loss.backward()
        self.optimizer.step()
        return loss.item()


class ProjectLoop:
    """What `train_classifier` does in a step."""

    def __init__(self, network, pixels, labels, config, loss, device):
        self.network = network.to(device).to(memory_format=torch.channels_last)
        self.pixels, self.labels, self.config = pixels, torch.from_numpy(labels).to(device), config
        _, self.make_step = prepare_steps(
            self.network, loss, config, choose_precision(config.precision, device), device
        )

    def batches(self):
        return augmented_batches(self.pixels, self.labels, self.config)

    def step(self, batch):
        self.make_step(*batch)


def timed(loop, steps, device):
    """Seconds for `steps` steps, and how many of them were spent on waiting for batches."""
    waited = 0.0
    with closing(loop.batches()) as batches:
        for _ in range(WARM_UP_STEPS):
            loop.step(next(batches))
        wait(device)
        start = time.perf_counter()
        for _ in range(steps):
            before = time.perf_counter()
            batch = next(batches)
            waited += time.perf_counter() - before
            loop.step(batch)
        wait(device)
        return time.perf_counter() - start, waited


def processor_seconds():
    """Of this process and of those that it has seen end."""
    return sum(os.times()[:4])


def wait(device):
    if device.type == "cuda":
        torch.cuda.synchronize()


def step_needs(network, pixels, element_bytes, batch_size):
    """FLOP of one image's share of a step, and the bytes that must pass through memory for it at least.

    Every layer reads its input and writes its output; backwards it reads the input again and the gradient of its
    output, and writes that of its input. Adam reads weights, gradients and two moments, and writes all but the
    gradients, which backward wrote before.
    """
    elements, hooks = 0, []

    def count(layer, inputs, output):
        nonlocal elements
        elements += 3 * inputs[0].numel() + 2 * output.numel()

    for layer in network.modules():
        if not list(layer.children()):
            hooks.append(layer.register_forward_hook(count))
    images = torch.from_numpy(pixels[:batch_size].copy())
    with FlopCounterMode(display=False) as counter:
        network(images).sum().backward()
    for hook in hooks:
        hook.remove()
    trained = sum(parameter.numel() for parameter in network.parameters() if parameter.requires_grad)
    return counter.get_total_flops() / len(images), (elements * element_bytes + trained * 8 * 4) / len(images)


def machine_limits(device):
    """The machine's peak performance: large products, and copying memory."""
    limits = {}
    for name in ("float32", "bfloat16"):
        matrix = torch.randn(2048, 2048, device=device).to(getattr(torch, name))
        seconds = best_of(lambda m=matrix: m @ m, device)
        limits[f"tflop_per_second_{name}"] = round(2 * 2048**3 / seconds / 1e12, 3)
    block = torch.zeros(2**27, dtype=torch.uint8, device=device)
    target = torch.empty_like(block)
    # Read once, written once.
    limits["gb_per_second"] = round(2 * 2**27 / best_of(lambda: target.copy_(block), device) / 1e9, 1)
    return limits


def best_of(work, device, times=10):
    """Seconds of the quickest of several calls."""
    found = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        wait(device)
        found.append(time.perf_counter() - start)
    return min(found)


def largest_costs(loop, device, steps=10, most=10):
    """Share of the time that each kind of operator takes by itself, the largest first; waiting is not in it."""
    kinds = [ProfilerActivity.CPU] + ([ProfilerActivity.CUDA] if device.type == "cuda" else [])
    with closing(loop.batches()) as batches:
        loop.step(next(batches))
        with profile(activities=kinds) as profiler:
            for _ in range(steps):
                loop.step(next(batches))
            wait(device)
    kind = "self_device_time_total" if device.type == "cuda" else "self_cpu_time_total"
    costs = {event.key: getattr(event, kind) for event in profiler.key_averages()}
    largest = sorted(costs, key=costs.get, reverse=True)[:most]
    return {name: round(costs[name] / sum(costs.values()), 3) for name in largest}


def read_training_images(root, size_px):
    """(files, pixels (N, S, S) uint8, labels (N,)) of DIR/train/CLASS/*, resized as in the tutorial's loop."""
    classes = sorted(folder.name for folder in (root / "train").iterdir() if folder.is_dir())
    pairs = [
        (file, label) for label, name in enumerate(classes) for file in sorted((root / "train" / name).glob("*.jp*g"))
    ]
    files, labels = [file for file, _ in pairs], np.array([label for _, label in pairs])
    resize = albumentations.Resize(size_px, size_px)
    with ThreadPoolExecutor() as pool:
        images = pool.map(lambda file: resize(image=np.array(Image.open(file).convert("L")))["image"], files)
        pixels = np.stack(list(images))
    return files, pixels, labels, len(classes)


def make_loops(given, device):
    """name → a function that makes the loop afresh; the pixels, and a function that makes the network."""
    model = find_model(given.model)
    size_px, batch = given.size or model.image_size_px, {"steps": 10**9, "batch_size": given.batch}
    config = resolve_published(TrainingConfig(**batch, augment="published"), model.recipe)
    in_float32, other_place = replace(config, precision="float32"), "host" if device.type == "cuda" else "device"
    elsewhere = replace(config, augment_on=other_place, num_workers=8 if other_place == "host" else 1)
    # Settings of the study, not of the publication: "published" is meant for the augmentation only.
    recipe = "zoom-vertical-flip" if config.augment == "published" else config.augment
    files, pixels, labels, num_classes = read_training_images(given.data, size_px)
    loss = choose_loss(model.num_outputs(num_classes), None, device)
    # albumentations' Normalize divides by 255 first, as the network does with uint8.
    stock = stock_transforms(recipe, model.mean, model.std)

    def network():
        return build_model(given.model, num_classes, size_px)

    jpeg = JpegFiles(files, labels, size_px, stock)
    decoded = DecodedImages(np.repeat(pixels[..., None], 3, axis=3), labels, stock)
    loops = {
        "plain": lambda: PlainLoop(network(), jpeg, config, loss, device),
        "decoded": lambda: PlainLoop(network(), decoded, config, loss, device),
        "ganbal, float32": lambda: ProjectLoop(network(), pixels, labels, in_float32, loss, device),
        f"ganbal, augmented on the {other_place}": lambda: ProjectLoop(
            network(), pixels, labels, elsewhere, loss, device
        ),
        "ganbal": lambda: ProjectLoop(network(), pixels, labels, config, loss, device),
    }
    return loops, pixels, network


def spread(values, digits=2):
    """[median, least, greatest]."""
    return [round(value, digits) for value in (statistics.median(values), min(values), max(values))]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with train/CLASS/*.jpeg")
    parser.add_argument("--model", default="cnn_64")
    parser.add_argument("--size", type=int, help="side of the images in pixels; the model's own where not given")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    given = parser.parse_args()
    device = torch.device(given.device)
    loops, pixels, network = make_loops(given, device)
    seconds = {name: [] for name in loops}
    waits = {name: [] for name in loops}
    processor = {name: [] for name in loops}
    for _ in range(given.rounds):
        for name, make in loops.items():
            before = processor_seconds()
            took, waited = timed(make(), given.steps, device)
            gc.collect()  # workers end with their loader, and are counted then
            processor[name].append((processor_seconds() - before) / ((given.steps + WARM_UP_STEPS) * given.batch))
            seconds[name].append(took)
            waits[name].append(waited / took)
            print(f"{name}: {given.steps * given.batch / took:.0f} images/s", file=sys.stderr, flush=True)
    images = given.steps * given.batch
    precision = choose_precision("auto", device)
    flop, traffic = step_needs(network(), pixels, 2 if precision == "bfloat16" else 4, given.batch)
    ratios = {
        f"ganbal to {name}": spread([a / b for a, b in zip(found, seconds["ganbal"], strict=True)])
        for name, found in seconds.items()
        if name != "ganbal"
    }
    speed = images / statistics.median(seconds["ganbal"])
    report = {
        "model": given.model,
        "size_px": pixels.shape[1],
        "batch": given.batch,
        "device": torch.cuda.get_device_name() if device.type == "cuda" else f"CPU, {torch.get_num_threads()} threads",
        "torch": torch.__version__,
        "precision": precision,
        "images_per_second": {name: spread([images / took for took in found], 0) for name, found in seconds.items()},
        "ratio": ratios,
        "processor_ms_per_image": {name: spread([1000 * each for each in found]) for name, found in processor.items()},
        "share_of_time_waiting_for_batches": {name: spread(found) for name, found in waits.items()},
        "limits": machine_limits(device),
        "needs_per_image": {"mflop": round(flop / 1e6, 1), "mb": round(traffic / 1e6, 2)},
        "ganbal_reaches": {
            "tflop_per_second": round(speed * flop / 1e12, 3),
            "gb_per_second": round(speed * traffic / 1e9, 2),
        },
        "share_of_time": largest_costs(loops["ganbal"](), device),
    }
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
