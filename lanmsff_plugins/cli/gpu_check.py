"""What training, inference and the layers cost on one GPU: ``lanmsff benchmark --gpu-check``.

Without a GPU everything is run once in small sizes, so that the command is known to work before a GPU is paid for.
"""
import copy
import itertools
import json
import platform
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import timm
import torch
from mmengine.registry import DATASETS, init_default_scope
from mmengine.runner import Runner
from timm.layers.cbam import CbamModule
from timm.optim import Muon as TimmMuon
from torch import Tensor, nn

from ..base.files import write_atomically
from ..base.tables import aligned
from ..data.synthetic.writers import write_fer2013
from ..layers import PWFS, MassAtt, set_fused
from ..measure.dispatch import count_operators
from ..measure.timing import measure
from ..mm.engine.capture import WARM_UP, CapturedStep
from ..mm.engine.device_loop import DeviceTrainLoop
from ..mm.engine.launch import build_runner, load_config
from ..mm.engine.muon import Muon
from ..models import LANMSFF
from ..models.lanmsff import CHANNELS

__all__ = ["DRY", "ON_A_GPU", "Figure", "Sizes", "gpu_check", "make_runner", "measured", "trained"]

FACES_IN_A_PASS = 27_956  # of FERPlus, by the distribution of the votes
PASSES = 64


@dataclass(frozen=True)
class Figure:
    """One line of the table.

    Attributes:
        what: What was measured.
        value: How much.
        unit: Of what.
    """

    what: str
    value: float
    unit: str


@dataclass(frozen=True)
class Sizes:
    """How much is measured."""

    batches: tuple[int, int]  # of a training step
    maps: tuple[tuple[int, int, int, int], ...]  # (N, C, H, W) for the layers
    images: tuple[int, ...]  # batches in inference
    seconds: float  # for each time; 0 takes the time of one call
    channels: tuple[int, int, int, int] = CHANNELS  # of the network


ON_A_GPU = Sizes((64, 1024), ((256, 512, 14, 14), (1024, 72, 32, 32)), (1, 32, 1024), 1.)
DRY = Sizes((4, 8), ((2, 12, 8, 8),), (1,), 0., (12, 12, 12, 12))


def gpu_check(json_file: str | None = None) -> None:
    """Measure, print each figure as it comes and then the table, and write them as JSON.

    Args:
        json_file: The file to write, if any.
    """
    device = "cuda" if torch.cuda.is_available() else "cpu"
    name = torch.cuda.get_device_name() if device == "cuda" else "no GPU: a dry run in small sizes"
    print(name)
    figures = list(measured(device, ON_A_GPU if device == "cuda" else DRY))
    print(aligned(["", "", "unit"], [[each.what, f"{each.value:,.4g}", each.unit] for each in figures]))
    if json_file:
        content = {"device": name, "torch": torch.__version__, "timm": timm.__version__, "cpu": platform.processor(),
                   "figures": [asdict(each) for each in figures]}
        write_atomically(json_file, (json.dumps(content, indent=2) + "\n").encode())


def measured(device: str, sizes: Sizes) -> Iterator[Figure]:
    """All figures, in the order of the table."""
    yield from _optimizer(device, sizes)
    yield from _training(device, sizes)
    yield from _inference(device, sizes)
    yield from _layers(device, sizes)


def _milliseconds(call: Callable[[], object], sizes: Sizes) -> float:
    if not sizes.seconds:
        start = time.perf_counter()
        call()
        return (time.perf_counter() - start) * 1e3
    return measure(call, torch.get_num_threads(), sizes.seconds).median * 1e3


def _optimizer(device: str, sizes: Sizes) -> Iterator[Figure]:
    for name, kind in (("Muon", Muon), ("timm's Muon", TimmMuon)):
        model = LANMSFF(channels=sizes.channels).to(device, memory_format=torch.channels_last)
        optimizer = kind(model.parameters(), lr=1e-2, nesterov=True)
        for p in model.parameters():
            p.grad = torch.randn_like(p)
        optimizer.step()
        yield Figure(f"a step of {name}", sum(count_operators(optimizer.step).values()), "operators")
        yield Figure(f"a step of {name}", _milliseconds(optimizer.step, sizes), "ms")


