"""ONNX files for inference: float32, or int8 by ONNX Runtime's static quantiser, and how they differ from PyTorch.

Needs the extra ``onnx``. onnxruntime is imported at the first use, so that this module costs nothing before.
"""
import copy
import json
import logging
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from timm.utils import reparameterize_model
from torch import Tensor, nn

from .base.files import write_atomically
from .inference.preprocess import SIDE
from .models.lanmsff import Shrink

__all__ = [
    "OPSET", "Difference", "compare_outputs", "export_onnx", "for_inference", "quantize_onnx", "run_onnx", "run_torch",
]

OPSET = 18  # the oldest that PyTorch's exporter writes without a conversion


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
    it is free, and int8 then spends no range on values that the activation drops.
    """
    model = reparameterize_model(copy.deepcopy(model).eval(), inplace=True)
    fuse = getattr(model, "fuse", None)
    if fuse is not None:
        model = fuse()
    for block in model.modules():
        # Not what a layer was put behind: it has the place of the pool or of the activation.
        if isinstance(block, Shrink) and isinstance(block[0], nn.MaxPool2d) and isinstance(block[1], nn.ReLU):
            block[0], block[1] = block[1], block[0]
    return model


def export_onnx(model: nn.Module, path: str | Path, shape: tuple[int, int, int] = (1, SIDE, SIDE),
                dynamic_size: bool = False, class_names: Sequence[str] = (), opset: int = OPSET) -> None:
    """Write ``model`` as ONNX, with the input ``image`` (N, C, H, W) and the output ``logits`` (N, classes).

    Args:
        model: The model; it is not changed.
        path: The file, whole or not at all.
        shape: (C, H, W) of an image.
        dynamic_size: Leave H and W open as well as N; multiples of 16 then.
        class_names: Names of the classes, kept as metadata: a JSON list under ``class_names``.
        opset: Version of the operators; 18 or more.

    Raises:
        ValueError: if the number of names is not that of the classes, or the opset is too old.
    """
    if opset < OPSET:
        raise ValueError(f"ONNX needs opset {OPSET} or more here, got {opset}")
    model = for_inference(model)
    images = torch.zeros(2, *shape)
    with torch.no_grad():
        classes = model(images).shape[1]
    if class_names and len(class_names) != classes:
        raise ValueError(f"the model has {classes} classes, got {len(class_names)} names: {', '.join(class_names)}")
    dynamic = {0: torch.export.Dim("batch")}
    if dynamic_size:
        dynamic |= {2: 16 * torch.export.Dim("height_16"), 3: 16 * torch.export.Dim("width_16")}
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    program = torch.onnx.export(model, (images,), dynamo=True, dynamic_shapes=(dynamic,), opset_version=opset,
                                input_names=["image"], output_names=["logits"], verbose=False)
    assert program is not None  # only the exporter before dynamo gives nothing
    proto = program.model_proto
    metadata = {"class_names": json.dumps(list(class_names))} if class_names else {}
    metadata["image"] = "grey levels in [0, 1]" if shape[0] == 1 else "channels in [0, 1]"
    for key, value in metadata.items():
        proto.metadata_props.add(key=key, value=value)
    write_atomically(path, proto.SerializeToString())


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
        ValueError: if there are no faces.
    """
    if not len(faces):
        raise ValueError("int8 is calibrated with faces, got none; name a folder that has some")
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Reader(CalibrationDataReader):
        def __init__(self):
            self.batches = iter(faces.split(batch))

        def get_next(self) -> dict | None:
            images = next(self.batches, None)
            return None if images is None else {"image": images.numpy()}

    with tempfile.TemporaryDirectory() as folder:
        prepared, quantized = Path(folder, "prepared.onnx"), Path(folder, "quantized.onnx")
        quant_pre_process(str(source), str(prepared))
        quantize_static(str(prepared), str(quantized), Reader(), quant_format=QuantFormat.QDQ, per_channel=True,
                        reduce_range=True, activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8)
        write_atomically(path, quantized.read_bytes())


def run_onnx(path: str | Path, threads: int = 0, batch: int = 32) -> Callable[[Tensor], Tensor]:
    """A function from images to logits by ONNX Runtime on the CPU.

    Args:
        path: The ONNX file.
        threads: Number of threads; 0 leaves it to ONNX Runtime.
        batch: How many images go through at a time.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return lambda images: torch.cat([
        torch.from_numpy(session.run(None, {"image": part.numpy()})[0]) for part in images.split(batch)])


def run_torch(model: nn.Module, batch: int = 32) -> Callable[[Tensor], Tensor]:
    """The same by PyTorch."""
    model.eval()

    def call(images: Tensor) -> Tensor:
        with torch.inference_mode():
            return torch.cat([model(part) for part in images.split(batch)])
    return call
