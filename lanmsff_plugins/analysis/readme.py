"""The README's tables of parameters, FLOPs and speed, and their plot: all measured at once."""
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import timm
import torch
from safetensors.torch import load_file

from ..lanmsff import LANMSFF
from ..weights import weights_file
from .flops import count
from .plots import plot_growth
from .speed import Row, Setup, measure_rows
from .tables import markdown, replace_section

__all__ = ["cost_table", "speed_table", "write_readme"]

_FORMS = (
    Setup(form="eager", memory_format="contiguous"), Setup(form="eager"), Setup(form="fused"),
    Setup(form="compiled"), Setup(form="onnxruntime", memory_format="contiguous"))
_SPEED = (
    *(replace(setup, batch=batch) for batch in (1, 32) for setup in _FORMS),
    *(replace(setup, batch=32) for setup in (
        Setup(form="fused", dtype="bfloat16"), Setup(form="compiled", dtype="bfloat16"),
        Setup(form="onnxruntime", dtype="int8", memory_format="contiguous"))),
    *(Setup(mode="training", form=form, dtype=dtype, batch=32)
      for form, dtype in (("eager", "float32"), ("eager", "bfloat16"), ("compiled", "bfloat16"))))
_GROWTH = {
    "batches of 1 to 64 faces of 64x64": tuple(Setup(form="fused", batch=2 ** i) for i in range(7)),
    "one image of 32 to 512 pixels a side": tuple(Setup(form="fused", shape=(1, 2 ** i, 2 ** i)) for i in range(5, 10))}
_PARTS = (*(f"blocks.{i}" for i in range(4)), "fusion", "head")
_PLOT = Path("docs", "growth.svg")


def cost_table() -> str:
    """Parameters and work of the three networks that timm knows, and of the parts of the paper's."""
    import timm_registry  # noqa: F401  (at the top it would import us in a circle)

    rows = []
    for name in ("lanmsff_small", "lanmsff", "lanmsff_large"):
        cost = count(timm.create_model(name), (1, 64, 64))
        parts = [part for part in cost.modules if part.name in _PARTS] if name == "lanmsff" else []
        rows += [[label, f"{each.parameters:,}", f"{each.macs:,}", f"{each.flops:,}"]
                 for label, each in [(f"`{name}`", cost), *((f"&emsp;{part.name}", part) for part in parts)]]
    return markdown(["network, 64x64, 8 classes", "parameters", "MACs", "FLOPs"], rows)


def speed_table(rows: list[Row]) -> str:
    """One line for each row that was measured."""
    return markdown(["", "form", "type", "layout", "batch", "ms", "images/s", "share", "difference"], [
        [row.setup.mode, row.setup.form, row.setup.dtype,
         "its own" if row.setup.form == "onnxruntime" else row.setup.memory_format.replace("_", " "), row.setup.batch,
         f"{row.latency * 1e3:.1f} ({row.latency_low * 1e3:.1f} to {row.latency_high * 1e3:.1f})",
         f"{row.images_per_second:.0f}", f"**{row.share:.2f}**",
         "" if row.difference is None else f"{row.difference:.0e}"] for row in rows])


def write_readme(root: Path, progress: Callable[[Row], None]) -> None:
    """Measure, and write the tables of ``root / "README.md"`` and the plot.

    Args:
        root: The folder of the README.
        progress: Called with each row as it comes.
    """
    threads = torch.get_num_threads()
    model = LANMSFF()
    model.load_state_dict(load_file(weights_file("lanmsff_ferplus")))

    def measured(wanted: tuple[Setup, ...]) -> list[Row]:
        rows = []
        for row in measure_rows(model, [replace(setup, threads=threads) for setup in wanted]):
            progress(row)
            rows.append(row)
        return rows

    replace_section(root / "README.md", "cost", cost_table())
    rows = measured(_SPEED)
    rates = sorted(row.rate / 1e9 for row in rows)
    replace_section(root / "README.md", "speed", speed_table(rows) + (
        f"\n\nMeasured with {threads} threads; the machine's own rate was {rates[0]:.0f} to {rates[-1]:.0f} GFLOP/s."))
    plot_growth({name: measured(wanted) for name, wanted in _GROWTH.items()}, root / _PLOT)
