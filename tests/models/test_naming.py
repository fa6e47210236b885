"""Weights keep their values under every naming, and a Keras file that is not LANMSFF's says so in one line."""
import json
import re
import shutil

import h5py
import numpy as np
import pytest
import torch

from lanmsff_plugins import LANMSFF
from lanmsff_plugins.models.keras import load_keras_weights
from lanmsff_plugins.models.naming import from_mm, to_mm, to_timm


@pytest.fixture(scope="module")
def state_dict():
    return LANMSFF().state_dict()


def assert_same(got, expected):
    torch.testing.assert_close(dict(got), dict(expected), rtol=0, atol=0)


# OpenMMLab's names

def test_names_go_to_mm_and_back(state_dict):
    assert_same(from_mm(to_mm(state_dict)), state_dict)


def test_mm_has_the_blocks_in_the_backbone_and_the_classifier_in_the_head(state_dict):
    assert {key.split(".")[0] for key in to_mm(state_dict)} == {"backbone", "head"}
    assert to_mm({"fusion.branches.0.0.weight": 1, "head.fc.bias": 2, "blocks.3.conv.conv.bias": 3}) == {
        "neck.fusion.branches.0.0.weight": 1, "head.fc.bias": 2, "backbone.blocks.3.conv.conv.bias": 3}


def test_names_that_only_begin_alike_are_left_alone():
    other = {"backbone.blocks2.weight": 1, "my.backbone.blocks.0.weight": 2, "data_preprocessor.mean": 3}
    assert from_mm(other) == other


@pytest.mark.parametrize("wrap", [
    dict, to_mm, lambda state_dict: {"state_dict": dict(state_dict), "epoch": 3},
    lambda state_dict: {"state_dict": to_mm(state_dict), "meta": {}}])
def test_timm_takes_our_checkpoints_in_any_wrapping(state_dict, wrap):
    assert_same(to_timm(wrap(state_dict)), state_dict)


# Keras' weights

@pytest.fixture
def weights(keras_parity, tmp_path):
    """A copy of the authors' weights to change."""
    return shutil.copy(keras_parity / "lanmsff.weights.h5", tmp_path / "authors.weights.h5")


@pytest.fixture(scope="module")
def authors(keras_parity):
    return load_keras_weights(keras_parity / "lanmsff.weights.h5")


def test_every_weight_of_keras_is_taken_once(authors, keras_parity, state_dict):
    layers = json.loads((keras_parity / "layers.json").read_text())
    in_keras = sum(int(np.prod(shape)) for _, _, shapes in layers for shape in shapes)
    taken = {key: value for key, value in authors.items() if not key.endswith("num_batches_tracked")}
    assert sum(value.numel() for value in taken.values()) == in_keras == 356_451 + 2_112
    assert {key: value.shape for key, value in authors.items()} == {k: v.shape for k, v in state_dict.items()}


@pytest.mark.parametrize(("layer", "index", "name", "axes"), [
    ("conv2d", 0, "blocks.0.conv1.conv.weight", (3, 2, 0, 1)),
    ("separable_conv2d_5", 0, "blocks.3.dual_path.stage2.1.conv.conv_dw.weight", (2, 3, 0, 1)),
    ("conv2d_transpose_1", 0, "blocks.1.attn.up2.weight", (3, 2, 0, 1)),
    ("dense_4", 0, "head.fc.weight", (1, 0)),
    ("batch_normalization_19", 3, "blocks.3.conv.norm.running_var", (0,))])
def test_kernels_are_turned_to_pytorchs_axes(authors, keras_parity, layer, index, name, axes):
    with h5py.File(keras_parity / "lanmsff.weights.h5") as file:
        array = file[f"layers/{layer}/vars/{index}"][...]
    assert np.array_equal(authors[name].numpy(), array.transpose(axes))


