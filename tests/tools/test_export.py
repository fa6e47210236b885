"""Exporting from the command line, as a user does it."""
import pytest
import timm
import torch

import timm_registry  # noqa: F401
from lanmsff_plugins.export import run_onnx, run_torch
from lanmsff_plugins.models.naming import to_mm

from .command import runner


@pytest.fixture
def run(monkeypatch, capsys):
    return runner("export.py", monkeypatch, capsys)


def test_a_checkpoint_becomes_float32_and_int8_and_both_are_compared(run, drawn_faces, tmp_path):
    torch.manual_seed(1)
    model = timm.create_model("lanmsff")
    torch.save({"state_dict": to_mm(model.state_dict())}, tmp_path / "epoch_1.pth")
    status, out, _ = run(
        "lanmsff", tmp_path / "x.onnx", "--checkpoint", tmp_path / "epoch_1.pth", "--classes", "ferplus",
        "--int8", tmp_path / "x.int8.onnx", "--data", drawn_faces)
    assert status == 0
    images = torch.rand(2, 1, 64, 64)
    torch.testing.assert_close(run_onnx(tmp_path / "x.onnx")(images), run_torch(model)(images), rtol=0, atol=1e-5)
    lines = out.splitlines()
    assert [line.split(": ")[0].removeprefix(f"{tmp_path}/") for line in lines] == [
        "x.onnx, float32, random images", "x.int8.onnx, int8, random images", "PyTorch, validation faces",
        "x.onnx, float32, validation faces", "x.int8.onnx, int8, validation faces"]
    assert all("accuracy " in line for line in lines[2:])


@pytest.mark.parametrize(("args", "message"), [
    (["lanmsf", "x.onnx"], "error: timm has no model 'lanmsf'"),
    (["lanmsff", "x.onnx", "--checkpoint", "nowhere.pth"], "error: no checkpoint at nowhere.pth"),
    (["lanmsff", "x.onnx", "--classes", "glad", "sad"], "error: the model has 8 classes, got 2 names"),
    (["lanmsff", "x.onnx", "--int8", "y.onnx"], "error: --int8 is calibrated with faces"),
    (["lanmsff", "x.onnx", "--data", "nowhere"], "error: no FER-2013 at nowhere"),
    (["lanmsff", "x.onnx", "--shape", "3", "64", "64"], "error: lanmsff does not take an image of 3x64x64")])
def test_bad_input_is_named_in_one_line_and_leaves_no_file(run, args, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    status, out, err = run(*args)
    assert status == 2 and not out
    line, = err.splitlines()
    assert line.startswith(message) and not list(tmp_path.iterdir())


def test_weights_that_do_not_fit_are_named(run, tmp_path):
    torch.save(timm.create_model("lanmsff", num_classes=7).state_dict(), tmp_path / "seven.pth")
    (tmp_path / "text.pth").write_text("no checkpoint")
    _, _, err = run("lanmsff", tmp_path / "x.onnx", "--checkpoint", tmp_path / "seven.pth")
    assert "seven.pth does not fit the model: head.fc.weight is [8, 156] there, [7, 156] in the file" in err
    _, _, err = run("lanmsff", tmp_path / "x.onnx", "--checkpoint", tmp_path / "text.pth")
    assert "text.pth cannot be read as a checkpoint" in err
