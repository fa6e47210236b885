"""Every form runs the same network, and its figures follow from what was measured."""
import json
from dataclasses import asdict

import pytest
import torch
from torch import nn

from lanmsff_plugins import LANMSFF, weights
from lanmsff_plugins.cli.benchmark import drawn_faces
from lanmsff_plugins.measure import speed
from lanmsff_plugins.measure.speed import DTYPES, FORMS, MODES, Row, Setup, make_call, measure_rows, setups
from lanmsff_plugins.measure.timing import Quartiles

FACES = torch.rand(8, 1, 64, 64, generator=torch.Generator().manual_seed(0))


class Known(nn.Module):
    """Exactly 1,000 x pixels multiply-accumulates and a linear layer of 2,000."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 1_000, 1)
        self.fc = nn.Linear(1_000, 2)

    def forward(self, x):
        return self.fc(self.conv(x).mean((2, 3)))


@pytest.fixture
def instant(monkeypatch):
    """A machine that does 1 GFLOP/s, and every call in half a second."""
    monkeypatch.setattr(speed, "matrix_rate", lambda *args: 1e9)
    monkeypatch.setattr(speed, "measure", lambda call, *args: (call(), Quartiles(0.5, 0.4, 0.7))[1])


@pytest.mark.parametrize(("mode", "passes"), [("inference", 1), ("training", 3)])
def test_a_model_of_known_flops_has_the_share_that_follows(instant, mode, passes):
    row, = measure_rows(Known(), [Setup(mode=mode, batch=5, shape=(1, 8, 8))], FACES)
    assert row.images_per_second == 10
    assert row.share == pytest.approx(passes * 2 * (1_000 * 64 + 2_000) * 10 / 1e9)
    assert (row.latency, row.latency_low, row.latency_high) == (0.5, 0.4, 0.7)


def test_setups_are_all_that_exist_and_each_once():
    found = setups(MODES, FORMS, DTYPES, speed.FORMATS, [1, 2], [1], (1, 64, 64))
    assert len(found) == len(set(found)) and all(setup.exists for setup in found)
    # Two layouts, two batches; inference in three forms and training in two, in two types; ONNX Runtime in two,
    # OpenVINO in three.
    assert len(found) == 2 * 2 * (3 * 2 + 2 * 2) + 2 * 2 + 2 * 3


@pytest.mark.parametrize("setup", [
    Setup(form="onnxruntime", dtype="bfloat16"), Setup(form="onnxruntime", mode="training"),
    Setup(form="eager", dtype="int8"), Setup(form="fused", mode="training")])
def test_what_does_not_exist_is_refused(setup):
    with pytest.raises(ValueError, match=f"{setup.form} has no {setup.mode} in {setup.dtype}"):
        make_call(Known(), setup, FACES)


@pytest.mark.parametrize("layout", speed.FORMATS)
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("form", ["eager", "fused"])
def test_a_form_sees_the_batch_in_its_type_and_layout(form, dtype, layout):
    seen = []
    model = LANMSFF()
    model.register_forward_pre_hook(lambda module, args: seen.append((args[0], module)))
    make_call(model, Setup(form=form, dtype=dtype, memory_format=layout, batch=2, shape=(1, 32, 48)), FACES)()
    images, run = seen[0]
    assert images.shape == (2, 1, 32, 48) and images.dtype is getattr(torch, dtype)
    weight = run.blocks[0].conv3.conv.weight
    assert weight.dtype is images.dtype and weight.is_contiguous(memory_format=speed.FORMATS[layout])
    assert any(isinstance(m, nn.BatchNorm2d) for m in run.modules()) == (form == "eager")
    assert not run.training and model.training  # a copy ran


def test_a_training_step_changes_the_copy_and_not_the_model():
    model = LANMSFF()
    before = model.head.fc.weight.clone()
    seen = []
    model.register_forward_pre_hook(lambda module, args: seen.append(module))
    call = make_call(model, Setup(mode="training", batch=2, dtype="bfloat16", shape=(1, 32, 32)), FACES)
    call()
    assert seen[-1].training and seen[-1].head.fc.weight.dtype is torch.float32
    assert not torch.equal(seen[-1].head.fc.weight, before) and torch.equal(model.head.fc.weight, before)


class Off(nn.Module):
    """Its outputs are 8 and -10, and 1 % more where it computes in bfloat16."""

    def __init__(self):
        super().__init__()
        self.register_buffer("outputs", torch.tensor([8., -10.]))

    def forward(self, x):
        return x.mean((1, 2, 3))[:, None] * 0 + self.outputs * (1.01 if x.dtype is torch.bfloat16 else 1)


def test_the_difference_is_that_from_the_plain_model(instant):
    rows = measure_rows(Off(), [Setup(), Setup(dtype="bfloat16")], FACES)
    assert [row.difference for row in rows] == [0, pytest.approx(0.01, abs=0.004)]


@pytest.mark.parametrize(("dtype", "limit"), [("float32", 1e-5), ("int8", 0.2)])
def test_onnx_runtime_runs_in_both_types(instant, dtype, limit):
    row, = measure_rows(weights.load("lanmsff_ferplus"), [Setup(form="onnxruntime", dtype=dtype, batch=8)],
                        drawn_faces())
    assert 0 < row.difference < limit


def test_the_batch_is_the_faces_over_and_over():
    seen = []
    model = Known()
    model.conv = nn.Conv2d(3, 1_000, 1)
    model.register_forward_pre_hook(lambda module, args: seen.append(args[0]))
    make_call(model, Setup(batch=17, shape=(3, 40, 48)), FACES)()
    batch, = seen
    assert batch.shape == (17, 3, 40, 48) and torch.equal(batch[0], batch[16])
    assert all(not torch.equal(batch[0], batch[i]) for i in range(1, 8))


def row(batch: int, side: int = 64, memory: int | None = 2 ** 20) -> Row:
    setup = Setup(form="fused", batch=batch, shape=(1, side, side))
    return Row(setup, 0.01 * batch, 0.009 * batch, 0.012 * batch, 100., 1e11, 0.6, memory, 2e-6)


def test_rows_can_be_written_as_json():
    assert json.loads(json.dumps(asdict(row(2))))["setup"]["batch"] == 2
