"""Recording and replaying whole steps: on the CPU with a stand-in for CUDA graphs, on a GPU with the real ones."""

import copy
import gc
from functools import partial

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from ganbal.config import load_config
from ganbal.gan.acceleration import fastest_step, training_kernels
from ganbal.gan.cuda_graph import WARM_UP_STEPS, CudaGraphRecorder, RecordedStep
from ganbal.gan.state import new_state
from ganbal.gan.train_step import TrainStep
from ganbal.runtime.console import Console
from ganbal.runtime.distributed import ALONE

CPU = torch.device("cpu")
SMALL = ["gan.image_size_px=32", "gan.base_channels=8", "gan.batch_size=16", "gan.latent_dim=8"]
VARIANTS = {
    "dcgan": ["gan.preset=dcgan"],
    "small-data": [],
    "spectral, hinge, lazy R1": ["gan.discriminator_norm=spectral", "gan.loss=hinge", "gan.r1_gamma=1"],
    "adaptive": ["gan.adaptive_augment=true", "gan.adaptive_images=640"],
    "conditional": ["gan.conditional=true"],
    "relativistic": [
        *("gan.loss=relativistic", "gan.discriminator_norm=none", "gan.r1_gamma=0.1", "gan.r2_gamma=0.1"),
        "gan.r1_every_steps=1",
    ],
    "residual and projected": [
        *("gan.discriminators=[residual,projected]", "gan.projection_weights=none", "gan.loss=hinge", "gan.r1_gamma=1"),
    ],
}
HOST_READS = ("_local_scalar_dense", "nonzero", "is_nonzero", "equal", "masked_select", "unique", "bincount")


def material(variant, device=CPU, seed=0):
    config = load_config(None, [*SMALL, "gan.r1_every_steps=4", *VARIANTS[variant]]).gan
    images = torch.randint(256, (24, 32, 32), dtype=torch.uint8, generator=torch.Generator().manual_seed(1)).to(device)
    labels = torch.arange(24, device=device) % 2 if config.conditional else None
    return new_state(config, seed, device, 2 if config.conditional else None), images, config, labels


def build(state, images, config, labels, **options):
    return TrainStep(state, images, config, labels=labels, precision="float32", **options)


def weights(state):
    networks = (state.generator, state.discriminator, state.generator_ema)
    return torch.cat([t.detach().float().flatten().cpu() for net in networks for t in net.state_dict().values()])


class GraphStandIn:
    """Records like a CUDA graph: nothing is carried out while recording; a replay reads tensors, never Python."""

    def __init__(self, state):
        self.state, self.num_recorded, self.fails = state, 0, False

    def __call__(self, function, random):
        if self.fails:
            raise RuntimeError("operation not permitted when stream is capturing")
        before, loads = copy.deepcopy(self.state.state_dict()), self.state.num_loads
        function()
        self.state.load_state_dict(before)
        self.state.num_loads = loads
        self.num_recorded += 1
        return function


@pytest.mark.parametrize("variant", VARIANTS)
def test_recorded_steps_give_the_weights_of_plain_steps(variant):
    state, *others = material(variant)
    plain = build(state, *others)
    recorded_state, *_ = material(variant)
    stand_in = GraphStandIn(recorded_state)
    step = build(
        recorded_state, *others, record=lambda run: RecordedStep(run, recorded_state, pytest.fail, record=stand_in)
    )
    for _ in range(20):
        torch.testing.assert_close(step(), plain(), rtol=0, atol=0)
    assert stand_in.num_recorded >= 1
    assert torch.equal(weights(state), weights(recorded_state))


def test_loading_a_state_records_again_and_keeps_the_halved_rates():
    state, *others = material("small-data")
    stand_in = GraphStandIn(state)
    step = build(state, *others, record=lambda run: RecordedStep(run, state, pytest.fail, record=stand_in))
    for _ in range(WARM_UP_STEPS + 1):
        step()
    assert stand_in.num_recorded == 1
    state.rollbacks = 1
    state.load_state_dict(copy.deepcopy(state.state_dict()))
    assert state.generator_optimizer.param_groups[0]["lr"] == pytest.approx(1e-4)
    for _ in range(WARM_UP_STEPS + 1):
        step()
    assert stand_in.num_recorded == 2


def test_a_step_that_cannot_be_recorded_runs_plainly_with_one_message():
    state, *others = material("small-data")
    stand_in, reasons = GraphStandIn(state), []
    stand_in.fails = True
    step = build(state, *others, record=lambda run: RecordedStep(run, state, reasons.append, record=stand_in))
    plain_state, *_ = material("small-data")
    plain = build(plain_state, *others)
    for _ in range(WARM_UP_STEPS + 3):
        torch.testing.assert_close(step(), plain(), rtol=0, atol=0)
    assert len(reasons) == 1 and "not permitted" in reasons[0]


class OldGraph:
    """What a graph of an earlier training is: in a reference cycle, so that only the garbage collector frees it."""

    def __init__(self, freed):
        self.itself, self.freed = self, freed

    def __del__(self):
        self.freed.append("old graph")


def test_no_old_graph_is_freed_while_a_step_is_recorded():
    """To free a CUDA graph while another one is recorded makes the recording invalid."""
    state, *others = material("small-data")
    freed, freed_while_recording = [], []

    def record(function, random):
        before = len(freed)
        OldGraph(freed)
        objects = [[] for _ in range(3 * gc.get_threshold()[0])]  # so many make the collector run
        del objects
        freed_while_recording.extend(freed[before:])
        return function

    assert gc.isenabled()
    OldGraph(freed)
    step = build(state, *others, record=lambda run: RecordedStep(run, state, pytest.fail, record=record))
    for _ in range(WARM_UP_STEPS + 1):
        step()
    assert freed_while_recording == []
    assert gc.isenabled()


