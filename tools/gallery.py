"""Measure what the layers cost in other networks, and write the tables of docs/layers.md. Needs a checkout.

    python tools/gallery.py              print the tables
    python tools/gallery.py --write      and put them into docs/layers.md

Parameters and multiply-accumulates are counted; times are ratios of medians of pairs in one run. Leave the
machine alone meanwhile.
"""
import argparse
from functools import partial
from pathlib import Path

import timm
import torch
from timm.layers import get_attn
from torch import nn

from lanmsff_plugins import MassAtt, pwfs
from lanmsff_plugins.base.memory import keep_freed_memory
from lanmsff_plugins.base.tables import markdown, replace_section
from lanmsff_plugins.hosts.surgery import insert_after
from lanmsff_plugins.hosts.table import HOSTS
from lanmsff_plugins.layers import catalog
from lanmsff_plugins.measure.flops import count
from lanmsff_plugins.measure.timing import compare

SIDE = 128
RESNETS = ("resnet18", "resnet50")
PAGE = Path(__file__).resolve().parent.parent / "docs" / "layers.md"
LAYERS = {
    **{layer.name: layer.build for layer in catalog.LAYERS.values() if layer.kind == "attention"},
    "SE": get_attn("se"), "CBAM": get_attn("cbam"), "ECA": get_attn("eca"),
    "GE": partial(get_attn("ge"), use_mlp=False),  # with its MLP timm 1.0.31 cannot build it
    "GC": get_attn("gc")}


def forward(model: nn.Module, images: torch.Tensor):
    model.eval()

    def call() -> None:
        with torch.inference_mode():
            model(images)
    return call


def forward_backward(model: nn.Module, images: torch.Tensor):
    model.train()

    def call() -> None:
        model.zero_grad()
        model(images).sum().backward()
    return call


def hosts_table() -> str:
    rows = []
    for host in HOSTS:
        bare, model = host.build(), host.build(MassAtt)
        shape = host.image_shape(SIDE)
        before, after = count(bare, shape), count(model, shape)
        images = torch.rand(1, *shape)
        ratio = compare(forward(model, images), forward(bare, images))
        rows.append([host.name, host.door, sum(isinstance(m, MassAtt) for m in model.modules()),
                     f"{(after.parameters - before.parameters) / before.parameters:+.1%}",
                     f"{(after.macs - before.macs) / before.macs:+.1%}", ratio])
        print(host.name, ratio, flush=True)
    return markdown(["host", "door", "layers", "parameters", "MACs", "latency"], rows)


def resnet(name: str, layer) -> nn.Module:
    """A ResNet with the layer where its attention slot is: behind the last norm of every block.

    By surgery for all, since not all of timm's own layers take the slot's arguments.
    """
    model = timm.create_model(name)
    insert_after(model, "layer*.*.bn2" if name == "resnet18" else "layer*.*.bn3", layer)
    return model


def layers_table() -> str:
    rows = []
    images = torch.rand(8, 3, SIDE, SIDE)
    bare = timm.create_model("resnet18")
    cost = count(bare, (3, SIDE, SIDE))
    for name, layer in LAYERS.items():
        model = resnet("resnet18", layer)
        with_layer = count(model, (3, SIDE, SIDE))
        rows.append([
            name, f"{with_layer.parameters - cost.parameters:,}", f"{(with_layer.macs - cost.macs) / 1e6:.2f} M",
            compare(forward(model, images), forward(bare, images)),
            compare(forward_backward(model, images), forward_backward(bare, images))])
        print(name, rows[-1][-2], rows[-1][-1], flush=True)
    return markdown(["layer", "parameters", "MACs", "forward", "forward and backward"], rows)


class OneMap(nn.Module):
    """A layer of the catalog that is given one map in the place of all; it returns one."""

    def __init__(self, row: catalog.Layer, channels: int):
        super().__init__()
        self.row = row
        self.layer = row.build(channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.cat(self.row.call(self.layer, [x] * self.row.inputs))


def costs_table() -> str:
    """Every layer that keeps the shape of its maps, as a multiple of MassAtt: its MACs and its times."""
    channels, side, batch = 72, 32, 32  # LANMSFF's first place for attention
    mass_att = OneMap(catalog.LAYERS["MassAtt"], channels)
    macs = count(mass_att, (channels, side, side)).macs
    images = torch.rand(batch, channels, side, side)
    rows = []
    for row in catalog.LAYERS.values():
        if row.kind in ("attention", "multi-input"):
            torch.compiler.reset()  # all share OneMap.forward, which is compiled for eight layers and then no more
            layer = OneMap(row, channels)
            times = [compare(call(make(layer), images), call(make(mass_att), images))
                     for make in (lambda module: module, torch.compile) for call in (forward, forward_backward)]
            rows.append([row.name, f"{count(layer, (channels, side, side)).macs / macs:.1f}", *times])
            print(row.name, *times, flush=True)
    return markdown(["layer", "MACs", "forward", "forward and backward", "forward, compiled",
                     "forward and backward, compiled"], rows)


def pairs_table() -> str:
    def thirds(x: torch.Tensor) -> torch.Tensor:
        return x.unflatten(1, (3, -1)).mean(1)

    rows = []
    with torch.inference_mode():
        for shape in ((32, 66, 32, 32), (32, 72, 16, 16), (8, 384, 28, 28)):
            for layout in (torch.contiguous_format, torch.channels_last):
                x = torch.rand(shape).contiguous(memory_format=layout)
                compiled, compiled_thirds = torch.compile(pwfs), torch.compile(thirds)
                rows.append(["PWFS", "mean of the three groups",
                             "x".join(map(str, shape)) + ", channels last" * (layout == torch.channels_last),
                             compare(partial(pwfs, x), partial(thirds, x)),
                             compare(partial(compiled, x), partial(compiled_thirds, x))])
        for shape in ((8, 64, 32, 32), (8, 256, 32, 32), (8, 512, 4, 4)):
            x = torch.rand(shape)
            mass_att, cbam = MassAtt(shape[1]).eval(), LAYERS["CBAM"](shape[1]).eval()
            rows.append(["MassAtt", "CBAM", "x".join(map(str, shape)), compare(partial(mass_att, x), partial(cbam, x)),
                         compare(partial(torch.compile(mass_att), x), partial(torch.compile(cbam), x))])
    return markdown(["layer", "as a multiple of", "input", "eager", "compiled"], rows)


def resnets_table() -> str:
    rows = []
    images = torch.rand(8, 3, SIDE, SIDE)
    for name in RESNETS:
        mass_att, cbam = resnet(name, MassAtt), resnet(name, LAYERS["CBAM"])
        rows.append([name, compare(forward(mass_att, images), forward(cbam, images)),
                     compare(forward_backward(mass_att, images), forward_backward(cbam, images))])
    return markdown(["with MassAtt, as a multiple of the same with CBAM", "forward", "forward and backward"], rows)


TABLES = {"costs": costs_table, "pairs": pairs_table, "resnets": resnets_table, "layers": layers_table,
          "hosts": hosts_table}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="put the tables into docs/layers.md")
    parser.add_argument("--only", choices=TABLES, help="measure one table")
    args = parser.parse_args()
    keep_freed_memory()
    torch.manual_seed(0)
    for name in TABLES if args.only is None else [args.only]:
        text = TABLES[name]()
        print(text, flush=True)
        if args.write:
            replace_section(PAGE, f"gallery {name}", text)


if __name__ == "__main__":
    main()
