"""Exporting from the command line, as a user does it."""
import json
import re

import onnx
import pytest
import timm
import torch

import timm_registry  # noqa: F401
from lanmsff_plugins import LANMSFF, weights
from lanmsff_plugins.cli.export import labelled_faces
from lanmsff_plugins.export import run_onnx, run_torch
from lanmsff_plugins.models.naming import to_mm

from ..processes import run_process
from ..versions import local_dir, nncf
from .command import runner

SMALL = "lanmsff(channels=(12, 12, 12, 12), attn_layer='se')"


@pytest.fixture
def run(capsys):
    return runner("export", capsys)


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


@local_dir
def test_packaged_weights_become_a_folder_for_the_hub(run, tmp_path):
    status, out, err = run("lanmsff.ferplus", "--hub", tmp_path / "hub")
    assert status == 0 and not err and "local-dir:" in out
    loaded = timm.create_model(f"local-dir:{tmp_path / 'hub'}", pretrained=True).eval()
    images = torch.rand(2, 1, 64, 64)
    torch.testing.assert_close(run_torch(loaded)(images), run_torch(weights.load("lanmsff_ferplus"))(images))
    assert "88.36" in (tmp_path / "hub" / "README.md").read_text()


@local_dir
def test_a_folder_of_other_weights_has_their_classes_and_no_figures(run, tmp_path):
    torch.save(timm.create_model("lanmsff", num_classes=2).state_dict(), tmp_path / "x.pth")
    status, _, _ = run("lanmsff(num_classes=2)", "--hub", tmp_path / "hub", "--checkpoint", tmp_path / "x.pth",
                       "--classes", "glad", "sad")
    card = (tmp_path / "hub" / "README.md").read_text()
    assert status == 0 and "glad, sad" in card and "## Figures" not in card
    assert json.loads((tmp_path / "hub" / "config.json").read_text())["label_names"] == ["glad", "sad"]


@nncf
def test_a_file_that_ends_in_xml_is_for_openvino(drawn_faces, tmp_path):
    # In a process of its own: one that has OpenVINO and forks leaves its children to crash in a data loader.
    done = run_process("export", SMALL, tmp_path / "x.xml", "--int8", tmp_path / "x.int8.xml", "--data", drawn_faces,
                       "--data-set", "ferplus")
    assert done.returncode == 0, done.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"x.xml", "x.bin", "x.int8.xml", "x.int8.bin"}
    lines = [line.split(": ")[0].removeprefix(f"{tmp_path}/") for line in done.stdout.splitlines()]
    assert lines == [
        "x.xml, float32, random images", "x.int8.xml, int8, random images", "PyTorch, validation faces",
        "x.xml, float32, validation faces", "x.int8.xml, int8, validation faces"]


@pytest.mark.parametrize(("args", "message"), [
    (["lanmsff", "x.xml", "--int8", "y.onnx", "--data", "nowhere"], "error: --int8 is made of x.xml; name both files"),
    (["lanmsff", "x.xml", "--opset", "20"], "error: --opset is for ONNX; leave it out for OpenVINO"),
    (["lanmsf", "x.onnx"], "error: unknown timm model 'lanmsf'; did you mean lanmsff"),
    (["lanmsff", "x.onnx", "--checkpoint", "nowhere.pth"], "error: no checkpoint at nowhere.pth"),
    (["lanmsff", "x.onnx", "--classes", "glad", "sad"], "error: the model has 8 classes, got 2 names"),
    (["lanmsff", "x.onnx", "--int8", "./x.onnx", "--data", "nowhere"], "error: --int8 needs a file of its own"),
    (["lanmsff", "x.onnx", "--int8", "y.onnx"], "error: --int8 is calibrated with faces"),
    (["lanmsff", "x.onnx", "--data", "nowhere", "--data-set", "ferplus"], "error: no FER-2013 at nowhere"),
    (["lanmsff", "x.onnx", "--data", "nowhere"], "error: --data needs to know which data set the folder holds"),
    (["lanmsff(num_classes=7)", "x.onnx", "--data", "nowhere", "--data-set", "ferplus"],
     "error: FERPlus has 8 classes, the model has 7"),
    (["lanmsff", "x.onnx", "--shape", "3", "64", "64"], "error: lanmsff does not take an image of 3x64x64"),
    (["lanmsff"], "error: name what to write, a file or --hub FOLDER"),
    (["lanmsff", "x.onnx", "--hub", "x"], "error: name what to write, a file or --hub FOLDER"),
    (["lanmsff", "--hub", "x", "--int8", "y.onnx"], "error: --int8, --data, --opset and --dynamic-size are for"),
    (["lanmsff", "--hub", "x", "--dynamic-size"], "error: --int8, --data, --opset and --dynamic-size are for"),
    pytest.param(["timm.layers:SEModule(1)", "--hub", "x"],
                 "error: a folder for the hub holds a model of timm, got SEModule", marks=local_dir),
    pytest.param(["lanmsff", "--hub", "x", "--classes", "glad", "sad"],
                 "error: the model has 8 classes, got 2 names", marks=local_dir)])
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
    assert "text.pth is damaged, or is no checkpoint" in err


