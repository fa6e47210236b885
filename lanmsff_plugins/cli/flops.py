"""Count parameters, multiply-accumulates (MACs) and floating-point operations (FLOPs) of a model, by fvcore.

    lanmsff flops lanmsff
    lanmsff flops lanmsff_ferplus.py --table
    lanmsff flops resnet18 --shape 3 128 128 --json
    lanmsff flops "lanmsff_plugins:MassAtt(72)" --compare "timm.layers:SEModule(72)" --shape 72 16 16
"""
import argparse
import json
from collections.abc import Callable
from dataclasses import asdict

from ..base.tables import aligned, markdown
from ..measure.flops import Cost, count
from .models import MODEL_HELP, add_shape_argument, build_and_try

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", help=MODEL_HELP)
    add_shape_argument(parser)
    parser.add_argument("--compare", nargs="+", default=[], metavar="MODEL", help="put these beside it in one table")
    parser.add_argument("--depth", type=int, default=3, help="how far down the tree of modules is shown (default: 3)")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--table", action="store_true", help="print Markdown")
    form.add_argument("--json", action="store_true", help="print JSON, with all modules")


def run(args: argparse.Namespace) -> None:
    if args.depth < 1:
        raise ValueError(f"--depth expects 1 or more, got {args.depth}")
    costs = {name: count(*build_and_try(name, args.shape)[:2]) for name in (args.model, *args.compare)}
    table = markdown if args.table else aligned
    if args.json:
        print(json.dumps({name: asdict(cost) for name, cost in costs.items()}, indent=2))
    elif args.compare:
        print(side_by_side(costs, table))
    else:
        print(summary(args.model, costs[args.model]), tree(costs[args.model], args.depth, table), sep="\n\n")


def listed(counts: dict[str, int]) -> str:
    """Operators and their numbers, the largest first."""
    return ", ".join(f"{name} {n:,}" for name, n in sorted(counts.items(), key=lambda item: -item[1])) or "none"


def summary(name: str, cost: Cost) -> str:
    """What a model costs altogether."""
    norms = sum(n for operator, n in cost.flops_by_operator.items() if operator.endswith("_norm"))
    return "\n".join([
        f"{name}, input {' x '.join(map(str, cost.input_shape))}", "",
        aligned(["what", "number", "made of"], [
            ["parameters", f"{cost.parameters:,}", "trainable values"],
            ["MACs", f"{cost.macs:,}", listed(cost.macs_by_operator)],
            ["FLOPs", f"{cost.flops:,}", f"2 x MACs, {listed(cost.flops_by_operator)}"],
            ["MACs and norms", f"{cost.macs + norms:,}", "fvcore's own sum, which it calls FLOPs"],
            ["uncounted", f"{sum(cost.uncounted.values())}", listed(cost.uncounted)]])])


def tree(cost: Cost, depth: int, table: Callable[..., str]) -> str:
    """What its modules cost."""
    indent = "&emsp;" if table is markdown else "  "
    rows = [[indent * part.name.count(".") + part.name.rpartition(".")[2], part.type,
             f"{part.parameters:,}", f"{part.macs:,}", f"{part.flops:,}"]
            for part in cost.modules if part.name and part.name.count(".") < depth and (part.parameters or part.flops)]
    return table(["module", "type", "parameters", "MACs", "FLOPs"], rows)


def side_by_side(costs: dict[str, Cost], table: Callable[..., str]) -> str:
    """Several models, a row each."""
    rows = [[name, "x".join(map(str, cost.input_shape[1:])), f"{cost.parameters:,}", f"{cost.macs:,}",
             f"{cost.flops:,}", listed(cost.uncounted)] for name, cost in costs.items()]
    return table(["model", "input", "parameters", "MACs", "FLOPs", "uncounted"], rows)
