"""Chooses the fastest way to run training steps that gives the right numbers on this machine."""

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor

from classifiers.training.precision import Precision, true_float32
from ganbal.config import GanConfig
from ganbal.gan.cuda_graph import WARM_UP_STEPS, RecordedStep
from ganbal.gan.state import TrainingState, new_state
from ganbal.gan.train_step import StepFunction, TrainStep
from ganbal.runtime.console import Console
from ganbal.runtime.distributed import World

REHEARSAL_STEPS = WARM_UP_STEPS + 2
"""Enough to compile, to record and to replay twice."""
_TOLERANCE = 0.1
"""Largest relative difference of a loss after a few steps in bfloat16."""
_SMALLEST_SCALE = 1e-2
"""Differences are relative to this at least: losses may be 0."""


@dataclass(frozen=True)
class Acceleration:
    """A way to run steps."""

    name: str
    compiled: bool = False
    recorded: bool = False


def fastest_step(
    state: TrainingState,
    images: Tensor,
    config: GanConfig,
    world: World,
    console: Console,
    labels: Tensor | None = None,
    precision: Precision | None = None,
    pretraining: Tensor | None = None,
) -> TrainStep:
    """Build the training step, accelerated where a rehearsal gives the losses of plain steps.

    Rehearsals run on copies: whatever happens in them, `state` is untouched.
    """
    build = functools.partial(
        _build,
        images=images,
        config=config,
        labels=labels,
        pretraining=pretraining,
        precision=precision,
        world=world,
    )
    ways = ways_to_try(config, images.device) if world.size == 1 else []
    for way in ways:
        console.say(f"Preparing {way.name} (up to a minute) …")
        trouble = _rehearse(state, config, build, way)
        if trouble is None:
            return build(state, way=way, on_failure=lambda why: console.say(f"A step cannot be recorded ({why})."))
        console.say(f"{way.name[0].upper()}{way.name[1:]} not available here ({trouble}); continuing without.")
    return build(state, way=Acceleration("plain steps"))


def ways_to_try(config: GanConfig, device: torch.device) -> list[Acceleration]:
    """Ways worth trying, the fastest first. torch.compile does not handle spectral normalization."""
    if config.compile == "never":
        return []
    both = Acceleration("compiled kernels in a CUDA graph", compiled=True, recorded=True)
    graph = Acceleration("a CUDA graph", recorded=True)
    kernels = Acceleration("compiled kernels", compiled=True)
    if device.type != "cuda":
        ways = [kernels] if config.compile == "always" else []
    else:
        # On an H200, compiling took 24 to 39 s per training and gained nothing over a graph of eager kernels.
        ways = [both, graph, kernels] if config.compile == "always" else [graph]
    has_spectral_norms = config.discriminator_norm == "spectral" or "projected" in config.discriminators
    return [way for way in ways if not (way.compiled and has_spectral_norms)]


def _build(
    state: TrainingState,
    *,
    images: Tensor,
    config: GanConfig,
    labels: Tensor | None,
    pretraining: Tensor | None,
    precision: Precision | None,
    world: World,
    way: Acceleration,
    on_failure: Callable[[str], None] | None = None,
) -> TrainStep:
    def record(run: StepFunction) -> StepFunction:
        return RecordedStep(run, state, on_failure or _raise)

    return TrainStep(
        state,
        images,
        config,
        world,
        labels=labels,
        pretraining=pretraining,
        precision=precision,
        compiled=way.compiled,
        record=record if way.recorded else None,
    )


def _raise(reason: str) -> None:
    raise RuntimeError(reason)


def _rehearse(
    state: TrainingState, config: GanConfig, build: Callable[..., TrainStep], way: Acceleration
) -> str | None:
    """Describe what goes wrong in a few accelerated steps; None if they give what plain steps give."""
    try:
        plain, accelerated = (_losses(build(copy_of(state, config), way=w)) for w in (Acceleration("plain"), way))
    except Exception as error:  # torch.compile fails in many ways: no C++ compiler, no driver, an unsupported operator
        return f"{type(error).__name__}: {' '.join(str(error).split())[:120]}"
    difference = relative_difference(plain, accelerated)
    return None if difference < _TOLERANCE else f"its losses differ by {difference:.0%}"


def relative_difference(expected: Tensor, found: Tensor) -> float:
    """Largest difference between measures (steps, measures), relative to the largest expected value of the measure.

    NaN where a value is not a number.
    """
    scales = expected.abs().amax(dim=0).clamp(min=_SMALLEST_SCALE)
    return ((expected - found).abs() / scales).max().item()


def _losses(step: TrainStep) -> Tensor:
    return torch.stack([step() for _ in range(REHEARSAL_STEPS)]).cpu()


def copy_of(state: TrainingState, config: GanConfig) -> TrainingState:
    """A state of equal content that shares nothing with this one."""
    generator = state.generator
    copy = new_state(config, state.seed, state.device, generator.num_classes, generator.image_channels)
    copy.load_state_dict(state.state_dict())
    return copy


@contextmanager
def training_kernels(device: torch.device) -> Iterator[None]:
    """Settings of torch for the training: float32 is not TF32, and cuDNN measures which kernels are fastest.

    Shapes never change in a training, so that the measuring pays. Previous settings return at the end of the block.
    """
    before = torch.backends.cudnn.benchmark
    torch.backends.cudnn.benchmark = device.type == "cuda"
    try:
        with true_float32():
            yield
    finally:
        torch.backends.cudnn.benchmark = before
