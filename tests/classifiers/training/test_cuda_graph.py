import gc
import warnings
from functools import partial

import numpy as np
import pytest
import torch
from torch import nn

from classifiers.registry import build_model
from classifiers.training import cuda_graph
from classifiers.training.config import TrainingConfig
from classifiers.training.cuda_graph import WARM_UP_STEPS, RecordedTrainingStep, record_cuda_graph
from classifiers.training.loop import prepare_steps, train_step
from classifiers.training.losses import choose_loss
from classifiers.training.network_inputs import NetworkInputs

CPU = torch.device("cpu")


class Training:
    """A linear layer on four features with dropout, trained step by step."""

    def __init__(self, number_of_steps=8):
        random = torch.Generator().manual_seed(0)
        self.network = nn.Linear(4, 1)
        with torch.no_grad():
            for parameter in self.network.parameters():
                parameter.copy_(torch.randn(parameter.shape, generator=random))
        self.rate = torch.tensor(0.1)
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=self.rate)
        loss = choose_loss(1, None, CPU)
        self.step = partial(
            train_step, self.network, loss=loss, optimizer=self.optimizer, precision="float32", l2=0.0, kernels=()
        )
        self.batches = [
            (torch.randn(6, 4, generator=random), torch.randint(0, 2, (6,), generator=random))
            for _ in range(number_of_steps)
        ]
        self.recordings = 0

    def record(self, function):
        """Like a CUDA graph: nothing runs until the replay, and tensors have the values that they have then."""
        self.recordings += 1
        return function

    def run(self, step):
        losses = []
        for number, batch in enumerate(self.batches):
            if number == 6:
                self.rate.fill_(0.01)
            losses.append(step(*batch))
        return torch.stack(losses), self.network.weight.detach()


def test_replayed_steps_train_like_eager_steps_and_follow_the_learning_rate():
    eager, replayed = Training(), Training()
    step = RecordedTrainingStep(replayed.step, replayed.record)
    for ours, theirs in zip(replayed.run(step), eager.run(eager.step), strict=True):
        assert torch.equal(ours, theirs)
    assert replayed.recordings == 1


def test_the_first_steps_are_not_recorded():
    training = Training(WARM_UP_STEPS)
    training.run(RecordedTrainingStep(training.step, training.record))
    assert training.recordings == 0


def test_a_smaller_batch_is_trained_on_too():
    eager, replayed = Training(), Training()
    for training in (eager, replayed):
        training.batches[5] = tuple(part[:3] for part in training.batches[5])
    step = RecordedTrainingStep(replayed.step, replayed.record)
    assert torch.equal(replayed.run(step)[1], eager.run(eager.step)[1])


def test_the_garbage_collector_does_not_run_while_a_step_is_recorded():
    training, enabled = Training(WARM_UP_STEPS + 2), []

    def record(function):
        enabled.append(gc.isenabled())
        return function

    training.run(RecordedTrainingStep(training.step, record))
    assert enabled == [False]
    assert gc.isenabled()


def test_a_step_that_cannot_be_recorded_runs_eagerly_with_one_warning():
    eager, replayed = Training(), Training()

    def refuse(function):
        raise RuntimeError("operation not permitted when stream is capturing\n  at some line")

    with pytest.warns(RuntimeWarning, match=r"\(operation not permitted .* capturing\); .* eager mode") as caught:
        found = replayed.run(RecordedTrainingStep(replayed.step, refuse))
    assert len(caught) == 1
    assert torch.equal(found[1], eager.run(eager.step)[1])


def test_the_warning_about_capturable_optimizers_is_suppressed():
    def step(inputs, labels):
        warnings.warn(
            "This instance was constructed with capturable=True or some of all the param_groups", stacklevel=1
        )
        return inputs.sum()

    with warnings.catch_warnings(record=True) as shown:
        warnings.simplefilter("always")
        step(torch.ones(2), torch.ones(2))
        assert len(shown) == 1
        RecordedTrainingStep(step)(torch.ones(2), torch.ones(2))
    assert len(shown) == 1


class FakeGenerator:
    """A CUDA generator as far as its capture mode goes."""

    def __init__(self, is_capturing=False):
        self.is_capturing = is_capturing

    def clone_state(self):
        return FakeGenerator(self.is_capturing)

    def graphsafe_set_state(self, other):
        self.is_capturing = other.is_capturing


