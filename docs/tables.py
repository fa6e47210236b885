"""Write the tables of the docs that follow from catalogs: the layers, what they cost, and the data sets.

    python docs/tables.py

tests/docs/test_pages.py compares them with the catalogs.
"""
from pathlib import Path

from torch import Tensor, nn

from lanmsff_plugins.base.tables import markdown, replace_section
from lanmsff_plugins.data.catalog import DATASETS
from lanmsff_plugins.layers.catalog import KINDS, LAYERS, Layer
from lanmsff_plugins.measure.flops import count

DOCS = Path(__file__).resolve().parent
SLOTS = ((72, 32), (84, 8))  # channels and side of LANMSFF's places for attention, for faces of 64 pixels


def kinds() -> str:
    """What each kind of layer takes and returns."""
    return markdown(["kind", "shape and arguments"], [[f"`{kind}`", meaning] for kind, meaning in KINDS.items()])


def layers() -> str:
    """Every layer of the package."""
    return markdown(["layer", "kind", "what it does", "needs", "paper"], [
        [f"`{layer.name}`", f"`{layer.kind}`", layer.summary, layer.needs or "any channels",
         f"[arXiv:{layer.paper}](https://arxiv.org/abs/{layer.paper})" if layer.paper else ""]
        for layer in LAYERS.values()])


class OneMap(nn.Module):
    """A layer of several maps, given one in the place of all."""

    def __init__(self, row: Layer, channels: int):
        super().__init__()
        self.row = row
        self.layer = row.build(channels)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        return self.row.call(self.layer, [x] * self.row.inputs)


def layer_costs() -> str:
    """Parameters and multiply-accumulates of each layer at the size of LANMSFF's places for attention."""
    rows = []
    for row in LAYERS.values():
        if row.kind in ("attention", "multi-input"):
            costs = [count(OneMap(row, channels), (channels, side, side)) for channels, side in SLOTS]
            rows.append([f"`{row.name}`", *(value for cost in costs for value in (
                f"{cost.parameters:,}", f"{cost.macs / 1e6:.2f} M"))])
    return markdown(["layer", *(f"{what}, {channels} channels at {side}x{side}" for channels, side in SLOTS
                                for what in ("parameters", "MACs"))], rows)


def data_sets() -> str:
    """Every data set of the package."""
    header = ["data set", "type in configs", "classes, in the order of the labels", "train, val, test", "source"]
    return markdown(header, [
        [row.title, f"`lanmsff_plugins.{row.type}`", ", ".join(row.classes),
         ", ".join(row.splits[split] for split in ("train", "val", "test")), f"<{row.source}>"]
        for row in DATASETS.values()])


TABLES = {  # (page, marker): what makes the table
    ("layers.md", "layer kinds"): kinds,
    ("layers.md", "layers"): layers,
    ("related.md", "layer costs"): layer_costs,
    ("data.md", "data sets"): data_sets,
}


def main() -> None:
    for (page, marker), table in TABLES.items():
        replace_section(DOCS / page, marker, table())


if __name__ == "__main__":
    main()
