"""Measuring from the command line, as a user does it; no figure is checked here, for it is the machine's."""
import json

import pytest

from .command import runner

QUICK = ("--shape", "1", "32", "32", "--threads", "1", "--batch", "1", "--seconds", "0.01")


@pytest.fixture
def run(capsys):
    return runner("benchmark", capsys)


def test_every_setup_has_a_row_in_the_table_the_json_and_the_plot(run, tmp_path):
    status, out, _ = run("lanmsff", "--mode", "inference", "training", "--form", "eager", "fused", *QUICK,
                         "--json", tmp_path / "x.json", "--plot", tmp_path / "x.png")
    assert status == 0
    header, *rows = out.splitlines()
    assert header.split()[-3:] == ["share", "MiB", "difference"]
    assert [row.split()[:2] for row in rows] == [["inference", "eager"], ["inference", "fused"], ["training", "eager"]]
    written = json.loads((tmp_path / "x.json").read_text())
    assert [row["setup"]["form"] for row in written["rows"]] == ["eager", "fused", "eager"]
    assert all(row["latency_low"] <= row["latency"] <= row["latency_high"] for row in written["rows"])
    assert written["model"] == "lanmsff" and written["machine"]["torch"]
    assert (tmp_path / "x.png").stat().st_size > 1000


def test_two_models_are_paired(run):
    status, out, _ = run("lanmsff", "--vs", "lanmsff(attn_layer='se')", "--form", "fused", *QUICK)
    header, row = out.splitlines()
    assert status == 0 and header.split()[-2:] == ["ratio", "quartiles"] and float(row.split()[7]) > 0


def test_a_profile_names_the_operators_by_their_inputs(run):
    status, out, _ = run("torch.nn:Conv2d(1, 6, 3)", "--profile", "--form", "eager", *QUICK)
    setup, header, first, *_ = out.splitlines()
    assert status == 0 and header.split() == ["operator", "inputs", "calls", "ms", "share"]
    assert "conv" in first and "1x1x32x32 6x1x3x3 6" in first and 0 < float(first.split()[-1]) <= 1


@pytest.mark.parametrize(("args", "message"), [
    (["lanmsff", "--profile"], "error: --profile knows PyTorch's operators, not ONNX Runtime's"),
    (["lanmsf"], "error: unknown timm model 'lanmsf'; did you mean"),
    (["lanmsff", "--batch", "0"], "error: --batch, --threads and --seconds expect numbers above 0"),
    (["lanmsff", "--form", "eager", "--dtype", "int8"], "error: there is no such setup"),
    (["lanmsff", "--plot", "x.pdf"], "error: --plot writes .svg or .png, got x.pdf"),
    (["lanmsff", "--vs", "resnet18"], "error: resnet18 does not take an image of 1x64x64")])
def test_bad_input_is_named_in_one_line(run, args, message):
    status, out, err = run(*args)
    assert status == 2 and not out
    line, = err.splitlines()
    assert line.startswith(message)
