"""A training step that is recorded once and then replayed, as a CUDA graph.

On a GPU a small network computes faster than Python can tell it what to do next. A graph repeats the same kernels on
the same memory without being told anew.
"""

from collections.abc import Callable

import torch
from torch import Tensor

Step = Callable[[Tensor, Tensor], Tensor]
"""(inputs (B, …), labels (B,)) → loss, a scalar; it updates the weights and reads nothing back from the device."""
Replay = Callable[[], None]
WARM_UP_STEPS = 3
"""Steps made the usual way first, so that libraries have chosen their kernels and the optimiser has its moments."""


class ReplayedStep:
    """Does what `step` does; from the fourth call on it replays a recording of it.

    Where recording fails, the steps go on being made the usual way. A number that Python gives the kernels, as the
    learning rate, is part of the recording: when `rate` gives another one, the step is recorded anew.

    Args:
        step: always the same computation on inputs of the same shape; a batch of another shape is not replayed.
        rate: the learning rate of the next step.
        record: runs a function once, without effect where it records a CUDA graph, and gives what repeats it.
    """

    def __init__(self, step: Step, rate: Callable[[], float], record: Callable[[Replay], Replay] | None = None) -> None:
        self._step, self._rate, self._record = step, rate, record or record_cuda_graph
        self._steps_to_wait, self._can_be_recorded = WARM_UP_STEPS, True
        self._replay: Replay | None = None
        self._recorded_rate = 0.0
        self._inputs = self._labels = self._loss = torch.empty(0)

    def __call__(self, inputs: Tensor, labels: Tensor) -> Tensor:
        if self._steps_to_wait:
            self._steps_to_wait -= 1
            return _on_side_stream(self._step, inputs, labels)
        if self._can_be_recorded and (self._replay is None or self._recorded_rate != self._rate()):
            self._record_on(inputs, labels)
        if self._replay is None or self._inputs.shape != inputs.shape:
            return self._step(inputs, labels)
        self._inputs.copy_(inputs)
        self._labels.copy_(labels)
        self._replay()
        # The next replay writes over it.
        return self._loss.clone()

    def _record_on(self, inputs: Tensor, labels: Tensor) -> None:
        self._replay, self._recorded_rate = None, self._rate()
        self._inputs, self._labels = inputs.clone(), labels.clone()
        try:
            self._replay = self._record(self._make_step)
        except RuntimeError:  # an operator that cannot be recorded
            self._can_be_recorded = False

    def _make_step(self) -> None:
        self._loss = self._step(self._inputs, self._labels)


def record_cuda_graph(function: Replay) -> Replay:
    """Record the CUDA work of the function; it is not carried out before the first replay.

    Raises:
        RuntimeError: part of it cannot be recorded.
    """
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        function()
    return graph.replay


def _on_side_stream(step: Step, inputs: Tensor, labels: Tensor) -> Tensor:
    """The step where recordings are made, too: gradients remember the stream they were first computed on."""
    if inputs.device.type != "cuda":
        return step(inputs, labels)
    current, side = torch.cuda.current_stream(), torch.cuda.Stream()
    side.wait_stream(current)
    with torch.cuda.stream(side):
        loss = step(inputs, labels)
    current.wait_stream(side)
    return loss
