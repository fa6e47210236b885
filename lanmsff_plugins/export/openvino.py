"""OpenVINO files: float32, or int8 by NNCF, for Intel's processors and for AMD's.

    export_openvino(weights.load("lanmsff_ferplus"), "lanmsff.xml")

Needs the extra ``openvino``, which is imported at the first use. A model is two files, .xml and .bin.
"""
import importlib
import json
import sys
import tempfile
from collections.abc import Callable, Sequence
from functools import cache, partial
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import Tensor, nn

from ..base.errors import one_line
from ..base.files import write_atomically
from ..inference.preprocess import SIDE
from .common import check_outputs, for_inference, plain_copy, quiet

__all__ = ["export_openvino", "quantize_openvino", "run_openvino"]

_PRECISION = {"float32": "f32", "bfloat16": "bf16"}


def export_openvino(model: nn.Module, path: str | Path, shape: tuple[int, int, int] = (1, SIDE, SIDE),
                    dynamic_size: bool = False, class_names: Sequence[str] = ()) -> None:
    """Write ``model`` for OpenVINO, with the input ``image`` (N, C, H, W) and the output ``logits`` (N, classes).

    The weights are float32, whatever the type and the device of the model. Before the files get their names, they are
    compared with the model for several batches, and with ``dynamic_size`` for a smaller and a larger image as well.

    Args:
        model: The model; it is not changed.
        path: The .xml file; the .bin file beside it has the weights. Both are written whole or not at all.
        shape: (C, H, W) of an image.
        dynamic_size: Leave H and W open as well as N; multiples of 16 then.
        class_names: Names of the classes, kept as metadata: a JSON list under ``class_names``.

    Raises:
        ValueError: if ``path`` does not end in .xml, the number of names is not that of the classes, a weight is not
            finite, the model cannot be exported, or the file does not compute what the model does.
    """
    openvino = import_unreported("openvino")
    _check_suffix(path)
    model = plain_copy(model, shape, class_names)
    channels, *size = shape
    try:
        with quiet():
            written = openvino.convert_model(
                for_inference(model), example_input=torch.zeros(2, *shape),
                input=[openvino.PartialShape([-1, channels, *([-1, -1] if dynamic_size else size)])])
    except Exception as error:  # OpenVINO's own classes
        raise ValueError(f"the model cannot be exported: {one_line(error)}") from error
    written.inputs[0].get_tensor().set_names({"image"})
    written.outputs[0].get_tensor().set_names({"logits"})
    if class_names:
        written.set_rt_info(json.dumps(list(class_names)), "class_names")
    check_outputs(partial(_run, written), "OpenVINO", model, shape, dynamic_size)
    _save(written, path)


def quantize_openvino(source: str | Path, path: str | Path, faces: Tensor) -> None:
    """Write an int8 form of a file: weights int8 by channel, activations by their range on some faces.

    The weights have seven bits, as those of :func:`~lanmsff_plugins.export.quantize_onnx`: on processors without VNNI
    sums of eight bits overflow.

    Args:
        source: A file of :func:`export_openvino`.
        path: The .xml file to write, whole or not at all.
        faces: (N, C, H, W) to calibrate with, as the network takes them; a few hundred are enough.

    Raises:
        ValueError: if there are no faces, or if NNCF cannot quantise the model.
    """
    if not len(faces):
        raise ValueError("int8 is calibrated with faces, got none; name a folder that has some")
    nncf = import_unreported("nncf")
    _check_suffix(path)
    model = _core().read_model(str(source))
    try:
        with quiet():
            quantized = nncf.quantize(
                model, nncf.Dataset([face[None].numpy() for face in faces]), subset_size=len(faces),
                advanced_parameters=nncf.AdvancedQuantizationParameters(overflow_fix=nncf.OverflowFix.ENABLE))
            _run(quantized)(faces[:1])
    except Exception as error:  # of any class
        raise ValueError(f"NNCF cannot quantise the model: {one_line(error)}; export without int8") from error
    _save(quantized, path)


def run_openvino(path: str | Path, threads: int = 0, batch: int = 32, dtype: str = "float32"
                 ) -> Callable[[Tensor], Tensor]:
    """A function from images to logits by OpenVINO on the CPU.

    Args:
        path: The .xml file, or one of :func:`~lanmsff_plugins.export.export_onnx`.
        threads: Number of threads; 0 leaves it to OpenVINO.
        batch: How many images go through at a time.
        dtype: What float32 layers compute in: 'float32', or 'bfloat16', which OpenVINO by itself would choose where the
            processor has it.
    """
    return _run(_core().read_model(str(path)), threads, batch, dtype)


@cache
def _core() -> Any:
    """OpenVINO's core, one for the process and until its end.

    The CPU plugin of each core gives the thread that loads it an alternate signal stack, and takes it back when the
    core goes (OpenVINO 2026.4.0, Linux): after several had gone, the stack in force had been freed, and the next signal
    that Python handled, of a child that ended or of Ctrl-C, ended the process without a word.
    """
    return import_unreported("openvino").Core()


def _run(model: Any, threads: int = 0, batch: int = 32, dtype: str = "float32") -> Callable[[Tensor], Tensor]:
    settings = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": _PRECISION[dtype]}
    if threads:
        settings["INFERENCE_NUM_THREADS"] = str(threads)

    @cache
    def compiled(shape: tuple[int, ...]) -> Any:  # for each shape: with open axes OpenVINO is slower
        fixed = model.clone()
        fixed.reshape(list(shape))
        return _core().compile_model(fixed, "CPU", settings)

    return lambda images: torch.cat([
        torch.from_numpy(compiled(tuple(part.shape))(part.contiguous().numpy())[0].copy())
        for part in images.split(batch)])


def import_unreported(name: str) -> ModuleType:
    """Import OpenVINO or NNCF without openvino_telemetry, through which they tell their makers of each use.

    They do so unasked and whatever they are used for, from forks of the process, and keep a number of the user's in the
    home folder (openvino-telemetry 2025.2). Where that package is missing, they work and tell nothing. Whoever has
    imported it before keeps it.
    """
    reporter = "openvino_telemetry"
    if reporter in sys.modules:
        return importlib.import_module(name)
    sys.modules[reporter] = None  # type: ignore[assignment]  # a package that is not there
    try:
        return importlib.import_module(name)
    finally:
        del sys.modules[reporter]


def _check_suffix(path: str | Path) -> None:
    if Path(path).suffix != ".xml":
        raise ValueError(f"OpenVINO's files end in .xml, got {path}")


def _save(model: Any, path: str | Path) -> None:
    openvino, path = import_unreported("openvino"), Path(path)
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder, path.name)
        openvino.save_model(model, str(made), compress_to_fp16=False)
        for suffix in (".bin", ".xml"):  # what names the other comes last
            write_atomically(path.with_suffix(suffix), made.with_suffix(suffix).read_bytes())
