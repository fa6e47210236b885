"""The files that Keras itself writes, in all of its forms, give the weights of the fixture."""
import json
import os
import zipfile

import h5py
import pytest
import torch

from lanmsff_plugins.models.keras import load_keras_weights

os.environ.setdefault("KERAS_BACKEND", "torch")
keras = pytest.importorskip("keras")
L = keras.layers

# How to make a layer of each class from the shapes of its weights, and the channels that it takes.
LAYERS = {
    "Conv2D": lambda s: (L.Conv2D(s[0][3], s[0][0]), s[0][2]),
    "SeparableConv2D": lambda s: (L.SeparableConv2D(s[1][3], 3), s[0][2]),
    "Conv2DTranspose": lambda s: (L.Conv2DTranspose(s[0][2], 3), s[0][3]),
    "Dense": lambda s: (L.Dense(s[0][1]), s[0][0]),
    "BatchNormalization": lambda s: (L.BatchNormalization(), s[0][0]),
}


@pytest.fixture(scope="module")
def model(keras_parity):
    """A model with the layers of the authors' in their order and the fixture's weights; how they connect is all one."""
    image = keras.Input((8, 8, 1))
    outputs = []
    with h5py.File(keras_parity / "lanmsff.weights.h5") as file:
        for name, kind, shapes in json.loads((keras_parity / "layers.json").read_text()):
            if kind in LAYERS:
                layer, channels = LAYERS[kind](shapes)
                outputs.append(layer(L.Concatenate()([image] * channels) if channels > 1 else image))
                variables = file["layers"][name]["vars"]
                layer.set_weights([variables[str(i)][()] for i in range(len(variables))])
    return keras.Model(image, outputs)


@pytest.fixture(scope="module")
def expected(keras_parity):
    return load_keras_weights(keras_parity / "lanmsff.weights.h5")


@pytest.mark.parametrize("form", [".weights.h5", ".keras", ".h5"])
def test_a_file_of_keras_gives_the_weights(form, model, expected, tmp_path):
    path = tmp_path / f"model{form}"
    (model.save_weights if form == ".weights.h5" else model.save)(path)
    state_dict = load_keras_weights(path)
    assert state_dict.keys() == expected.keys()
    assert all(torch.equal(state_dict[name], value) for name, value in expected.items())


def test_the_weights_alone_in_the_old_form_are_read_too(model, expected, tmp_path):
    model.save(tmp_path / "model.h5")
    with h5py.File(tmp_path / "model.h5") as whole, h5py.File(tmp_path / "old.h5", "w") as alone:
        for name, group in whole["model_weights"].items():
            whole.copy(group, alone, name)
    state_dict = load_keras_weights(tmp_path / "old.h5")
    assert all(torch.equal(state_dict[name], value) for name, value in expected.items())


def test_a_zip_file_of_something_else_is_named(tmp_path):
    with zipfile.ZipFile(tmp_path / "other.keras", "w") as archive:
        archive.writestr("readme.txt", "nothing")
    with pytest.raises(ValueError, match="other.keras holds no model.weights.h5"):
        load_keras_weights(tmp_path / "other.keras")


def test_a_cut_keras_file_is_named(model, tmp_path):
    path = tmp_path / "model.keras"
    model.save(path)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 255
    path.write_bytes(content)
    with pytest.raises(ValueError, match="model.keras is damaged"):
        load_keras_weights(path)
