"""Write the tables of the docs that follow from catalogs: the layers, and the data sets.

    python docs/tables.py

tests/docs/test_pages.py compares them with the catalogs.
"""
from pathlib import Path

from lanmsff_plugins.base.tables import markdown, replace_section
from lanmsff_plugins.data.catalog import DATASETS
from lanmsff_plugins.layers.catalog import KINDS, LAYERS

DOCS = Path(__file__).resolve().parent


def kinds() -> str:
    """What each kind of layer takes and returns."""
    return markdown(["kind", "shape and arguments"], [[f"`{kind}`", meaning] for kind, meaning in KINDS.items()])


def layers() -> str:
    """Every layer of the package."""
    return markdown(["layer", "kind", "what it does", "needs", "paper"], [
        [f"`{layer.name}`", f"`{layer.kind}`", layer.summary, layer.needs or "any channels",
         f"[arXiv:{layer.paper}](https://arxiv.org/abs/{layer.paper})" if layer.paper else ""]
        for layer in LAYERS.values()])


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
    ("data.md", "data sets"): data_sets,
}


def main() -> None:
    for (page, marker), table in TABLES.items():
        replace_section(DOCS / page, marker, table())


if __name__ == "__main__":
    main()