@pytest.mark.parametrize("shift", [1, 8, 95])
def test_the_layers_of_a_second_model_in_a_session_are_numbered_on(weights, authors, shift):
    with h5py.File(weights, "a") as file:
        moved = {}
        for name in list(file["layers"]):
            kind, number = re.fullmatch(r"(.*?)(?:_(\d+))?", name).groups()
            moved[f"{kind}_{int(number or 0) + shift}"] = f"passing/{name}"
            file.move(f"layers/{name}", f"passing/{name}")
        for new, passing in moved.items():
            file.move(passing, f"layers/{new}")
    assert_same(load_keras_weights(weights), authors)


def test_the_number_of_classes_is_the_files(weights):
    with h5py.File(weights, "a") as file:
        kernel, bias = (file[f"layers/dense_4/vars/{i}"][..., :7] for i in range(2))
        del file["layers/dense_4/vars"]
        file["layers/dense_4/vars/0"], file["layers/dense_4/vars/1"] = kernel, bias
    state_dict = load_keras_weights(weights)
    LANMSFF(num_classes=7).load_state_dict(state_dict)
    assert np.array_equal(state_dict["head.fc.bias"].numpy(), bias)


def assert_refused(path, message, error=ValueError):
    """The message is one line that begins with what is wrong with which file."""
    with pytest.raises(error) as caught:
        load_keras_weights(path)
    assert message in str(caught.value) and str(path) in str(caught.value) and "\n" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path):
    assert_refused(tmp_path / "no.weights.h5", "no Keras weights at", FileNotFoundError)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 a .keras archive"])
def test_a_file_that_is_not_hdf5_is_named(tmp_path, content):
    (tmp_path / "model.keras").write_bytes(content)
    assert_refused(tmp_path / "model.keras", "is neither an HDF5 nor a .keras file")


@pytest.mark.parametrize("kept", [100, 850_000, 1_699_000])
def test_a_truncated_file_is_named(weights, kept):
    content = weights.read_bytes()
    assert kept < len(content)
    weights.write_bytes(content[:kept])
    assert_refused(weights, "is damaged")


def test_a_file_with_overwritten_bytes_is_named(weights):
    content = bytearray(weights.read_bytes())
    content[2_000:60_000] = bytes(58_000)
    weights.write_bytes(content)
    assert_refused(weights, "is damaged")


@pytest.mark.parametrize(("layer", "message"), [
    ("conv2d_9", "has 17 conv2d layers, LANMSFF has 18"),
    ("batch_normalization", "has 19 batch_normalization layers, LANMSFF has 20"),
    ("dense_4", "has 4 dense layers, LANMSFF has 5"),
    ("separable_conv2d_2", "has 5 separable_conv2d layers, LANMSFF has 6")])
def test_a_missing_layer_is_named(weights, layer, message):
    with h5py.File(weights, "a") as file:
        del file[f"layers/{layer}"]
    assert_refused(weights, message)


def test_an_hdf5_file_of_something_else_is_named(tmp_path):
    with h5py.File(tmp_path / "faces.h5", "w") as file:
        file["pixels"] = np.zeros((3, 4))
    assert_refused(tmp_path / "faces.h5", "has 0 conv2d layers, LANMSFF has 18")


@pytest.mark.parametrize(("layer", "shape", "message"), [
    ("conv2d_1", (3, 3, 66, 64), "has blocks.0.conv3.conv.weight of shape (64, 66, 3, 3), LANMSFF has (66, 66, 3, 3)"),
    ("dense", (72, 9), "has blocks.1.attn.fc1.weight of shape (9, 72), LANMSFF has (18, 72)"),
    ("dense_4", (72, 8), "has head.fc.weight of shape (8, 72), LANMSFF has (8, 156)"),
    ("dense_4", (), "has head.fc.weight of shape (), LANMSFF has (8, 156)")])
def test_a_wrong_shape_is_named(weights, layer, shape, message):
    with h5py.File(weights, "a") as file:
        del file[f"layers/{layer}/vars/0"]
        file[f"layers/{layer}/vars/0"] = np.zeros(shape, np.float32)
    assert_refused(weights, message)


def test_a_layer_without_its_bias_is_named(weights):
    with h5py.File(weights, "a") as file:
        del file["layers/conv2d_3/vars/1"]
    assert_refused(weights, "has 1 arrays for the conv2d layer blocks.1.dual_path.stage1.1.conv, LANMSFF has 2")