def test_a_tag_means_the_packaged_weights_and_their_classes(run, tmp_path):
    status, _, err = run("lanmsff.ferplus", tmp_path / "x.onnx")
    assert status == 0 and not err
    images = torch.rand(2, 1, 64, 64)
    torch.testing.assert_close(run_onnx(tmp_path / "x.onnx")(images),
                               run_torch(weights.load("lanmsff_ferplus"))(images), rtol=0, atol=1e-3)
    metadata = {entry.key: entry.value for entry in onnx.load(tmp_path / "x.onnx").metadata_props}
    assert json.loads(metadata["class_names"]) == weights.card("lanmsff_ferplus")["classes"]


def test_untrained_weights_are_said_to_be_so(run, tmp_path):
    status, _, err = run(SMALL, tmp_path / "x.onnx", "--shape", 1, 32, 32)
    line, = err.splitlines()
    assert status == 0 and line.startswith(f"note: the weights of {SMALL} are untrained; name trained ones by --checkp")


@pytest.mark.parametrize(("args", "message"), [
    (["lanmsff.fer2013", "--classes", "kdef"], "lanmsff.fer2013 was trained with the classes .*; those of kdef are"),
    (["lanmsff.ferplus", "--data", "nowhere", "--data-set", "fer2013"], "was trained with the classes .*; those of f"),
    (["lanmsff.ferplus", "--opset", "0"], "ONNX needs opset 18 or more here, got 0"),
    (["lanmsff.ferplus", "--opset", "99"], "the newest opset of this version of onnx is .*, got 99"),
    (["lanmsff", "--checkpoint", "nan.pth"], r"nan.pth holds values that are not finite \(NaN or infinite\)"),
    (["lanmsff", "--checkpoint", "lanmsff://nope"], "unknown packaged weights 'nope'; expected one of"),
    (["lanmsff", "--checkpoint", "lanmsff://lanmsff_fer2013"], r"head.fc.weight is \[8, 156\] there, \[7, 156\]"),
    (["lanmsff", "--checkpoint", "list.pth"], "list.pth holds no weights: expected a state dict, got list")])
def test_weights_that_are_not_the_ones_meant_are_refused(run, tmp_path, monkeypatch, args, message):
    monkeypatch.chdir(tmp_path)
    torch.save({**LANMSFF().state_dict(), "head.fc.bias": torch.full((8,), torch.nan)}, "nan.pth")
    torch.save([1], "list.pth")
    status, out, err = run(args[0], "x.onnx", *args[1:])
    assert status == 2 and not out and len(err.splitlines()) == 1 and re.search(message, err)
    assert not list(tmp_path.glob("*.onnx"))


@pytest.mark.parametrize(("data_set", "classes"), [("fer2013", 7), ("ferplus", 8)])
def test_faces_come_with_the_labels_of_their_data_set(drawn_faces, data_set, classes):
    faces, labels = labelled_faces(data_set, drawn_faces, "val", classes, 64)
    assert faces.shape == (len(labels), 1, 64, 64) and len(labels) <= 40 and set(labels.tolist()) <= set(range(classes))
    assert len(labelled_faces(data_set, drawn_faces, "val", classes, 64, most=5)[1]) == 5


def test_photographs_of_kdef_are_cropped_as_its_config_crops_them(drawn_kdef):
    registry = pytest.importorskip("mmpretrain.registry")
    from mmengine.registry import init_default_scope

    from lanmsff_plugins.mm.engine.launch import load_config

    dataset = load_config("lanmsff_kdef").test_dataloader.dataset
    crop = next(step for step in dataset.pipeline if step.type == "CenterCrop")
    crop.crop_size = 56  # the width of the drawn photographs, as 562 is that of the real ones
    dataset.update(data_root=str(drawn_kdef), split="train", indices=4)
    init_default_scope("mmpretrain")
    tested = registry.DATASETS.build(dataset)
    faces, labels = labelled_faces("kdef", drawn_kdef, "train", 7, 64, most=4)
    for i in range(4):
        assert labels[i] == tested[i]["data_samples"].gt_label
        torch.testing.assert_close(faces[i], tested[i]["inputs"] / 255)


def test_ferplus_has_its_official_number_of_faces(real_data):
    labels = labelled_faces("ferplus", real_data, "val", 8, 64)[1]
    assert labels.bincount().tolist() == [1182, 865, 415, 351, 287, 24, 62, 13]


def test_a_model_of_kdef_is_not_taken_for_one_of_fer2013(drawn_faces, run, tmp_path):
    """Both have seven classes, in other orders: nothing but the user can tell which they are."""
    status, _, err = run("lanmsff(num_classes=7)", tmp_path / "x.onnx", "--data", drawn_faces, "--classes", "kdef")
    assert status == 2 and "no KDEF images below" in err and not list(tmp_path.iterdir())
