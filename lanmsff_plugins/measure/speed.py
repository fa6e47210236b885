"""How fast a model is, in inference and training, in every form that it can take.

    for row in measure_rows(model, [Setup(form="fused", batch=32)], faces): ...
"""
import copy
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from itertools import product
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..export import (
    export_onnx,
    export_openvino,
    for_inference,
    quantize_onnx,
    quantize_openvino,
    run_onnx,
    run_openvino,
)
from .flops import count
from .timing import matrix_rate, measure, peak_memory

__all__ = ["DTYPES", "FORMATS", "FORMS", "MODES", "Row", "Setup", "make_call", "measure_rows", "setups"]

MODES = ("inference", "training")
FORMS = ("eager", "fused", "compiled", "onnxruntime", "openvino")
_RUNTIMES: dict[str, tuple[str, Callable, Callable, Callable]] = {  # what writes, quantises and runs a file
    "onnxruntime": (".onnx", export_onnx, quantize_onnx, run_onnx),
    "openvino": (".xml", export_openvino, quantize_openvino, run_openvino)}
OWN_LAYOUT = tuple(_RUNTIMES)  # these know no memory format
DTYPES = ("float32", "bfloat16", "int8")
FORMATS = {"contiguous": torch.contiguous_format, "channels_last": torch.channels_last}


@dataclass(frozen=True)
class Setup:
    """One way to run a model.

    Attributes:
        mode: 'inference'; or 'training': forward, backward and a step of AdamW.
        form: 'eager' as it is; 'fused' with its batch norms folded; 'compiled' by torch.compile, for
            inference from the fused one with its weights frozen; 'onnxruntime'; 'openvino'.
        dtype: 'float32'; 'bfloat16' (training: by autocast); 'int8' (ONNX Runtime and OpenVINO).
        memory_format: 'contiguous' or 'channels_last'; ONNX Runtime and OpenVINO have layouts of their own.
        batch: Number of images.
        threads: Number of threads.
        shape: (C, H, W) of an image.
    """

    mode: str = "inference"
    form: str = "eager"
    dtype: str = "float32"
    memory_format: str = "channels_last"
    batch: int = 1
    threads: int = 1
    shape: tuple[int, int, int] = (1, 64, 64)

    @property
    def exists(self) -> bool:
        """Whether there is such a way."""
        if self.form == "onnxruntime":
            return self.mode == "inference" and self.dtype != "bfloat16"
        if self.form == "openvino":
            return self.mode == "inference"
        return self.dtype != "int8" and not (self.mode == "training" and self.form == "fused")


@dataclass(frozen=True)
class Row:
    """What was measured of one setup.

    Attributes:
        setup: The setup.
        latency: Median of the seconds of one batch.
        latency_low: First quartile.
        latency_high: Third quartile.
        images_per_second: Throughput, by the median.
        rate: The machine's float32 matrix products just before and after, in FLOP/s, with as many threads.
        share: What the model's multiply-accumulates achieve of it; a training step is three times a forward pass.
        memory: Bytes held at most during a call beyond what was held before; None where nobody can tell.
        difference: How far the outputs lie from those of the plain model in float32 on the same faces: the largest
            difference as a share of the largest output. None for a training step.
    """

    setup: Setup
    latency: float
    latency_low: float
    latency_high: float
    images_per_second: float
    rate: float
    share: float
    memory: int | None
    difference: float | None


def setups(modes: Iterable[str], forms: Iterable[str], dtypes: Iterable[str], memory_formats: Iterable[str],
           batches: Iterable[int], threads: Iterable[int], shape: tuple[int, int, int]) -> list[Setup]:
    """All combinations that exist, each once: ONNX Runtime and OpenVINO know no memory format."""
    found: dict[Setup, None] = {}  # in order, each once
    for choice in product(modes, forms, dtypes, memory_formats, batches, threads):
        setup = Setup(*choice, shape)
        if setup.form in OWN_LAYOUT:
            setup = replace(setup, memory_format="contiguous")
        if setup.exists:
            found[setup] = None
    return list(found)


