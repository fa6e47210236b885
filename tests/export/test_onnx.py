"""What is exported and quantised for ONNX Runtime gives what the plain model gives."""
import copy
import json
from types import SimpleNamespace

import onnx
import pytest
import torch
from torch import nn

from lanmsff_plugins.data.fer2013.reader import read_fer2013
from lanmsff_plugins.data.fer2013.votes import FERPLUS_CLASSES
from lanmsff_plugins.export import compare_outputs, export_onnx, quantize_onnx, run_onnx, run_torch
from lanmsff_plugins.inference.preprocess import to_batch

from ..versions import needs
from .conftest import images

pytestmark = needs("torch", "2.5", "export to ONNX")
any_size = needs("torch", "2.6", "export to ONNX for any size")


@pytest.fixture(scope="module")
def exported(model, tmp_path_factory):
    path = tmp_path_factory.mktemp("onnx") / "lanmsff.onnx"
    export_onnx(model, path, class_names=FERPLUS_CLASSES)
    return path


@pytest.mark.parametrize("batch", [1, 3, 70])
def test_the_onnx_file_gives_the_model_s_logits_for_any_batch(model, exported, batch):
    torch.testing.assert_close(run_onnx(exported, threads=1)(images(64, 64, batch=batch)),
                               run_torch(model)(images(64, 64, batch=batch)), rtol=1e-5, atol=1e-5)


def test_the_onnx_file_gives_the_model_s_logits_for_real_faces(model, exported, real_data):
    faces = to_batch(read_fer2013(real_data).pixels[:64])
    expected = run_torch(model)(faces)
    difference = compare_outputs(expected, run_onnx(exported, threads=1)(faces))
    limit = 1e-5 * max(1, expected.abs().max().item())  # float32 rounds in proportion; other processors, other sums
    assert difference.logits < limit and difference.agreement == 1, difference


def test_the_file_is_valid_and_names_its_parts(exported):
    proto = onnx.load(exported)
    onnx.checker.check_model(proto, full_check=True)
    assert [x.name for x in proto.graph.input] == ["image"] and [x.name for x in proto.graph.output] == ["logits"]
    assert proto.opset_import[0].version == 18
    assert not [node for node in proto.graph.node if node.op_type == "BatchNormalization"]
    metadata = {entry.key: entry.value for entry in proto.metadata_props}
    assert json.loads(metadata["class_names"]) == list(FERPLUS_CLASSES)
    assert metadata["image"] == "grey levels in [0, 1]"


@any_size
def test_the_size_can_be_left_open(model, tmp_path):
    export_onnx(model, tmp_path / "any.onnx", dynamic_size=True)
    run = run_onnx(tmp_path / "any.onnx", threads=1)
    for size in ((32, 32), (64, 64), (48, 96)):
        torch.testing.assert_close(run(images(*size)), run_torch(model)(images(*size)), rtol=1e-5, atol=1e-5)


def test_int8_stays_near_and_smaller(model, exported, faces, tmp_path):
    quantize_onnx(exported, tmp_path / "int8.onnx", faces[:64])
    expected, got = run_torch(model)(faces[-32:]), run_onnx(tmp_path / "int8.onnx", threads=1)(faces[-32:])
    spread = (expected - expected.mean(0)).std()
    assert 0 < (expected - got).std() < 0.5 * spread, compare_outputs(expected, got)
    assert (tmp_path / "int8.onnx").stat().st_size < 0.5 * exported.stat().st_size
    metadata = onnx.load(tmp_path / "int8.onnx").metadata_props
    assert "class_names" in [entry.key for entry in metadata]


