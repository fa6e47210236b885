"""ONNX files: float32, or int8 by ONNX Runtime's static quantiser.

    export_onnx(weights.load("lanmsff_ferplus"), "lanmsff.onnx")

Needs the extra ``onnx``. onnxruntime is imported at the first use, so that this module costs nothing before.
"""
import ast
import json
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import torch
from torch import Tensor, nn

from ..base import compat
from ..base.errors import one_line
from ..base.files import write_atomically
from ..inference.preprocess import SIDE
from .common import check_outputs, for_inference, plain_copy, quiet, shape_text

__all__ = ["OPSET", "export_onnx", "quantize_onnx", "run_onnx"]

OPSET = 18  # the oldest that PyTorch's exporter writes without a conversion


def export_onnx(model: nn.Module, path: str | Path, shape: tuple[int, int, int] = (1, SIDE, SIDE),
                dynamic_size: bool = False, class_names: Sequence[str] = (), opset: int = OPSET) -> None:
    """Write ``model`` as ONNX, with the input ``image`` (N, C, H, W) and the output ``logits`` (N, classes).

    The file computes in float32, whatever the type and the device of the model. Before it gets its name, it is
    compared with what was asked for and with the model: by ONNX Runtime, for several batches, and with
    ``dynamic_size`` for a smaller and a larger image as well.

    Args:
        model: The model; it is not changed.
        path: The file, whole or not at all.
        shape: (C, H, W) of an image.
        dynamic_size: Leave H and W open as well as N; multiples of 16 then.
        class_names: Names of the classes, kept as metadata: a JSON list under ``class_names``.
        opset: Version of the operators; 18 or more.

    Raises:
        ImportError: if torch is older than 2.5, or than 2.6 with ``dynamic_size``.
        ValueError: if the number of names is not that of the classes, two of them are the same, the opset is too old or
            too new, a weight is not finite, the model cannot be exported, or the file does not compute what the model
            does.
    """
    from onnx.defs import onnx_opset_version

    what, oldest = ("ONNX for any size", "2.6") if dynamic_size else ("ONNX", "2.5")
    compat.require("torch", oldest, f"Export to {what}", "export with a newer torch, and the file runs anywhere")
    if opset < OPSET:
        raise ValueError(f"ONNX needs opset {OPSET} or more here, got {opset}")
    if opset > onnx_opset_version():
        raise ValueError(f"the newest opset of this version of onnx is {onnx_opset_version()}, got {opset}")
    model = plain_copy(model, shape, class_names)
    proto = _to_onnx(for_inference(model), shape, dynamic_size, opset)
    metadata = {"class_names": json.dumps(list(class_names))} if class_names else {}
    metadata["image"] = "grey levels in [0, 1]" if shape[0] == 1 else "channels in [0, 1]"
    for key, text in metadata.items():
        proto.metadata_props.add(key=key, value=text)
    content = proto.SerializeToString()
    _check_interface(proto, shape, dynamic_size, opset)
    check_outputs(partial(run_onnx, content), "ONNX Runtime", model, shape, dynamic_size)
    write_atomically(path, content)


def _to_onnx(model: nn.Module, shape: tuple[int, int, int], dynamic_size: bool, opset: int):
    """The ``onnx.ModelProto`` by torch's exporter."""
    dynamic = {0: torch.export.Dim("batch", max=2 ** 31 - 1)}  # before torch 2.8, what has no bound is not accepted
    if dynamic_size:
        dynamic |= {2: 16 * torch.export.Dim("height_16"), 3: 16 * torch.export.Dim("width_16")}
    try:
        with quiet():
            program = torch.onnx.export(
                model, (torch.zeros(2, *shape),), dynamo=True, dynamic_shapes=(dynamic,), opset_version=opset,
                input_names=["image"], output_names=["logits"], verbose=False)
    except (RuntimeError, torch.onnx.errors.OnnxExporterError) as error:
        hint = "" if compat.exports_batch_norms() else "; torch 2.7 exports more, batch norms among it"
        raise ValueError(f"the model cannot be exported{' with a dynamic size' if dynamic_size else ''}: "
                         f"{one_line(error.__cause__ or error)}{hint}") from error
    assert program is not None  # only the exporter before dynamo gives nothing
    return program.model_proto


