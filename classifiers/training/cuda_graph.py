"""A training step that is recorded once as a CUDA graph and then replayed.

A GPU computes a small network faster than Python launches its kernels. A graph launches all kernels of a step at once.
"""

import warnings
from collections.abc import Callable
from contextlib import suppress

import torch
from torch import Tensor

from classifiers.training.garbage_collection import garbage_collection_paused

Step = Callable[..., Tensor]
"""(inputs (B, …), labels (B,), …) → loss, a scalar. It updates the weights and reads nothing back from the device."""
Replay = Callable[[], None]
WARM_UP_STEPS = 3
"""Eager steps before recording, in which libraries choose kernels and the optimizer allocates its moments."""


class RecordedTrainingStep:
    """Does what `step` does; from the fourth call on it replays a recording of `step`.

    If recording fails, all later steps run eagerly and a warning says so once.

    Args:
        step: always the same computation on inputs of the same shape. A batch of another shape runs eagerly. Numbers
            that change between steps, such as the learning rate, must be tensors on the device.
        record: captures a function as a CUDA graph and returns a function that replays it; raises RuntimeError on
            failure.
    """

    def __init__(self, step: Step, record: Callable[[Replay], Replay] | None = None) -> None:
        self._step, self._record = step, record or record_cuda_graph
        self._warm_up_steps_left = WARM_UP_STEPS
        self._can_record = True
        self._replay: Replay | None = None
        self._batch: tuple[Tensor, ...] = ()
        self._loss = torch.empty(0)

    def __call__(self, *batch: Tensor) -> Tensor:
        if self._warm_up_steps_left:
            self._warm_up_steps_left -= 1
            return _warm_up(self._step, batch)
        if self._replay is None and self._can_record:
            self._record_on(batch)
        if self._replay is None or self._batch[0].shape != batch[0].shape:
            return self._step(*batch)
        for recorded, given in zip(self._batch, batch, strict=True):
            recorded.copy_(given)
        self._replay()
        # The next replay overwrites the loss.
        return self._loss.clone()

    def _record_on(self, batch: tuple[Tensor, ...]) -> None:
        self._batch = tuple(given.clone() for given in batch)
        try:
            with garbage_collection_paused():
                self._replay = self._record(self._run_step)
        except RuntimeError as error:
            self._can_record = False
            reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
            warnings.warn(
                f"The training step cannot be recorded as a CUDA graph ({reason}); training continues in eager mode, "
                "which is slower and gives the same results.",
                RuntimeWarning,
                stacklevel=2,
            )

    def _run_step(self) -> None:
        self._loss = self._step(*self._batch)


def record_cuda_graph(function: Replay) -> Replay:
    """Capture the CUDA work of `function`; it first runs at the first replay.

    After a failure the stream, the random generator and the memory allocator are taken out of capture mode, so that the
    same function can run eagerly.

    Raises:
        RuntimeError: part of the work cannot be captured.
    """
    device, stream = torch.cuda.current_device(), torch.cuda.current_stream()
    generator = torch.cuda.default_generators[device]
    generator_before = generator.clone_state()
    pool = torch.cuda.graph_pool_handle()
    graph = torch.cuda.CUDAGraph()
    try:
        with torch.cuda.graph(graph, pool=pool):
            function()
    except BaseException:
        # If the capture is invalid, capture_end raises before it restores any of these.
        torch.cuda.set_stream(stream)
        generator.graphsafe_set_state(generator_before)
        with suppress(RuntimeError):  # no longer in capture mode
            torch._C._cuda_endAllocateToPool(device, pool)
            torch._C._cuda_releasePool(device, pool)
        raise
    return graph.replay


def _warm_up(step: Step, batch: tuple[Tensor, ...]) -> Tensor:
    """Run the step on a side stream, as captures do: gradients remember the stream they were first computed on."""
    with warnings.catch_warnings():
        # Running uncaptured is the purpose here.
        warnings.filterwarnings("ignore", message="This instance was constructed with capturable=True")
        if batch[0].device.type != "cuda":
            return step(*batch)
        current, side = torch.cuda.current_stream(), torch.cuda.Stream()
        side.wait_stream(current)
        with torch.cuda.stream(side):
            loss = step(*batch)
        current.wait_stream(side)
        return loss