def make_call(model: nn.Module, setup: Setup, faces: Tensor, device: str = "cpu") -> Callable[[], Tensor | None]:
    """A function without arguments that runs the model once as ``setup`` says.

    In inference it returns the outputs, in training nothing. The model itself is not changed.

    Args:
        model: The model.
        setup: How to run it.
        faces: (M, 1, H, W) faces between 0 and 1, scaled and repeated to make the batch. They matter for int8, which
            is calibrated with them.
        device: 'cpu' or 'cuda'; ONNX Runtime and OpenVINO run on the CPU.

    Raises:
        ValueError: if there is no such setup.
    """
    if not setup.exists:
        raise ValueError(f"{setup.form} has no {setup.mode} in {setup.dtype}; expected another form or type")
    images = _batch(faces, setup.batch, setup.shape)
    if setup.form in OWN_LAYOUT:
        run = _by_runtime(model, setup, faces)
        return lambda: run(images)
    images = images.to(device).contiguous(memory_format=FORMATS[setup.memory_format])
    model = copy.deepcopy(model).to(device)
    if setup.mode == "training":
        return _training(model.to(memory_format=FORMATS[setup.memory_format]), setup, images)
    model = model.eval() if setup.form == "eager" else for_inference(model)
    dtype = getattr(torch, setup.dtype)
    model, images = model.to(dtype).to(memory_format=FORMATS[setup.memory_format]), images.to(dtype)
    forward = torch.compile(model, options={"freezing": True}) if setup.form == "compiled" else model

    def call() -> Tensor:
        with torch.inference_mode():
            return forward(images)
    return call


def _training(model: nn.Module, setup: Setup, images: Tensor) -> Callable[[], None]:
    model.train()
    with torch.no_grad():
        classes = model(images[:2].repeat(2, 1, 1, 1)).shape[1]
    labels = torch.arange(setup.batch, device=images.device) % classes
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, fused=True)
    step = torch.compile(model) if setup.form == "compiled" else model

    def call() -> None:
        with torch.autocast(images.device.type, torch.bfloat16, enabled=setup.dtype == "bfloat16"):
            loss = F.cross_entropy(step(images), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return call


def _by_runtime(model: nn.Module, setup: Setup, faces: Tensor) -> Callable[[Tensor], Tensor]:
    suffix, export, quantize, run = _RUNTIMES[setup.form]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"model{suffix}")
        export(model, path, setup.shape)
        if setup.dtype == "int8":
            quantize(path, path, _batch(faces, len(faces), setup.shape))
        call = run(path, setup.threads, setup.batch, **({"dtype": setup.dtype} if setup.dtype == "bfloat16" else {}))
        call(_batch(faces, setup.batch, setup.shape))  # OpenVINO compiles at the first call, and the files go
        return call


def _batch(faces: Tensor, batch: int, shape: tuple[int, int, int]) -> Tensor:
    """(batch, C, H, W): the faces over and over."""
    images = F.interpolate(faces, shape[1:], mode="bilinear", antialias=True).expand(-1, shape[0], -1, -1)
    return images[torch.arange(batch) % len(images)]


def _difference(got: Tensor | None, model: nn.Module, setup: Setup, faces: Tensor, device: str) -> float:
    plain = make_call(model, replace(setup, form="eager", dtype="float32"), faces, device)()
    assert got is not None and plain is not None  # only a training step gives nothing
    return ((got - plain).abs().max() / plain.abs().max()).item()


def measure_rows(model: nn.Module, wanted: Iterable[Setup], faces: Tensor, seconds: float = 1., device: str = "cpu"
                 ) -> Iterator[Row]:
    """Measure the setups one after another, the machine's own rate before and after each.

    Args:
        model: The model.
        wanted: What to measure.
        faces: As for :func:`make_call`.
        seconds: How long to measure each, at least.
        device: 'cpu' or 'cuda'.
    """
    forward_macs = cache(lambda shape: count(model, shape).macs)
    for setup in wanted:
        place = "cpu" if setup.form in OWN_LAYOUT else device
        call = make_call(model, setup, faces, place)
        before = matrix_rate(setup.threads, place)
        time = measure(call, setup.threads, seconds)
        rate = (before + matrix_rate(setup.threads, place)) / 2
        macs = forward_macs(setup.shape) * (3 if setup.mode == "training" else 1)
        per_second = setup.batch / time.median
        peak = None if setup.form in OWN_LAYOUT else peak_memory(call, place)  # they keep what they have once taken
        difference = None if setup.mode == "training" else _difference(call(), model, setup, faces, place)
        yield Row(setup, time.median, time.low, time.high, per_second, rate, 2 * macs * per_second / rate, peak,
                  difference)
