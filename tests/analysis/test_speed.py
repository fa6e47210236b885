"""Every form runs the same network, and its figures follow from what was measured."""
import json
from dataclasses import asdict

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from lanmsff_plugins import LANMSFF
from lanmsff_plugins.measure import speed
from lanmsff_plugins.measure.speed import DTYPES, FORMS, MODES, Row, Setup, make_call, measure_rows, setups
from lanmsff_plugins.measure.timing import Timing
from lanmsff_plugins.reporting.plots import plot_growth
from lanmsff_plugins.reporting.tables import cost_table, speed_table, write_readme
from lanmsff_plugins.weights import weights_file


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
    monkeypatch.setattr(speed, "measure", lambda call, *args: (call(), Timing(0.5, 0.4, 0.7))[1])


@pytest.mark.parametrize(("mode", "passes"), [("inference", 1), ("training", 3)])
def test_a_model_of_known_flops_has_the_share_that_follows(instant, mode, passes):
    row, = measure_rows(Known(), [Setup(mode=mode, batch=5, shape=(1, 8, 8))])
    assert row.images_per_second == 10
    assert row.share == pytest.approx(passes * 2 * (1_000 * 64 + 2_000) * 10 / 1e9)
    assert (row.latency, row.latency_low, row.latency_high) == (0.5, 0.4, 0.7)


def test_setups_are_all_that_exist_and_each_once():
    found = setups(MODES, FORMS, DTYPES, speed.FORMATS, [1, 2], [1], (1, 64, 64))
    assert len(found) == len(set(found)) and all(setup.exists for setup in found)
    # Two layouts, two batches; inference in three forms and training in two, in two types; ONNX Runtime in two.
    assert len(found) == 2 * 2 * (3 * 2 + 2 * 2) + 2 * 2


@pytest.mark.parametrize("setup", [
    Setup(form="onnxruntime", dtype="bfloat16"), Setup(form="onnxruntime", mode="training"),
    Setup(form="eager", dtype="int8"), Setup(form="fused", mode="training")])
def test_what_does_not_exist_is_refused(setup):
    with pytest.raises(ValueError, match=f"{setup.form} has no {setup.mode} in {setup.dtype}"):
        make_call(Known(), setup)


@pytest.mark.parametrize("layout", speed.FORMATS)
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("form", ["eager", "fused"])
def test_a_form_sees_the_batch_in_its_type_and_layout(form, dtype, layout):
    seen = []
    model = LANMSFF()
    model.register_forward_pre_hook(lambda module, args: seen.append((args[0], module)))
    make_call(model, Setup(form=form, dtype=dtype, memory_format=layout, batch=2, shape=(1, 32, 48)))()
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
    call = make_call(model, Setup(mode="training", batch=2, dtype="bfloat16", shape=(1, 32, 32)))
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
    rows = measure_rows(Off(), [Setup(), Setup(dtype="bfloat16")])
    assert [row.difference for row in rows] == [0, pytest.approx(0.01, abs=0.004)]


@pytest.mark.parametrize(("dtype", "limit"), [("float32", 1e-5), ("int8", 0.2)])
def test_onnx_runtime_runs_in_both_types(instant, dtype, limit):
    model = LANMSFF()
    model.load_state_dict(load_file(weights_file("lanmsff_ferplus")))
    row, = measure_rows(model, [Setup(form="onnxruntime", dtype=dtype, batch=8)])
    assert 0 < row.difference < limit


def test_faces_differ_and_repeat():
    batch = speed.faces(17, (3, 40, 48))
    assert batch.shape == (17, 3, 40, 48) and torch.equal(batch[0], batch[16])
    assert all(not torch.equal(batch[0], batch[i]) for i in range(1, 8))


def row(batch: int, side: int = 64, memory: int | None = 2 ** 20) -> Row:
    setup = Setup(form="fused", batch=batch, shape=(1, side, side))
    return Row(setup, 0.01 * batch, 0.009 * batch, 0.012 * batch, 100., 1e11, 0.6, memory, 2e-6)


def test_a_plot_is_the_same_file_each_time(tmp_path):
    lines = {"faces": [row(4), row(1), row(2)], "sides": [row(1, 32, None), row(1, 128, None)]}
    for name in ("a.svg", "b.svg", "c.png"):
        plot_growth(lines, tmp_path / name)
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
    assert "faces" in (tmp_path / "a.svg").read_text()


def test_the_tables_of_the_readme_hold_the_paper_s_figures():
    assert "| `lanmsff` | 356,451 | 300,586,632 | 605,331,715 |" in cost_table().splitlines()
    assert "| inference | fused | float32 | channels last | 32 | 320.0 (288.0 to 384.0) | 100 | **0.60** | 2e-06 |" \
        in speed_table([row(32)]).splitlines()


def test_one_command_fills_the_readme(monkeypatch, tmp_path, instant):
    monkeypatch.setattr(speed, "make_call", lambda *args: lambda: torch.ones(1))
    (tmp_path / "README.md").write_text("<!-- cost -->\n<!-- /cost -->\n<!-- speed -->\n<!-- /speed -->\n")
    rows = []
    write_readme(tmp_path, rows.append)
    text = (tmp_path / "README.md").read_text()
    assert "| 356,451 |" in text
    assert "| training | eager | bfloat16 | channels last | 32 | 500.0 (400.0 to 700.0) | 64 |" in text
    assert "the machine's own rate was 1 to 1 GFLOP/s" in text
    assert {row.setup.shape[1] for row in rows} == {32, 64, 128, 256, 512}
    assert (tmp_path / "docs" / "growth.svg").is_file()


def test_rows_can_be_written_as_json():
    assert json.loads(json.dumps(asdict(row(2))))["setup"]["batch"] == 2
