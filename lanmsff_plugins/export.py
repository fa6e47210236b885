"""ONNX files for inference: float32, or int8 by ONNX Runtime's static quantiser, and how they differ from PyTorch.

Needs the extra ``onnx``. onnxruntime is imported at the first use, so that this module costs nothing before.
"""
import ast
import copy
import io
import json
import logging
import math
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import torch
from timm.utils import reparameterize_model
from torch import Tensor, nn

from .base.errors import one_line
from .base.files import write_atomically
from .inference.preprocess import SIDE
from .layers.conv import make_weights_plain
from .models.lanmsff import Shrink

__all__ = [
    "OPSET", "Difference", "compare_outputs", "export_onnx", "for_inference", "quantize_onnx", "run_onnx", "run_torch",
]

OPSET = 18  # the oldest that PyTorch's exporter writes without a conversion
TOLERANCE = 1e-3  # of the largest output: what float32 may lose; a wrong graph is far beyond it


@dataclass(frozen=True)
class Difference:
    """How far the outputs of two forms of a model lie apart.

    Attributes:
        logits: Largest difference of a logit.
        probabilities: Largest difference of a probability.
        agreement: Share of the images to which both give the same class.
        images: Number of images.
    """

    logits: float
    probabilities: float
    agreement: float
    images: int

    def __str__(self) -> str:
        return (f"logits within {self.logits:.1e}, probabilities within {self.probabilities:.1e}, the same class for "
                f"{self.agreement:.2%} of {self.images:,}")


def compare_outputs(expected: Tensor, got: Tensor) -> Difference:
    """Compare two (N, classes) tensors of logits."""
    return Difference((expected - got).abs().max().item(), (expected.softmax(1) - got.softmax(1)).abs().max().item(),
                      (expected.argmax(1) == got.argmax(1)).double().mean().item(), len(expected))


def for_inference(model: nn.Module) -> nn.Module:
    """A copy in evaluation mode, ready for a compiler: batch norms folded, each block's activation before its pool.

    Training pools first, which saves work. A compiler makes the activation part of the convolution, where
    it is free, and int8 then spends no range on values that the activation drops. Pruned and normed weights become
    plain ones.
    """
    model = _copy(model).eval()
    make_weights_plain(model)
    model = reparameterize_model(model, inplace=True)
    fuse = getattr(model, "fuse", None)
    if fuse is not None:
        model = fuse()
    for block in model.modules():
        # Not what a layer was put behind: it has the place of the pool or of the activation.
        if isinstance(block, Shrink) and isinstance(block[0], nn.MaxPool2d) and isinstance(block[1], nn.ReLU):
            block[0], block[1] = block[1], block[0]
    return model