def test_after_a_failed_capture_stream_generator_and_allocator_have_left_it(monkeypatch):
    """torch's capture_end raises on an invalid capture before it restores any of the three."""
    generator, state = FakeGenerator(), {"stream": "main", "pools": set()}

    class Capture:
        def __init__(self, graph, pool):
            self.pool = pool

        def __enter__(self):
            generator.is_capturing, state["stream"] = True, "capture"
            state["pools"].add(self.pool)

        def __exit__(self, *error):
            raise RuntimeError("CUDA error: operation failed due to a previous error during capture")

    monkeypatch.setattr(torch.cuda, "current_device", lambda: 0)
    monkeypatch.setattr(torch.cuda, "current_stream", lambda: state["stream"])
    monkeypatch.setattr(torch.cuda, "set_stream", lambda stream: state.update(stream=stream))
    monkeypatch.setattr(torch.cuda, "default_generators", (generator,))
    monkeypatch.setattr(torch.cuda, "graph_pool_handle", lambda: (0, 7))
    monkeypatch.setattr(torch.cuda, "CUDAGraph", object)
    monkeypatch.setattr(torch.cuda, "graph", Capture)
    leave = lambda device, pool: state["pools"].remove(pool)  # noqa: E731
    monkeypatch.setattr(torch._C, "_cuda_endAllocateToPool", leave, raising=False)
    monkeypatch.setattr(torch._C, "_cuda_releasePool", lambda device, pool: None, raising=False)
    with pytest.raises(RuntimeError, match="previous error"):
        record_cuda_graph(lambda: None)
    assert (generator.is_capturing, state) == (False, {"stream": "main", "pools": set()})


@pytest.fixture
def cuda():
    if not torch.cuda.is_available():
        pytest.skip("needs a CUDA device")
    return torch.device("cuda", torch.cuda.current_device())


@pytest.mark.gpu
def test_on_cuda_a_recorded_training_equals_the_eager_one(cuda, train, monkeypatch):
    def losses(schedule):
        history = train(
            "cnn_64", size=64, steps=20, checks=4, precision="float32", schedule=schedule, device="cuda"
        ).history
        return [row[name] for row in history for name in ("val_loss", "learning_rate")]

    for schedule in ("plateau", "exponential"):
        with monkeypatch.context() as patch:
            patch.setattr("classifiers.training.loop.RecordedTrainingStep", lambda step: step)
            eager = losses(schedule)
        assert losses(schedule) == pytest.approx(eager, rel=0.02)


@pytest.mark.gpu
def test_on_cuda_an_exponential_schedule_is_recorded_once(cuda, train, monkeypatch):
    recordings = []
    record = cuda_graph.record_cuda_graph
    monkeypatch.setattr(cuda_graph, "record_cuda_graph", lambda work: recordings.append(1) or record(work))
    history = train("cnn_64", size=64, steps=20, checks=20, schedule="exponential", device="cuda").history
    assert len(recordings) == 1
    rates = [row["learning_rate"] for row in history]
    assert rates == pytest.approx([1e-3 * 0.1 ** (step / 20) for step in range(1, 1 + len(rates))], rel=1e-5)


@pytest.mark.gpu
def test_on_cuda_dropout_differs_between_replays(cuda):
    values = torch.ones(1000, device=cuda)
    out = torch.empty_like(values)
    replay = record_cuda_graph(lambda: out.copy_(nn.functional.dropout(values, 0.5)))
    masks = []
    for _ in range(2):
        replay()
        masks.append(out.clone())
    assert not torch.equal(*masks)


@pytest.mark.gpu
def test_on_cuda_training_with_dropout_goes_on_after_a_failed_capture(cuda):
    network = build_model("baseline_cnn", 2, 32).to(cuda)
    config = TrainingConfig(steps=8, batch_size=4)
    _, whole = prepare_steps(network, choose_loss(1, None, cuda), config, "float32", cuda)

    def step(inputs, labels):
        loss = whole._step(inputs, labels)
        if torch.cuda.is_current_stream_capturing():
            loss.item()  # waits for the device, which no capture permits
        return loss

    images = torch.randint(0, 256, (4, 32, 32), dtype=torch.uint8, device=cuda)
    labels = torch.tensor([0, 1, 0, 1], device=cuda)
    recorded = RecordedTrainingStep(step)
    with pytest.warns(RuntimeWarning, match="eager mode"):
        losses = [recorded(images, labels).item() for _ in range(8)]
    assert np.isfinite(losses).all()
    assert torch.cuda.current_stream() == torch.cuda.default_stream()
    record_cuda_graph(lambda: images.float().sum())()


@pytest.mark.gpu
def test_features_agree_between_cpu_and_cuda(cuda):
    pixels = np.random.default_rng(0).integers(0, 256, (5, 64, 64), dtype=np.uint8)
    features = []
    for device in (CPU, cuda):
        network = build_model("vgg16", 2, 64).to(device).to(memory_format=torch.channels_last)
        inputs = NetworkInputs(network, "vgg16", 64, device, "float32", None)
        features.append(inputs.prepare(pixels).cpu())
    # TF32 would differ by a thousand times as much.
    assert torch.allclose(*features, rtol=1e-4, atol=1e-4 * float(features[0].abs().max()))