def _check_interface(proto, shape: tuple[int, int, int], dynamic_size: bool, opset: int) -> None:
    """Refuse a file with another opset, input or output than asked for: exporters do not always say so."""
    written = {entry.domain: entry.version for entry in proto.opset_import}.get("")
    if written != opset:
        raise ValueError(f"opset {opset} cannot be written: torch's exporter gives {written} instead")
    tensors = {"input": proto.graph.input, "output": proto.graph.output}
    names = {kind: [tensor.name for tensor in found] for kind, found in tensors.items()}
    if names != {"input": ["image"], "output": ["logits"]}:
        raise ValueError(f"the model cannot be exported: expected the input image and the output logits, got {names}")
    channels, *size = shape
    expected = [None, channels, *([None, None] if dynamic_size else size)]
    axes = [axis.dim_value if axis.HasField("dim_value") else None
            for axis in proto.graph.input[0].type.tensor_type.shape.dim]
    if axes != expected:
        raise ValueError(f"the model cannot be exported: expected the input {shape_text(expected)}, got "
                         f"{shape_text(axes)}; it fixes axes that were to stay open")


def quantize_onnx(source: str | Path, path: str | Path, faces: Tensor, batch: int = 32) -> None:
    """Write an int8 form of an ONNX file: weights int8 by channel, activations uint8 by their range on some faces.

    The weights have seven bits: on processors without VNNI (AVX2 alone, say) ONNX Runtime 1.32 adds pairs of products
    in 16 bits, which overflow with eight. Logits are then off by 3.6 where they are off by 0.3 with seven.

    Args:
        source: A file of :func:`export_onnx`.
        path: The file to write, whole or not at all.
        faces: (N, C, H, W) to calibrate with, as the network takes them; a few hundred are enough.
        batch: How many go through at a time.

    Raises:
        ValueError: if there are no faces, or if the quantiser cannot take a layer.
    """
    if not len(faces):
        raise ValueError("int8 is calibrated with faces, got none; name a folder that has some")
    from onnxruntime.quantization.shape_inference import quant_pre_process

    with tempfile.TemporaryDirectory() as folder:
        prepared, quantized = Path(folder, "prepared.onnx"), Path(folder, "quantized.onnx")
        try:
            with quiet():
                try:
                    quant_pre_process(str(source), str(prepared))
                except Exception:  # its own inference of shapes fails on some operators; that of onnx follows
                    quant_pre_process(str(source), str(prepared), skip_symbolic_shape=True)
                _quantize(prepared, quantized, faces.split(batch))
            content = quantized.read_bytes()
            run_onnx(content)(faces[:1])
        except OSError:  # of a full disk, say
            raise
        except Exception as error:  # of any class
            raise ValueError(f"ONNX Runtime's quantiser cannot take {_refused_layer(prepared, source, faces[:1])}: "
                             f"{one_line(error)}; export without int8, or replace the layer") from error
        write_atomically(path, content)


def _quantize(source: Path, path: Path, batches: Sequence[Tensor], nodes: Sequence[str] | None = None) -> None:
    """Quantise some nodes of a file by their names, all by default."""
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

    class Reader(CalibrationDataReader):
        def __init__(self):
            self.batches = iter(batches)

        def get_next(self) -> dict | None:
            images = next(self.batches, None)
            return None if images is None else {"image": images.numpy()}

    quantize_static(str(source), str(path), Reader(), quant_format=QuantFormat.QDQ, per_channel=True,
                    reduce_range=True, activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8,
                    nodes_to_quantize=nodes)


def _refused_layer(prepared: Path, source: str | Path, faces: Tensor) -> str:
    """The layer that cannot be quantised, found by quantising one node after another."""
    import onnx

    scopes = {node.name: ast.literal_eval(entry.value) for node in onnx.load(source).graph.node
              for entry in node.metadata_props if entry.key == "pkg.torch.onnx.name_scopes"}
    for node in onnx.load(prepared).graph.node if prepared.is_file() else ():
        path = prepared.with_name("single.onnx")
        try:
            with quiet():
                _quantize(prepared, path, [faces], [node.name])
            run_onnx(path)(faces)
        except Exception:
            layer = next((name for name in reversed(scopes.get(node.name, [])[:-1]) if name), node.name)
            return f"the layer {layer} ({node.op_type})"
    return "the model"


def run_onnx(path: str | Path | bytes, threads: int = 0, batch: int = 32) -> Callable[[Tensor], Tensor]:
    """A function from images to logits by ONNX Runtime on the CPU.

    Args:
        path: The ONNX file, or what is in it.
        threads: Number of threads; 0 leaves it to ONNX Runtime.
        batch: How many images go through at a time.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 4  # its errors are raised as well
    session = onnxruntime.InferenceSession(
        path if isinstance(path, bytes) else str(path), options, providers=["CPUExecutionProvider"])
    return lambda images: torch.cat([
        torch.from_numpy(session.run(None, {"image": part.numpy()})[0]) for part in images.split(batch)])