def _training(device: str, sizes: Sizes) -> Iterator[Figure]:
    """The modern recipe at 64 pixels in bfloat16: from objects for samples, and by indices as ``on_device`` does."""
    with tempfile.TemporaryDirectory() as folder:
        write_fer2013(Path(folder), faces=400)
        for batch in sizes.batches:
            what = f"training, 64 pixels, batch {batch:,}"
            on_meta = _milliseconds(_step_on_meta(folder, batch, sizes), sizes)
            yield Figure(f"{what}, time of the processor alone", on_meta, "ms")
            for name, call in _steps(folder, batch, sizes, device):
                if name == "on the device":
                    yield Figure(f"{what}, operators", sum(count_operators(call).values()), "operators")
                for _ in range(WARM_UP + 1):
                    call()
                if device == "cuda":
                    yield Figure(f"{what}, {name}, kernels", _kernels(call), "kernels")
                images = batch / _milliseconds(call, sizes) * 1e3
                yield Figure(f"{what}, {name}", images, "images/s")
                yield Figure(f"{PASSES} passes of FERPlus by that", FACES_IN_A_PASS * PASSES / images, "s")


def _steps(folder: str, batch: int, sizes: Sizes, device: str) -> Iterator[tuple[str, Callable[[], object]]]:
    """The ways to train on a batch, from the slowest on; captured ones on a GPU alone."""
    runner = make_runner(folder, batch, sizes)
    loop = trained(runner)
    size = loop.model.data_preprocessor.current_size()
    indices = torch.arange(batch) % len(loop.split.pixels)
    yield "as objects", _step_of_objects(runner, batch)
    yield "on the device", partial(loop.step, indices, size)
    compiled = make_runner(folder, batch, sizes, compile={"backend": "inductor" if device == "cuda" else "eager"})
    yield "on the device, compiled", partial(trained(compiled).step, indices, size)
    if device == "cuda":
        for name, each in (("captured", runner), ("compiled and captured", compiled)):
            loop = each.train_loop
            yield f"on the device, {name}", partial(
                CapturedStep(loop.step, each.optim_wrapper.optimizer, device), indices.to(device), size)


def make_runner(folder: str, batch: int, sizes: Sizes, **settings: object) -> Runner:
    """The training of the modern recipe at 64 pixels, in bfloat16, on the device.

    Args:
        folder: Has FER-2013 and FERPlus, and takes what the run writes.
        batch: Names the run.
        sizes: Has the channels of the network.
        **settings: Further ones, with two underscores in the place of a dot.
    """
    options = {f"{split}_dataloader.dataset.data_root": folder for split in ("train", "val", "test")}
    channels = sizes.channels
    options |= {"train_dataloader.batch_size": 8, "train_dataloader.num_workers": 0, "on_device": True,
                "val_dataloader.num_workers": 0, "model.data_preprocessor.augment.early_sizes": [],
                "model.backbone.channels": list(channels), "model.neck.in_channels": list(channels),
                "model.head.in_channels": sum(channels[:3]) // 3 + channels[3],
                "optim_wrapper.type": "lanmsff_plugins.BFloat16OptimWrapper", "log_level": "ERROR",
                **{key.replace("__", "."): value for key, value in settings.items()}}
    cfg = load_config("lanmsff_ferplus_modern", str(Path(folder, f"batch_{batch}")), options)
    cfg.experiment_name = f"gpu_check_{next(_NUMBERS)}"
    init_default_scope("mmpretrain")
    return build_runner(cfg, "train", "val")


_NUMBERS = itertools.count()


def _step_on_meta(folder: str, batch: int, sizes: Sizes) -> Callable[[], object]:
    """A step with shapes and no values: what is left is the processor's part. There is no autocast for it."""
    runner = make_runner(folder, batch, sizes, optim_wrapper__type="OptimWrapper")
    split = runner.train_loop.split
    runner.model.to("meta")
    split.pixels, split.targets = split.pixels.to("meta"), split.targets.to("meta")
    return partial(trained(runner).step, torch.arange(batch))


