"""Records the device work of training steps as CUDA graphs and replays them.

A GPU computes small networks faster than Python can launch their kernels. A graph launches the same kernels on the same
memory with one call. That is valid as long as a step reads no value on the host, depends on no number that Python
passes to a kernel, and its tensors stay where they are.
"""

import warnings
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import torch
from torch import Tensor

from classifiers.training.garbage_collection import garbage_collection_paused
from ganbal.gan.state import TrainingState
from ganbal.gan.train_step import MEASURES, StepFunction, StepKind

WARM_UP_STEPS = 3
"""Steps done without recording, per kind: libraries choose kernels, compilers compile, and Adam creates its moments."""

Recorder = Callable[[Callable[[], object], torch.Generator], Callable[[], object]]
"""Records the function's device work, without carrying it out, and returns a function that replays it."""


@dataclass(frozen=True)
class Recording:
    """A recorded step: its replay and the tensor that each replay overwrites with the measures."""

    replay: Callable[[], object]
    measures: Tensor


class RecordedStep:
    """Does what `run` does; replays a recording per kind of step after `WARM_UP_STEPS` steps of that kind.

    Learning rates and the decay of the moving average are tensors that replays read. Loading a state replaces tensors,
    so every kind is then recorded again. Where recording fails, steps of that kind run without it.

    Args:
        run: the device work of a step (`TrainStep.run`).
        on_failure: called with the reason when a kind of step cannot be recorded.
        record: see `Recorder`.
    """

    def __init__(
        self,
        run: StepFunction,
        state: TrainingState,
        on_failure: Callable[[str], None],
        record: Recorder | None = None,
    ) -> None:
        self._run, self._state, self._on_failure = run, state, on_failure
        self._record = record or CudaGraphRecorder(state.device)
        self._recordings: dict[StepKind, Recording | None] = {}  # None: cannot be recorded
        self._num_warm_ups: Counter[StepKind] = Counter()
        self._num_loads = state.num_loads

    def __call__(self, kind: StepKind) -> Tensor:
        if self._num_loads != self._state.num_loads:
            self._recordings = {k: r for k, r in self._recordings.items() if r is None}
            self._num_warm_ups.clear()
            self._num_loads = self._state.num_loads
        if self._num_warm_ups[kind] < WARM_UP_STEPS:
            self._num_warm_ups[kind] += 1
            return self._run_unrecorded(kind)
        if kind not in self._recordings:
            self._recordings[kind] = self._try_to_record(kind)
        recording = self._recordings[kind]
        if recording is None:
            return self._run_unrecorded(kind)
        recording.replay()
        return recording.measures.clone()  # the next replay overwrites them

    def _try_to_record(self, kind: StepKind) -> Recording | None:
        measures = torch.empty(len(MEASURES), device=self._state.device)
        try:
            with garbage_collection_paused():
                replay = self._record(lambda: measures.copy_(self._run(kind)), self._state.random)
        except Exception as error:  # of the driver, of torch's rules for capturing, of a compiled kernel
            self._on_failure(f"{type(error).__name__}: {' '.join(str(error).split())[:120]}")
            return None
        return Recording(replay, measures)

    def _run_unrecorded(self, kind: StepKind) -> Tensor:
        with warnings.catch_warnings():
            # Adam warns that `capturable` is slow without recording; it is meant for the steps that follow.
            warnings.filterwarnings("ignore", message=".*capturable=True", category=UserWarning)
            if not isinstance(self._record, CudaGraphRecorder):
                return self._run(kind)
            return self._record.on_its_stream(lambda: self._run(kind))


class CudaGraphRecorder:
    """Records on a stream of its own, on which warm-up steps run too: gradients remember the stream they came from."""

    def __init__(self, device: torch.device) -> None:
        self._device, self._stream = device, torch.cuda.Stream(device)

    def on_its_stream(self, work: Callable[[], Tensor]) -> Tensor:
        current = torch.cuda.current_stream(self._device)
        self._stream.wait_stream(current)
        with torch.cuda.stream(self._stream):
            result = work()
        current.wait_stream(self._stream)
        return result

    def __call__(self, function: Callable[[], object], random: torch.Generator) -> Callable[[], object]:
        """Record the function.

        Raises:
            Exception: part of it cannot be recorded. The stream, the allocator and the random generators then work
                as before the call.
        """
        current, pool = torch.cuda.current_stream(self._device), torch.cuda.graph_pool_handle()
        generators = [random, torch.cuda.default_generators[torch.cuda.current_device()]]
        states = [generator.get_state() for generator in generators]
        graph = torch.cuda.CUDAGraph()
        graph.register_generator_state(random)
        try:
            with torch.cuda.graph(graph, pool=pool, stream=self._stream):
                function()
        except BaseException:
            torch.cuda.set_stream(current)  # torch leaves its own stream only if the recording could be ended
            self._stop_allocating_from(pool)
            for generator, state in zip(generators, states, strict=True):
                _replace_state(generator, state)
            raise
        return graph.replay

    def _stop_allocating_from(self, pool: tuple[int, int]) -> None:
        """Undo what the beginning of a recording changed in the allocator, if its end has not."""
        index = torch.cuda.current_device()
        with suppress(RuntimeError, AttributeError):  # the usual case: the recording was ended
            torch._C._cuda_endAllocateToPool(index, pool)
            torch._C._cuda_releasePool(index, pool)


def _replace_state(generator: torch.Generator, state: Tensor) -> None:
    """Give the generator a new state object: one whose recording failed refuses to sample outside recordings."""
    fresh = torch.Generator(generator.device)
    fresh.set_state(state)
    generator.graphsafe_set_state(fresh)