def _copy(model: nn.Module) -> nn.Module:
    """A deep copy, also where modules keep what they computed last, as pruned ones do; torch alone refuses that."""
    computed = (value for module in model.modules() for value in vars(module).values()
                if isinstance(value, Tensor) and not value.is_leaf)
    return copy.deepcopy(model, {id(value): value.detach().clone() for value in computed})


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
        ValueError: if the number of names is not that of the classes, two of them are the same, the opset is too old or
            too new, a weight is not finite, the model cannot be exported, or the file does not compute what the model
            does.
    """
    from onnx.defs import onnx_opset_version

    if opset < OPSET:
        raise ValueError(f"ONNX needs opset {OPSET} or more here, got {opset}")
    if opset > onnx_opset_version():
        raise ValueError(f"the newest opset of this version of onnx is {onnx_opset_version()}, got {opset}")
    for name, parameter in model.named_parameters():
        if not parameter.isfinite().all():
            raise ValueError(f"the model holds values that are not finite (NaN or infinite), in {name}")
    model = _copy(model).cpu().float().eval()
    with torch.no_grad():
        classes = model(torch.zeros(2, *shape)).shape[1]
    if class_names and len(class_names) != classes:
        raise ValueError(f"the model has {classes} classes, got {len(class_names)} names: {', '.join(class_names)}")
    if len(set(class_names)) < len(class_names):
        raise ValueError(f"each class needs a name of its own, got {', '.join(class_names)}")
    proto = _to_onnx(for_inference(model), shape, dynamic_size, opset)
    metadata = {"class_names": json.dumps(list(class_names))} if class_names else {}
    metadata["image"] = "grey levels in [0, 1]" if shape[0] == 1 else "channels in [0, 1]"
    for key, text in metadata.items():
        proto.metadata_props.add(key=key, value=text)
    content = proto.SerializeToString()
    _check_interface(proto, shape, dynamic_size, opset)
    _check_outputs(content, model, shape, dynamic_size)
    write_atomically(path, content)


def _to_onnx(model: nn.Module, shape: tuple[int, int, int], dynamic_size: bool, opset: int):
    """The ``onnx.ModelProto`` by torch's exporter."""
    dynamic = {0: torch.export.Dim("batch")}
    if dynamic_size:
        dynamic |= {2: 16 * torch.export.Dim("height_16"), 3: 16 * torch.export.Dim("width_16")}
    try:
        with _quiet():
            program = torch.onnx.export(
                model, (torch.zeros(2, *shape),), dynamo=True, dynamic_shapes=(dynamic,), opset_version=opset,
                input_names=["image"], output_names=["logits"], verbose=False)
    except (RuntimeError, torch.onnx.errors.OnnxExporterError) as error:
        raise ValueError(f"the model cannot be exported{' with a dynamic size' if dynamic_size else ''}: "
                         f"{one_line(error.__cause__ or error)}") from error
    assert program is not None  # only the exporter before dynamo gives nothing
    return program.model_proto


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep off the terminal what exporters print; all that matters of it ends in an error of one line."""
    disabled = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            yield
    finally:
        logging.disable(disabled)


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
        raise ValueError(f"the model cannot be exported: expected the input {_size(expected)}, got {_size(axes)}; "
                         "it fixes axes that were to stay open")


def _size(axes: Sequence[int | None]) -> str:
    return "x".join("?" if axis is None else str(axis) for axis in axes)


def _check_outputs(content: bytes, model: nn.Module, shape: tuple[int, int, int], dynamic_size: bool) -> None:
    """Refuse a file that computes something else than the model, for any batch or size that it claims to take."""
    try:
        run = run_onnx(content)
    except Exception as error:  # onnxruntime's own classes
        raise ValueError(f"ONNX Runtime cannot run the exported model: {one_line(error)}") from error
    channels, height, width = shape
    sizes = [(height, width)]
    if dynamic_size:
        sizes += [(max(16, height - 16), max(16, width // 32 * 16)), (height + 48, width + 16)]
    generator = torch.Generator().manual_seed(0)
    for batch, size in [(1, sizes[0]), *((3, size) for size in sizes)]:
        images = torch.rand(batch, channels, *size, generator=generator)
        try:
            expected = run_torch(model)(images)
        except Exception as error:
            raise ValueError(f"the model does not take {batch} images of {_size(size)}, which the file would have to: "
                             f"{one_line(error)}") from error
        if not expected.isfinite().all():
            raise ValueError("the model gives values that are not finite (NaN or infinite) for random images")
        limit = TOLERANCE * max(1., expected.abs().max().item())
        try:
            got = run(images)
            difference = (got - expected).abs().max().item() if got.shape == expected.shape else math.inf
        except Exception as error:
            raise ValueError(f"the exported model fails for {batch} images of {_size(size)}: {one_line(error)}"
                             ) from error
        if not difference <= limit:  # also where it is no number
            raise ValueError(f"the exported model gives other outputs than PyTorch for {batch} images of "
                             f"{_size(size)}: they differ by {difference:.2g}, expected {limit:.2g} at most"
                             + ("; export it with a fixed size" if size != sizes[0] else ""))


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
            with _quiet():
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
            with _quiet():
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


def run_torch(model: nn.Module, batch: int = 32) -> Callable[[Tensor], Tensor]:
    """The same by PyTorch."""
    model.eval()

    def call(images: Tensor) -> Tensor:
        with torch.inference_mode():
            return torch.cat([model(part) for part in images.split(batch)])
    return call
