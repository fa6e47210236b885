"""The docs' tables of parameters, FLOPs and speed, and their plot: all measured at once."""
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from .. import weights
from ..base.tables import markdown, replace_section
from ..measure.flops import count
from ..measure.speed import OWN_LAYOUT, Row, Setup, measure_rows
from ..models import VARIANTS, build
from .plots import plot_growth

__all__ = ["cost_table", "speed_table", "write_performance"]

_FORMS = (
    Setup(form="eager", memory_format="contiguous"), Setup(form="eager"), Setup(form="fused"),
    Setup(form="compiled"), Setup(form="onnxruntime", memory_format="contiguous"),
    Setup(form="openvino", memory_format="contiguous"))
_SPEED = (
    *(replace(setup, batch=batch) for batch in (1, 32) for setup in _FORMS),
    *(replace(setup, batch=32) for setup in (
        Setup(form="fused", dtype="bfloat16"), Setup(form="compiled", dtype="bfloat16"),
        Setup(form="onnxruntime", dtype="int8", memory_format="contiguous"))),
    *(Setup(form="openvino", dtype=dtype, batch=batch, memory_format="contiguous")
      for dtype in ("bfloat16", "int8") for batch in (1, 32)),
    *(Setup(mode="training", form=form, dtype=dtype, batch=32)
      for form, dtype in (("eager", "float32"), ("eager", "bfloat16"), ("compiled", "bfloat16"))))
_GROWTH = {
    "batches of 1 to 64 faces of 64x64": tuple(Setup(form="fused", batch=2 ** i) for i in range(7)),
    "one image of 32 to 512 pixels a side": tuple(Setup(form="fused", shape=(1, 2 ** i, 2 ** i)) for i in range(5, 10))}
_PARTS = (*(f"blocks.{i}" for i in range(4)), "fusion", "head")


def cost_table() -> str:
    """Parameters and work of the variants, and of the parts of the paper's."""
    rows = []
    for name in sorted(VARIANTS, key=lambda name: VARIANTS[name].channels):
        cost = count(build(name), (1, 64, 64))
        parts = [part for part in cost.modules if part.name in _PARTS] if name == "lanmsff" else []
        rows += [[label, f"{each.parameters:,}", f"{each.macs:,}", f"{each.flops:,}"]
                 for label, each in [(f"`{name}`", cost), *((f"&emsp;{part.name}", part) for part in parts)]]
    return markdown(["network, 64x64, 8 classes", "parameters", "MACs", "FLOPs"], rows)


def speed_table(rows: list[Row]) -> str:
    """One line for each row that was measured."""
    return markdown(["", "form", "type", "layout", "batch", "ms", "images/s", "share", "difference"], [
        [row.setup.mode, row.setup.form, row.setup.dtype,
         "its own" if row.setup.form in OWN_LAYOUT else row.setup.memory_format.replace("_", " "), row.setup.batch,
         f"{row.latency * 1e3:.1f} ({row.latency_low * 1e3:.1f} to {row.latency_high * 1e3:.1f})",
         f"{row.images_per_second:.0f}", f"**{row.share:.2f}**",
         "" if row.difference is None else f"{row.difference:.0e}"] for row in rows])


def write_performance(docs: Path, faces: Tensor, progress: Callable[[Row], None]) -> None:
    """Measure, and write the tables of ``performance.md`` and the plot.

    The table of speed is that of processors like this one: with AVX-512, or without, where bfloat16 is left out, since
    they have it not.

    Args:
        docs: The folder of the docs.
        faces: Faces to measure with, as for ``measure_rows``.
        progress: Called with each row as it comes.
    """
    threads, page = torch.get_num_threads(), docs / "performance.md"
    model = weights.load("lanmsff_ferplus")

    def measured(wanted: tuple[Setup, ...]) -> list[Row]:
        rows = []
        for row in measure_rows(model, [replace(setup, threads=threads) for setup in wanted], faces):
            progress(row)
            rows.append(row)
        return rows

    replace_section(page, "cost", cost_table())
    wide = torch.backends.cpu.get_cpu_capability() == "AVX512"
    rows = measured(tuple(setup for setup in _SPEED if wide or setup.dtype != "bfloat16"))
    rates = sorted(row.rate / 1e9 for row in rows)
    replace_section(page, "speed with AVX-512" if wide else "speed without AVX-512", speed_table(rows) + (
        f"\n\nMeasured with {threads} threads; the machine's own rate was {rates[0]:.0f} to {rates[-1]:.0f} GFLOP/s."))
    plot_growth({name: measured(wanted) for name, wanted in _GROWTH.items()}, docs / "growth.svg")