def test_what_cannot_be_exported_is_refused(model, exported, drawn_faces, tmp_path):
    with pytest.raises(ValueError, match="the model has 8 classes, got 2 names: glad, sad"):
        export_onnx(model, tmp_path / "x.onnx", class_names=("glad", "sad"))
    with pytest.raises(ValueError, match="each class needs a name of its own, got joy, joy, "):
        export_onnx(model, tmp_path / "x.onnx", class_names=["joy"] * 8)
    with pytest.raises(ValueError, match="opset 18 or more here, got 11"):
        export_onnx(model, tmp_path / "x.onnx", opset=11)
    with pytest.raises(ValueError, match=r"the newest opset of this version of onnx is \d+, got 99"):
        export_onnx(model, tmp_path / "x.onnx", opset=99)
    broken = copy.deepcopy(model)
    broken.head.fc.bias.data[3] = torch.inf
    with pytest.raises(ValueError, match=r"values that are not finite \(NaN or infinite\), in head.fc.bias"):
        export_onnx(broken, tmp_path / "x.onnx")
    with pytest.raises(ValueError, match="calibrated with faces, got none"):
        quantize_onnx(exported, tmp_path / "x.onnx", images(64, 64)[:0])
    assert list(tmp_path.iterdir()) == []


class Pooled(nn.Module):
    """A small network around a pool, or another layer that keeps four channels."""

    def __init__(self, layer: nn.Module):
        super().__init__()
        self.conv, self.layer, self.fc = nn.Conv2d(1, 4, 3, padding=1), layer, nn.Linear(4, 3)

    def forward(self, x):
        x = self.layer(self.conv(x))
        return self.fc(x.mean((2, 3)) + x.amax((2, 3)))


@pytest.mark.parametrize(("dtype", "opset"), [
    (torch.float16, 18), pytest.param(torch.float64, 20, marks=needs("torch", "2.6", "an opset other than 18"))])
def test_a_model_of_any_type_becomes_a_file_in_float32_of_the_opset_asked_for(dtype, opset, tmp_path):
    model = Pooled(nn.ReLU()).to(dtype)
    export_onnx(model, tmp_path / "x.onnx", opset=opset)
    assert next(model.parameters()).dtype == dtype
    assert onnx.load(tmp_path / "x.onnx").opset_import[0].version == opset
    torch.testing.assert_close(run_onnx(tmp_path / "x.onnx")(images(64, 64)), run_torch(model.float())(images(64, 64)),
                               rtol=1e-4, atol=1e-4)


@any_size
@pytest.mark.parametrize(("layer", "message"), [
    (nn.AdaptiveAvgPool2d((None, 1)), "gives other outputs than PyTorch for 3 images of 48x32: .*; export it"),
    (nn.Sequential(nn.Flatten(2), nn.Linear(64 * 64, 16), nn.Unflatten(2, (4, 4))), "a dynamic size|does not take")])
def test_a_size_that_cannot_be_left_open_is_refused_and_leaves_no_file(layer, message, tmp_path):
    """Of the first, torch 2.15 exports the pool of the one size that it has seen."""
    with pytest.raises(ValueError, match=message) as refused:
        export_onnx(Pooled(layer), tmp_path / "x.onnx", dynamic_size=True)
    assert "\n" not in str(refused.value) and list(tmp_path.iterdir()) == []


def test_a_file_with_another_opset_or_fixed_axes_than_asked_for_is_refused(exported, model, tmp_path, monkeypatch):
    """As if the exporter had not granted a request, and said nothing."""
    proto = onnx.load(exported)
    monkeypatch.setattr(torch.onnx, "export", lambda *args, **kwargs: SimpleNamespace(model_proto=proto))
    with pytest.raises(ValueError, match="opset 20 cannot be written: torch's exporter gives 18 instead"):
        export_onnx(model, tmp_path / "x.onnx", opset=20)
    proto.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 7
    with pytest.raises(ValueError, match=r"expected the input \?x1x64x64, got 7x1x64x64; it fixes axes"):
        export_onnx(model, tmp_path / "x.onnx")
    assert list(tmp_path.iterdir()) == []


def test_a_layer_that_cannot_be_int8_is_named(tmp_path):
    model = Pooled(nn.Sequential(nn.ReLU(), nn.ConvTranspose2d(4, 8, 2, 2, groups=2), nn.Conv2d(8, 4, 1)))
    export_onnx(model, tmp_path / "x.onnx")
    with pytest.raises(ValueError, match=r"quantiser cannot take the layer layer.1 \(ConvTranspose\): ") as refused:
        quantize_onnx(tmp_path / "x.onnx", tmp_path / "x.int8.onnx", images(64, 64))
    assert "\n" not in str(refused.value) and [path.name for path in tmp_path.iterdir()] == ["x.onnx"]
