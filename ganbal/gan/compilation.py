"""Compiled training steps where they work, plain ones elsewhere."""

import torch
from torch import Tensor

from ganbal.config import GanConfig
from ganbal.gan.state import TrainingState, new_state
from ganbal.gan.train_step import TrainStep
from ganbal.runtime.console import Console
from ganbal.runtime.distributed import World

REHEARSAL_STEPS = 4
"""Enough for torch to warm up, record its CUDA graphs and replay them once."""
_TOLERANCE = 0.1


def fastest_step(
    state: TrainingState,
    data: Tensor,
    config: GanConfig,
    world: World,
    console: Console,
    labels: Tensor | None = None,
) -> TrainStep:
    """The training step, compiled if that is asked for (or wanted by `auto`) and a rehearsal gives the same losses.

    The rehearsal runs on a copy: whatever happens in it, `state` is untouched.
    """
    wanted = config.compile == "always" or (config.compile == "auto" and data.device.type == "cuda")
    if not wanted or world.size > 1 or config.discriminator_norm == "spectral":
        return TrainStep(state, data, config, world, labels=labels)
    console.say("Compiling the networks (a minute or so) …")
    trouble = _rehearse(state, data, config, labels)
    if trouble is not None:
        console.say(f"torch.compile does not serve here ({trouble}); going on without it.")
    return TrainStep(state, data, config, world, labels=labels, compiled=trouble is None)


def _rehearse(state: TrainingState, data: Tensor, config: GanConfig, labels: Tensor | None) -> str | None:
    """What goes wrong in a few compiled steps, None if they give what plain steps give."""
    try:
        plain, compiled = (_losses_of_copy(state, data, config, labels, compiled=flag) for flag in (False, True))
    except Exception as error:  # torch.compile fails in many ways: no C++ compiler, no driver, an unsupported operator
        return f"{type(error).__name__}: {' '.join(str(error).split())[:120]}"
    worst = (plain - compiled).abs().max().item()
    return None if worst < _TOLERANCE else f"its losses differ by {worst:.2g}"


def _losses_of_copy(
    state: TrainingState, data: Tensor, config: GanConfig, labels: Tensor | None, *, compiled: bool
) -> Tensor:
    copy = new_state(config, 0, data.device, state.num_classes)
    copy.load_state_dict(state.state_dict())
    step = TrainStep(copy, data, config, labels=labels, compiled=compiled)
    return torch.stack([step() for _ in range(REHEARSAL_STEPS)]).cpu()