class HostReads(TorchDispatchMode):
    """Collects the operators that return a value of the device to Python, which a recording does not permit."""

    def __init__(self):
        super().__init__()
        self.found = []

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        if function.overloadpacket.__name__ in HOST_READS:
            self.found.append(str(function))
        return function(*args, **(kwargs or {}))


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_step_reads_nothing_on_the_host(variant):
    state, *others = material(variant)
    step = build(state, *others)
    for _ in range(4):  # the first creates Adam's moments; every kind of step is among them
        step()
    with HostReads() as reads:
        for _ in range(4):
            step()
    assert reads.found == []
    with reads:
        torch.ones(1).item()
    assert len(reads.found) == 1  # the check itself works


@pytest.fixture
def cuda():
    if not torch.cuda.is_available():
        pytest.skip("needs a CUDA device")
    yield torch.device("cuda", torch.cuda.current_device())
    gc.collect()


@pytest.mark.gpu
@pytest.mark.parametrize("variant", VARIANTS)
def test_on_a_gpu_recorded_steps_agree_with_plain_ones_for_20_steps(variant, cuda):
    results = []
    for is_recorded in (False, True):
        state, *others = material(variant, cuda)
        record = (lambda run, state=state: RecordedStep(run, state, pytest.fail)) if is_recorded else None
        step = build(state, *others, record=record)
        # As in a training. TF32, cuDNN's default, rounds a difference in the last digit up to one in the third.
        with training_kernels(cuda):
            results.append(torch.stack([step() for _ in range(20)]).cpu())
    assert torch.isfinite(results[0]).all()
    torch.testing.assert_close(results[1][:5], results[0][:5], rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(results[1], results[0], rtol=0.1, atol=0.05)  # 20 steps amplify rounding


@pytest.mark.gpu
@pytest.mark.parametrize("variant", VARIANTS)
def test_on_a_gpu_the_fastest_step_is_finite_in_its_own_precision(variant, cuda):
    state, images, config, labels = material(variant, cuda)
    step = fastest_step(state, images, config, ALONE, Console(quiet=True), labels)
    assert torch.isfinite(torch.stack([step() for _ in range(12)])).all()


@pytest.mark.gpu
def test_on_a_gpu_replays_sample_new_random_numbers(cuda):
    state, *others = material("small-data", cuda)
    step = build(state, *others, record=lambda run: RecordedStep(run, state, pytest.fail))
    offsets = []
    for _ in range(WARM_UP_STEPS + 4):
        step()
        offsets.append(state.random.get_state().tolist())
    assert len({tuple(offset) for offset in offsets}) == len(offsets)


@pytest.mark.gpu
def test_on_a_gpu_a_rollback_is_recorded_again_and_takes_the_lower_rate(cuda):
    state, *others = material("small-data", cuda)
    step = build(state, *others, record=lambda run: RecordedStep(run, state, pytest.fail))
    for _ in range(WARM_UP_STEPS + 2):
        step()
    state.rollbacks = 1
    state.load_state_dict(copy.deepcopy(state.state_dict()))
    for _ in range(WARM_UP_STEPS + 2):
        assert torch.isfinite(step()).all()
    assert float(state.generator_optimizer.param_groups[0]["lr"]) == pytest.approx(1e-4)


@pytest.mark.gpu
def test_on_a_gpu_a_change_of_the_rate_reaches_replays(cuda):
    state, *others = material("dcgan", cuda)
    step = build(state, *others, record=lambda run: RecordedStep(run, state, pytest.fail))
    for _ in range(WARM_UP_STEPS + 2):
        step()
    for optimizer in (state.generator_optimizer, state.discriminator_optimizer):
        optimizer.param_groups[0]["lr"].zero_()
    before = [p.detach().clone() for p in state.generator.parameters()]
    step()
    assert all(torch.equal(a, b) for a, b in zip(before, state.generator.parameters(), strict=True))


@pytest.mark.gpu
def test_on_a_gpu_graphs_of_earlier_trainings_do_not_disturb_a_recording(cuda):
    for _ in range(3):
        state, *others = material("dcgan", cuda)
        step = build(state, *others, record=lambda run, state=state: RecordedStep(run, state, pytest.fail))
        step.itself = step  # only the garbage collector frees it
        for _ in range(WARM_UP_STEPS):
            step()
        threshold = gc.get_threshold()
        gc.set_threshold(1)  # collect at nearly every new object
        try:
            losses = step()  # records, and fails the test where that is not possible
        finally:
            gc.set_threshold(*threshold)
        assert torch.isfinite(losses).all() and torch.isfinite(step()).all()
        del state, others, step


@pytest.mark.gpu
def test_on_a_gpu_a_failed_recording_leaves_everything_usable(cuda):
    random = torch.Generator(cuda).manual_seed(0)
    default = torch.cuda.default_generators[cuda.index].get_state()
    recorder, value = CudaGraphRecorder(cuda), torch.zeros(1, device=cuda)

    def reads_on_the_host():
        torch.randn(8, generator=random, device=cuda)
        value.add_(1).item()

    before, stream = random.get_state(), torch.cuda.current_stream(cuda)
    with pytest.raises(Exception, match="captur"):
        recorder(reads_on_the_host, random)
    assert torch.cuda.current_stream(cuda) == stream
    assert torch.equal(random.get_state(), before)
    assert torch.equal(torch.cuda.default_generators[cuda.index].get_state(), default)
    torch.randn(8, generator=random, device=cuda), torch.randn(8, device=cuda), torch.empty(2**20, device=cuda)
    torch.cuda.synchronize()
    replay = recorder(partial(value.add_, 1), random)  # and recording works again
    start = value.item()
    replay()
    assert value.item() == start + 1
