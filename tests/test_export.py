"""What is exported, quantised, fused and compiled gives what the plain model gives."""
import json

import onnx
import pytest
import torch
from torch import nn

from lanmsff_plugins import LANMSFF
from lanmsff_plugins.cli.export import labelled_faces
from lanmsff_plugins.data.fer2013.reader import read_fer2013
from lanmsff_plugins.data.fer2013.votes import FERPLUS_CLASSES
from lanmsff_plugins.export import compare_outputs, export_onnx, for_inference, quantize_onnx, run_onnx, run_torch
from lanmsff_plugins.inference.preprocess import to_batch


def images(*size, batch=3):
    """Soft shades, as faces are; noise would drive the activations out of their range."""
    shades = torch.rand(batch, 1, 5, 5, generator=torch.Generator().manual_seed(0))
    return nn.functional.interpolate(shades, size, mode="bilinear")


@pytest.fixture(scope="module")
def faces(drawn_faces):
    return labelled_faces("ferplus", drawn_faces, "train", 8)[0]


@pytest.fixture(scope="module")
def model(faces):
    """A network whose statistics are those of faces, so that its activations have the range of a trained one."""
    torch.manual_seed(0)
    model = LANMSFF(drop_rate=0.)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = None  # plain average
    with torch.no_grad():
        for batch in faces[:96].split(32):
            model.train()(batch)
    return model.eval()


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


@torch.no_grad()
def test_the_form_for_inference_is_a_copy_that_gives_the_same(model):
    names = list(model.state_dict())
    fast = for_inference(model)
    assert not any(isinstance(module, nn.BatchNorm2d) for module in fast.modules())
    torch.testing.assert_close(fast(images(64, 80)), model(images(64, 80)), rtol=1e-5, atol=1e-5)
    assert list(model.state_dict()) == names and isinstance(model.blocks[0].shrink[0], nn.MaxPool2d)


@torch.no_grad()
def test_an_activation_that_does_not_commute_with_the_pool_stays_behind_it():
    model = LANMSFF(act_layer=nn.SiLU).eval()
    torch.testing.assert_close(for_inference(model)(images(64, 64)), model(images(64, 64)), rtol=1e-5, atol=1e-5)


@torch.no_grad()
@pytest.mark.slow
def test_the_compiled_network_gives_the_same(model):
    for each in (model, for_inference(model)):
        torch.testing.assert_close(torch.compile(each)(images(64, 64)), model(images(64, 64)), rtol=1e-5, atol=1e-5)


def test_a_difference_is_what_it_says():
    difference = compare_outputs(torch.tensor([[0., 1.], [2., 0.]]), torch.tensor([[0., 1.], [2., 2.5]]))
    assert difference.logits == 2.5 and difference.agreement == 0.5 and difference.images == 2
    assert difference.probabilities == pytest.approx(torch.sigmoid(torch.tensor(2.)) - torch.sigmoid(torch.tensor(-.5)))


def test_what_cannot_be_exported_is_refused(model, exported, drawn_faces, tmp_path):
    with pytest.raises(ValueError, match="the model has 8 classes, got 2 names: glad, sad"):
        export_onnx(model, tmp_path / "x.onnx", class_names=("glad", "sad"))
    with pytest.raises(ValueError, match="opset 18 or more here, got 11"):
        export_onnx(model, tmp_path / "x.onnx", opset=11)
    with pytest.raises(ValueError, match="calibrated with faces, got none"):
        quantize_onnx(exported, tmp_path / "x.onnx", images(64, 64)[:0])
    assert list(tmp_path.iterdir()) == []
