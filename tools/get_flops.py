"""Count parameters, multiply-accumulates (MACs) and floating-point operations (FLOPs) of a model, by fvcore.

    python tools/get_flops.py lanmsff
    python tools/get_flops.py mm_configs/lanmsff_ferplus.py --table
    python tools/get_flops.py resnet18 --shape 3 128 128 --json
    python tools/get_flops.py "lanmsff_plugins:MassAtt(72)" --compare "timm.layers:SEModule(72)" --shape 72 16 16
"""
import argparse
import json
import warnings
from dataclasses import asdict

warnings.filterwarnings("ignore", ".*torch.jit.script", FutureWarning)  # of timm's own use, at its import

from lanmsff_plugins.analysis.flops import Cost, count
from lanmsff_plugins.analysis.models import build_model, default_shape, run_once
from lanmsff_plugins.analysis.tables import aligned, markdown
from lanmsff_plugins.commands import errors_in_one_line


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", help="a timm name, a config of MMPretrain, or a factory, module:callable; the first "
                        "and the last can have arguments, as 'lanmsff(num_classes=7)'")
    parser.add_argument("--shape", nargs=3, type=int, metavar=("C", "H", "W"),
                        help="shape of one image (default: the model's own, 1 64 64 where it has none)")
    parser.add_argument("--compare", nargs="+", default=[], metavar="MODEL", help="put these beside it in one table")
    parser.add_argument("--depth", type=int, default=3, help="how far down the tree of modules is shown (default: 3)")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--table", action="store_true", help="print Markdown")
    form.add_argument("--json", action="store_true", help="print JSON, with all modules")
    return parser.parse_args()


def measure(name: str, shape: tuple[int, int, int] | None) -> Cost:
    if shape and min(shape) < 1:
        raise ValueError(f"--shape expects channels, height and width of 1 or more, got {' '.join(map(str, shape))}")
    model = build_model(name)
    shape = tuple(shape or default_shape(model))
    run_once(model, shape, name)
    return count(model, shape)


def listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {n:,}" for name, n in sorted(counts.items(), key=lambda item: -item[1])) or "none"


def summary(name: str, cost: Cost) -> str:
    norms = sum(n for operator, n in cost.flops_by_operator.items() if operator.endswith("_norm"))
    return "\n".join([
        f"{name}, input {' x '.join(map(str, cost.input_shape))}", "",
        aligned(["what", "number", "made of"], [
            ["parameters", f"{cost.parameters:,}", "trainable values"],
            ["MACs", f"{cost.macs:,}", listed(cost.macs_by_operator)],
            ["FLOPs", f"{cost.flops:,}", f"2 x MACs, {listed(cost.flops_by_operator)}"],
            ["MACs and norms", f"{cost.macs + norms:,}", "what fvcore adds up as it comes, and calls FLOPs"],
            ["uncounted", f"{sum(cost.uncounted.values())}", listed(cost.uncounted)]])])


def tree(cost: Cost, depth: int, table) -> str:
    indent = "&emsp;" if table is markdown else "  "
    rows = [[indent * part.name.count(".") + part.name.rpartition(".")[2], part.type,
             f"{part.parameters:,}", f"{part.macs:,}", f"{part.flops:,}"]
            for part in cost.modules if part.name and part.name.count(".") < depth and (part.parameters or part.flops)]
    return table(["module", "type", "parameters", "MACs", "FLOPs"], rows)


def side_by_side(costs: dict[str, Cost], table) -> str:
    rows = [[name, "x".join(map(str, cost.input_shape[1:])), f"{cost.parameters:,}", f"{cost.macs:,}",
             f"{cost.flops:,}", listed(cost.uncounted)] for name, cost in costs.items()]
    return table(["model", "input", "parameters", "MACs", "FLOPs", "uncounted"], rows)


def main() -> None:
    args = parse_args()
    with errors_in_one_line():
        costs = {name: measure(name, args.shape) for name in (args.model, *args.compare)}
    table = markdown if args.table else aligned
    if args.json:
        print(json.dumps({name: asdict(cost) for name, cost in costs.items()}, indent=2))
    elif args.compare:
        print(side_by_side(costs, table))
    else:
        print(summary(args.model, costs[args.model]), tree(costs[args.model], args.depth, table), sep="\n\n")


if __name__ == "__main__":
    main()
