"""The weights of the authors' Keras model, read without Keras and without running code.

    state_dict = load_keras_weights("model.weights.h5")
"""
import io
import re
import zipfile
from collections import defaultdict
from pathlib import Path

import torch
from torch import Tensor

from .lanmsff import LANMSFF

__all__ = ["load_keras_weights"]


def load_keras_weights(path: str | Path) -> dict[str, Tensor]:
    """Read the weights of the authors' Keras model for ``LANMSFF``, without Keras and without running code.

    Args:
        path: What a notebook leaves behind: a ``.weights.h5`` or ``.keras`` file of Keras 3, or an ``.h5``
            file of either Keras with the weights or the whole model.

    Returns:
        A state dict for ``LANMSFF``; the number of classes is that of its ``head.fc.bias``.

    Raises:
        FileNotFoundError: if there is no such file.
        ImportError: if h5py is missing.
        ValueError: if the file is none of these or damaged, or does not hold LANMSFF's layers in LANMSFF's shapes.
    """
    try:
        import h5py
    except ImportError as error:  # an extra of this package: only those who come from Keras need it
        raise ImportError("Keras weights are read by h5py: pip install 'lanmsff-plugins[keras]'") from error

    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"no Keras weights at {path}; expected a .weights.h5, .keras or .h5 file of the model")
    try:
        zipped = zipfile.is_zipfile(path)
        if not zipped and not h5py.is_hdf5(path):
            raise ValueError(f"{path} is neither an HDF5 nor a .keras file; expected a .weights.h5, .keras or .h5 file")
        with h5py.File(io.BytesIO(_unzip(path)) if zipped else path) as file:
            named = _read_layers(file)
    except (OSError, RuntimeError, zipfile.BadZipFile) as error:  # where the bytes end or make no sense
        raise ValueError(f"{path} is damaged ({error}); copy it again") from error
    layers = defaultdict(list)  # class of layer > the weights of its layers, in build order
    for name in sorted(named, key=_natural):
        layers[re.sub(r"_\d+$", "", name)].append(named[name])
    return _assemble_keras(layers, path)


def _unzip(path: Path) -> bytes:
    with zipfile.ZipFile(path) as archive:
        try:
            member = archive.getinfo("model.weights.h5")
        except KeyError:
            raise ValueError(f"{path} holds no model.weights.h5; expected a .keras file") from None
        if member.file_size > 2 ** 28:
            raise ValueError(f"{path} holds {member.file_size:,} bytes of weights; LANMSFF's are fewer than 10 million")
        return archive.read(member)


def _read_layers(file) -> dict[str, list[Tensor]]:
    """The layers with weights of an open HDF5 file by name, the weights in Keras' order."""
    if "layers" in file:  # Keras 3: layers/<name>/vars/<i>
        found = {name: group["vars"] for name, group in file["layers"].items() if len(group.get("vars", ()))}
        ordered = {name: [group[i] for i in sorted(group, key=int)] for name, group in found.items()}
    else:  # before: <name>/..., and the order in an attribute
        root = file.get("model_weights", file)
        ordered = {name: [group[key] for key in group.attrs["weight_names"]] for name, group in root.items()
                   if len(group.attrs.get("weight_names", ()))}
    return {name: [torch.from_numpy(array[...]) for array in arrays] for name, arrays in ordered.items()}


def _natural(name: str) -> tuple[str, int]:
    """Sort ``conv2d_2`` before ``conv2d_10``: the suffix is the only order that the file keeps."""
    match = re.fullmatch(r"(.*?)(?:_(\d+))?", name)
    assert match is not None  # both parts may be empty
    stem, number = match.groups()
    return stem, int(number or 0)


# Keras' variables of a layer, in order, and ours; a kernel (kh, kw, in, out) becomes (out, in, kh, kw).
_KERAS_LAYERS = {
    "conv2d": ("weight", "bias"),
    "conv2d_transpose": ("weight", "bias"),
    "dense": ("weight", "bias"),
    "separable_conv2d": ("conv_dw.weight", "conv_pw.weight", "conv_pw.bias"),
    "batch_normalization": ("weight", "bias", "running_mean", "running_var"),
}


def _keras_order() -> list[tuple[str, str]]:
    """Our modules with weights and their Keras classes, in the order in which Keras builds each class."""
    def conv_norm(name: str, separable: bool = False) -> list[tuple[str, str]]:
        return [("separable_conv2d" if separable else "conv2d", f"{name}.conv"),
                ("batch_normalization", f"{name}.norm")]

    order = []
    for i in range(4):
        block = f"blocks.{i}"
        if i % 2 == 0:
            for conv in ("conv1", "conv2", "conv3"):
                order += conv_norm(f"{block}.{conv}", separable=conv == "conv2")
            continue
        for stage in ("stage1", "stage2", "stage3"):
            for path in (0, 1):
                order += conv_norm(f"{block}.dual_path.{stage}.{path}", separable=stage == "stage2")
        order += [
            ("dense", f"{block}.attn.fc1"), ("dense", f"{block}.attn.fc2"),
            ("conv2d", f"{block}.attn.down1"), ("conv2d", f"{block}.attn.down2"),
            ("conv2d_transpose", f"{block}.attn.up1"), ("conv2d_transpose", f"{block}.attn.up2")]
        order += conv_norm(f"{block}.conv")
    return [*order, ("dense", "head.fc")]


def _assemble_keras(layers: dict[str, list[list[Tensor]]], path: Path) -> dict[str, Tensor]:
    order = _keras_order()
    for kind in _KERAS_LAYERS:
        expected = sum(k == kind for k, _ in order)
        if len(layers[kind]) != expected:
            raise ValueError(f"{path} has {len(layers[kind])} {kind} layers, LANMSFF has {expected}; "
                             "expected the weights of the authors' model")
    remaining = {kind: iter(found) for kind, found in layers.items()}
    state_dict = {}
    for kind, module in order:
        names, arrays = _KERAS_LAYERS[kind], next(remaining[kind])
        if len(arrays) != len(names):
            raise ValueError(f"{path} has {len(arrays)} arrays for the {kind} layer {module}, LANMSFF has "
                             f"{len(names)}; expected the weights of the authors' model")
        for name, array in zip(names, arrays):
            if name == "conv_dw.weight":
                array = array.permute(2, 3, 0, 1)  # (kh, kw, in, 1) to (in, 1, kh, kw)
            elif array.ndim == 4:
                array = array.permute(3, 2, 0, 1)  # (kh, kw, in, out), transposed (kh, kw, out, in)
            elif array.ndim == 2:
                array = array.T  # (in, out)
            state_dict[f"{module}.{name}"] = array.contiguous()

    with torch.device("meta"):
        model = LANMSFF(num_classes=state_dict["head.fc.bias"].numel())
    for key, value in model.state_dict().items():
        if key.endswith("num_batches_tracked"):
            state_dict[key] = torch.tensor(0)
        elif state_dict[key].shape != value.shape:
            raise ValueError(f"{path} has {key} of shape {tuple(state_dict[key].shape)}, "
                             f"LANMSFF has {tuple(value.shape)}; expected the weights of the authors' model")
    return state_dict