def trained(runner: Runner) -> DeviceTrainLoop:
    """The loop of a runner, after a first step, in which the optimizer makes its states."""
    loop = runner.train_loop
    runner.optim_wrapper = runner.build_optim_wrapper(runner.optim_wrapper)
    runner.model.train()
    loop.step(torch.arange(2))
    return loop


def _step_of_objects(runner: Runner, batch: int) -> Callable[[], object]:
    """A step of MMEngine's own loop whose batch has been loaded."""
    dataset = DATASETS.build(copy.deepcopy(runner.cfg.train_dataloader.dataset))
    records = [dataset[i % len(dataset)] for i in range(batch)]

    def step() -> object:
        data = {"inputs": torch.stack([record["inputs"] for record in records]),
                "data_samples": [record["data_samples"].clone() for record in records]}
        return runner.model.train_step(data, runner.optim_wrapper)
    return step


def _kernels(call: Callable[[], object]) -> int:
    """How many kernels a call starts on a GPU."""
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CUDA]) as profiler:
        call()
        torch.cuda.synchronize()
    return sum(event.device_type == torch.autograd.DeviceType.CUDA for event in profiler.events())


def _compiled(module: nn.Module, device: str) -> Callable[..., Tensor]:
    return torch.compile(module, backend="inductor" if device == "cuda" else "eager", dynamic=False)


def _inference(device: str, sizes: Sizes) -> Iterator[Figure]:
    model = LANMSFF(channels=sizes.channels).eval().fuse()
    model = model.to(device, torch.bfloat16, memory_format=torch.channels_last)
    for batch in sizes.images:
        images = torch.rand(batch, 1, 64, 64, device=device, dtype=torch.bfloat16)
        images = images.contiguous(memory_format=torch.channels_last)
        for name, forward in (("eager", model), ("compiled", _compiled(model, device))):
            def call(forward: Callable[..., Tensor] = forward, images: Tensor = images) -> Tensor:
                with torch.inference_mode():
                    return forward(images)
            yield Figure(f"inference, bfloat16, batch {batch:,}, {name}", _milliseconds(call, sizes), "ms")


def _layers(device: str, sizes: Sizes) -> Iterator[Figure]:
    """In bfloat16, channels last, by kernels of our own and by PyTorch's, with CBAM and a copy to compare with."""
    for shape in sizes.maps:
        channels = shape[1]
        x = torch.rand(shape, device=device, dtype=torch.bfloat16).contiguous(memory_format=torch.channels_last)
        where = "x".join(map(str, shape))
        yield Figure(f"a copy, {where}", _milliseconds(x.clone, sizes), "ms")
        layers = {"CBAM": (CbamModule(channels), True), "MassAtt": (MassAtt(channels), True),
                  "MassAtt by PyTorch": (MassAtt(channels), False)}
        if channels % 3 == 0:
            layers |= {"PWFS": (PWFS(channels), True), "PWFS by PyTorch": (PWFS(channels), False)}
        found: dict[tuple[str, str, str], float] = {}
        for name, (layer, fused) in layers.items():
            set_fused(fused)
            layer = layer.to(device, torch.bfloat16, memory_format=torch.channels_last)
            for form, what, call in _calls(layer, x, device):
                found[name, form, what] = _milliseconds(call, sizes)
                yield Figure(f"{name}, {where}, {form}, {what}", found[name, form, what], "ms")
                if device == "cuda":
                    yield Figure(f"{name}, {where}, {form}, {what}, kernels", _kernels(call), "kernels")
            set_fused(True)
        for (name, form, what), duration in found.items():
            if name == "MassAtt":
                ratio = duration / found["CBAM", form, what]
                yield Figure(f"MassAtt against CBAM, {where}, {form}, {what}", ratio, "times")


def _calls(layer: nn.Module, x: Tensor, device: str) -> Iterator[tuple[str, str, Callable[[], object]]]:
    """A layer eager and compiled, forward alone and with its gradients."""
    for form, forward in (("eager", layer), ("compiled", _compiled(layer, device))):
        def call(forward: Callable[..., Tensor] = forward) -> None:
            with torch.no_grad():
                forward(x)

        def both(forward: Callable[..., Tensor] = forward) -> None:
            out = forward(x.detach().requires_grad_())
            out.backward(torch.ones_like(out))

        yield form, "forward", call
        yield form, "forward and backward", both
