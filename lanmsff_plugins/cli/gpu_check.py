"""What training, inference and the layers cost on one GPU: ``lanmsff benchmark --gpu-check``.

Without a GPU everything is run once in small sizes, so that the command is known to work before a GPU is paid for.
"""
import copy
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
from timm.layers.cbam import CbamModule
from timm.optim import Muon as TimmMuon
from torch import Tensor, nn

from ..base.files import write_atomically
from ..base.tables import aligned
from ..data.synthetic.writers import write_fer2013
from ..layers import PWFS, MassAtt
from ..measure.dispatch import count_operators
from ..measure.timing import measure
from ..mm.engine.device_loop import DeviceTrainLoop
from ..mm.engine.launch import build_runner, load_config
from ..mm.engine.muon import Muon
from ..models import LANMSFF
from ..models.lanmsff import CHANNELS

__all__ = ["Figure", "gpu_check", "measured"]

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
    """The modern recipe at 64 pixels in bfloat16: by indices as ``on_device`` does, and from objects for samples."""
    with tempfile.TemporaryDirectory() as folder:
        write_fer2013(Path(folder), faces=400)
        for batch in sizes.batches:
            loop, objects = _trainer(Path(folder), batch, sizes.channels)
            indices = torch.arange(batch) % len(loop.split.pixels)
            what = f"training, 64 pixels, batch {batch:,}"
            step = partial(loop.step, indices)
            yield Figure(f"{what}, operators", sum(count_operators(step).values()), "operators")
            if device == "cuda":
                yield Figure(f"{what}, kernels", _kernels(step), "kernels")
            for name, call in (("as objects", objects), ("on the device", step)):
                images = batch / _milliseconds(call, sizes) * 1e3
                yield Figure(f"{what}, {name}", images, "images/s")
            yield Figure(f"{PASSES} passes of FERPlus by that", FACES_IN_A_PASS * PASSES / images, "s")


def _trainer(folder: Path, batch: int, channels: tuple[int, ...]) -> tuple[DeviceTrainLoop, Callable[[], object]]:
    """The loop, and a step of the usual one whose batch has been loaded."""
    options = {f"{split}_dataloader.dataset.data_root": str(folder) for split in ("train", "val", "test")}
    options |= {"train_dataloader.batch_size": 8, "train_dataloader.num_workers": 0, "on_device": True,
                "val_dataloader.num_workers": 0, "model.data_preprocessor.augment.early_sizes": [],
                "model.backbone.channels": list(channels), "model.neck.in_channels": list(channels),
                "model.head.in_channels": sum(channels[:3]) // 3 + channels[3],
                "optim_wrapper.type": "lanmsff_plugins.BFloat16OptimWrapper", "log_level": "ERROR"}
    cfg = load_config("lanmsff_ferplus_modern", str(folder / f"batch_{batch}"), options)
    cfg.experiment_name = f"gpu_check_{batch}"
    init_default_scope("mmpretrain")
    dataset = DATASETS.build(copy.deepcopy(cfg.train_dataloader.dataset))
    runner = build_runner(cfg, "train", "val")
    loop = runner.train_loop
    runner.optim_wrapper = runner.build_optim_wrapper(runner.optim_wrapper)
    runner.model.train()
    loop.step(torch.arange(2))  # the optimizer makes its states
    records = [dataset[i % len(dataset)] for i in range(batch)]

    def step() -> object:
        data = {"inputs": torch.stack([record["inputs"] for record in records]),
                "data_samples": [record["data_samples"].clone() for record in records]}
        return runner.model.train_step(data, runner.optim_wrapper)
    return loop, step


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
    """In bfloat16, channels last, with CBAM and a copy to compare with."""
    for shape in sizes.maps:
        channels = shape[1]
        x = torch.rand(shape, device=device, dtype=torch.bfloat16).contiguous(memory_format=torch.channels_last)
        where = "x".join(map(str, shape))
        yield Figure(f"a copy, {where}", _milliseconds(x.clone, sizes), "ms")
        layers = {"MassAtt": MassAtt(channels), "CBAM": CbamModule(channels)}
        if channels % 3 == 0:
            layers["PWFS"] = PWFS(channels)
        for name, layer in layers.items():
            layer = layer.to(device, torch.bfloat16, memory_format=torch.channels_last)
            for form, forward in (("eager", layer), ("compiled", _compiled(layer, device))):
                def call(forward: Callable[..., Tensor] = forward, x: Tensor = x) -> None:
                    with torch.no_grad():
                        forward(x)

                def both(forward: Callable[..., Tensor] = forward, x: Tensor = x) -> None:
                    out = forward(x.detach().requires_grad_())
                    out.backward(torch.ones_like(out))

                for what, run in (("forward", call), ("forward and backward", both)):
                    yield Figure(f"{name}, {where}, {form}, {what}", _milliseconds(run, sizes), "ms")
