"""Does a layer help on your data? Train a CNN with and without it, in pairs, and compare.

    lanmsff compare --host resnet18 --layers none MassAtt SAFM se cbam eca --data FOLDER --seeds 3 --budget 30m
    lanmsff compare --host lanmsff --layers none MassAtt se --data ferplus --data-root data/fer2013

FOLDER has a folder of pictures for each class, or train/ and val/ with such folders. All networks start from the same
weights, as far as they have the same, and see the same batches in the same order. Rerun the command to resume it, or to
add layers or seeds.
"""
import argparse
import math
import sys
import time
from pathlib import Path

import timm

import timm_registry  # noqa: F401  (LANMSFF is a host as well)

from ..base.errors import ConfigError
from ..base.locks import folder_lock
from ..base.tables import aligned
from ..comparison.budget import epochs_within, parse_duration, show_duration, time_of
from ..comparison.costs import measure_costs
from ..comparison.report import make_report
from ..comparison.runs import Comparison, Result, folder_of, make_plan
from ..data.catalog import DATASETS
from ..data.image_folders import find_images
from ..hosts.table import HOSTS
from ..hosts.variants import NONE, OWN, find_layer

__all__ = ["add_arguments", "run"]

SIDE = 128  # pixels, of hosts that take any size and are made for larger pictures


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", default="resnet18", help="a CNN of timm, or lanmsff (default: resnet18)")
    parser.add_argument("--layers", nargs="+", required=True, metavar="LAYER",
                        help="none; own, the host as it comes; a layer of this package, such as MassAtt; one of "
                             "timm's, such as se, cbam or eca; or module:Class")
    parser.add_argument("--data", required=True, help=f"a folder of pictures, or {', '.join(DATASETS)}")
    parser.add_argument("--data-root", default="", help="the folder of ferplus and the like")
    parser.add_argument("--seeds", type=int, default=3, help="trainings of each (default: 3)")
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--budget", default="30m", help="time for everything, such as 45m or 2h (default: 30m)")
    length.add_argument("--epochs", type=int, help="epochs of each training, however long they take")
    parser.add_argument("--size", type=int, help="side of the images in pixels (default: 128, or the host's own)")
    parser.add_argument("--batch-size", type=int, default=32, help="pictures in a batch (default: 32)")
    parser.add_argument("--after", default="", metavar="PATTERN",
                        help="insert the layers behind the host's modules of these names, such as 'layer?'")
    parser.add_argument("--no-mirror", action="store_true",
                        help="do not mirror pictures in training, as for letters and digits")
    parser.add_argument("--amp", action="store_true", help="mixed precision, on GPU (float16) and CPU (bfloat16)")
    parser.add_argument("--work-dir", type=Path, help="where results go (default: work_dirs/compare/HOST_DATA)")


def run(args: argparse.Namespace) -> None:
    start, budget = time.monotonic(), parse_duration(args.budget)
    layers = _layers(args)
    images = None if args.data in DATASETS else find_images(args.data)
    shape = _shape(args.host, args.size, grey=images is None)
    classes = DATASETS[args.data].classes if images is None else images.classes
    costs = measure_costs(args.host, layers, shape, len(classes), args.after, args.batch_size, args.amp)
    if images is not None and images.left_out:
        _say(f"left out, since their names are not those of pictures: {len(images.left_out):,}, such as "
             f"{images.left_out[0]}")
    work_dir = args.work_dir or Path("work_dirs", "compare", f"{args.host}_{Path(args.data).resolve().name}")
    with folder_lock(work_dir, "a comparison"):
        data = args.data if images is None else str(images.root.resolve())
        comparison = Comparison(make_plan(
            data, args.data_root, shape, work_dir, host=args.host, batch=args.batch_size, after=args.after,
            mirror=not args.no_mirror, amp=args.amp, epochs=args.epochs or 0), work_dir)
        if args.epochs or not comparison.plan.epochs:
            comparison.settle(args.epochs or _epochs(comparison, layers, args.seeds, start, budget))
        results = _train_all(comparison, layers, args.seeds, start + (math.inf if args.epochs else budget))
        report = make_report(comparison.plan, results, costs)
        files = report.write(work_dir)
    print(report.text(aligned))
    print(f"{', '.join(map(str, files))}; {show_duration(time.monotonic() - start)} in all")


def _layers(args: argparse.Namespace) -> list[str]:
    """The layers, each once, the host without one first."""
    for name, least in (("seeds", 1), ("batch_size", 2), ("epochs", 1), ("size", 1)):
        value = getattr(args, name)
        if value is not None and value < least:
            raise ConfigError(f"--{name.replace('_', '-')} must be {least} or more, got {value}")
    if args.data in DATASETS and not args.data_root:
        raise ConfigError(f"--data {args.data} needs --data-root, the folder of that data set")
    layers = list(dict.fromkeys([NONE, *args.layers]))
    for layer in set(layers) - {NONE, OWN}:
        find_layer(layer)
    folders = [folder_of(layer) for layer in layers]
    if len(set(folders)) < len(folders) or "timing" in folders:
        raise ConfigError(f"--layers needs names that differ in letters and digits, got {' '.join(args.layers)}")
    if len(layers) == 1:
        raise ConfigError("--layers needs a layer to compare, such as MassAtt or se")
    return layers


def _shape(host: str, size: int | None, grey: bool) -> tuple[int, int, int]:
    """(C, H, W) of the images: grey where the host or the pictures are, of the host's own size if it has one."""
    config = (timm.get_pretrained_cfg(host) if timm.is_model(host) else None) or timm.models.PretrainedCfg()
    own = next((each for each in HOSTS if each.name == host), None)
    channels, side = config.input_size[:2]
    fixed = config.fixed_input_size or own is not None and own.own_size
    if fixed and size not in (None, side):
        raise ConfigError(f"{host} takes images of {side} pixels only, got --size {size}")
    side = side if fixed else size or min(side, SIDE)
    return (1 if grey else channels, side, side)


def _epochs(comparison: Comparison, layers: list[str], seeds: int, start: float, budget: float) -> int:
    timings = []
    for layer in layers:
        _say(f"timing {layer}")
        timings.append(comparison.time(layer))
    epochs = epochs_within(start + budget - time.monotonic(), timings, seeds)
    _say(f"{epochs} epochs for each of {len(layers) * seeds} trainings, about "
         f"{show_duration(time_of(epochs, timings, seeds))}")
    return epochs


def _train_all(comparison: Comparison, layers: list[str], seeds: int, end: float) -> dict[str, list[Result]]:
    """Seed by seed, so that whole pairs are there when the time is over; the first seed is trained in any case."""
    results: dict[str, list[Result]] = {layer: [] for layer in layers}
    longest = 0.  # seconds that a seed has taken
    for seed in range(seeds):
        start = time.monotonic()
        new = [layer for layer in layers if not comparison.is_done(layer, seed)]
        if new and seed and start + longest > end:
            _say(f"the budget allows for {seed} of {seeds} seeds; rerun the command to train the others")
            break
        for layer in layers:
            if layer in new:
                _say(f"training {layer}, seed {seed}")
            results[layer].append(comparison.train(layer, seed))
        longest = max(longest, time.monotonic() - start)
    return results


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
