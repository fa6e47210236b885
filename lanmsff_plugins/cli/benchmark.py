"""Measure how fast a model is, in inference and training, in every form that it can take.

    lanmsff benchmark lanmsff --batch 1 32 --form eager fused onnxruntime
    lanmsff benchmark lanmsff --mode training --batch 32 --dtype float32 bfloat16
    lanmsff benchmark lanmsff --vs 'resnet18(in_chans=1)'
    lanmsff benchmark lanmsff --form fused --dtype bfloat16 --batch 32 --profile
    lanmsff benchmark --read data/fer2013 --workers 0 2
    lanmsff benchmark --gpu-check --json gpu.json

The share is what the model's multiply-accumulates achieve of the rate at which the machine multiplies float32
matrices, measured beside every row with as many threads: it can be compared between machines, times cannot. The
difference is that of the outputs from the plain model's, as a share of the largest output. Leave the machine alone
meanwhile. --read measures how fast FER-2013 is read and augmented instead. --write measures what the docs show, in
about five minutes, and needs a checkout. --gpu-check measures training, inference and layers on one GPU, in less than
eight minutes; without a GPU it runs once through everything in small sizes. It needs the extra mm.
"""
import argparse
import json
import platform
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torchvision.transforms import v2

from ..base.files import write_atomically
from ..base.memory import keep_freed_memory
from ..base.tables import aligned
from ..data.datasets import FER2013Dataset, image_to_tensor
from ..data.fer2013.reader import read_fer2013
from ..data.synthetic.drawing import EXPRESSIONS, draw_face
from ..inference.preprocess import to_batch
from ..measure.profiling import operator_table
from ..measure.reading import faces_per_second, seconds_to_read
from ..measure.speed import DTYPES, FORMATS, FORMS, MODES, OWN_LAYOUT, Row, Setup, make_call, measure_rows, setups
from ..measure.timing import compare, device_clock
from ..reporting.plots import plot_growth
from ..reporting.tables import write_performance
from .models import MODEL_HELP, add_shape_argument, build_and_try

__all__ = ["add_arguments", "drawn_faces", "run"]

HEADER = ["mode", "form", "type", "layout", "threads", "batch", "image", "ms", "quartiles", "images/s", "share", "MiB",
          "difference"]
CHECKOUT = Path(__file__).resolve().parent.parent.parent


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", nargs="?", default="lanmsff", help=f"{MODEL_HELP} (default: lanmsff)")
    add_shape_argument(parser)
    parser.add_argument("--mode", nargs="+", choices=MODES, default=["inference"])
    parser.add_argument("--form", nargs="+", choices=FORMS, default=["eager", "fused", "onnxruntime"])
    parser.add_argument("--dtype", nargs="+", choices=DTYPES, default=["float32"])
    parser.add_argument("--memory-format", nargs="+", choices=FORMATS, default=["channels_last"])
    parser.add_argument("--batch", nargs="+", type=int, default=[1, 32])
    parser.add_argument("--threads", nargs="+", type=int, default=[torch.get_num_threads()],
                        help="default: as many as PyTorch takes")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--seconds", type=float, default=1., help="for each row, at least (default: 1)")
    parser.add_argument("--return-memory", action="store_true",
                        help="let the C library return what is freed to the system, as a program does that does not "
                             "call lanmsff_plugins.base.memory.keep_freed_memory()")
    parser.add_argument("--json", metavar="FILE", help="write all figures, and the machine's")
    parser.add_argument("--plot", metavar="FILE", help="draw time and memory by pixels, as .svg or .png")
    other = parser.add_mutually_exclusive_group()
    other.add_argument("--vs", metavar="MODEL", help="time the model as a multiple of this one, A B A B")
    other.add_argument("--profile", action="store_true",
                       help="tell which of PyTorch's operators take the time, instead of measuring all of it")
    other.add_argument("--read", metavar="DIR", type=Path, help="measure how fast FER-2013 in this folder is read")
    other.add_argument("--write", action="store_true", help="measure what the docs show, and write it there")
    other.add_argument("--gpu-check", action="store_true",
                       help="measure on one GPU what a step of training costs, and inference and layers")
    parser.add_argument("--workers", type=int, nargs="+", default=[0, 2],
                        help="with --read, processes that load (default: 0 2)")


def run(args: argparse.Namespace) -> None:
    if args.read is not None:
        print(reading(args.read, args.workers))
        return
    if args.gpu_check:
        from .gpu_check import gpu_check  # needs OpenMMLab

        gpu_check(args.json)
        return
    if not args.return_memory:
        keep_freed_memory()
    if args.write:
        if not (CHECKOUT / "docs").is_dir():
            raise ValueError("--write puts tables into the docs and needs a checkout of the repository")
        write_performance(CHECKOUT / "docs", drawn_faces(), lambda row: progress(cells(row)))
        return
    _check(args)
    model, shape, _ = build_and_try(args.model, args.shape)
    wanted = setups(args.mode, args.form, args.dtype, args.memory_format, args.batch, args.threads, shape)
    if not wanted:
        raise ValueError("there is no such setup: onnxruntime has inference in float32 and int8, openvino and fused "
                         "have inference, and only onnxruntime and openvino have int8")
    if args.profile:
        profile(model, wanted, args.device)
    elif args.vs:
        other, *_ = build_and_try(args.vs, shape)
        print(pair(model, other, wanted, args.device))
    else:
        table(model, wanted, args)


def _check(args: argparse.Namespace) -> None:
    if min(*args.batch, *args.threads) < 1 or args.seconds <= 0:
        raise ValueError("--batch, --threads and --seconds expect numbers above 0")
    if args.device == "cuda" and not torch.cuda.is_available():
        raise ValueError("PyTorch finds no GPU here; leave out --device cuda")
    if args.plot and Path(args.plot).suffix not in (".svg", ".png"):
        raise ValueError(f"--plot writes .svg or .png, got {args.plot}")


def drawn_faces() -> Tensor:
    """(8, 1, 64, 64): a drawn face of each expression."""
    rng = np.random.default_rng(0)
    return to_batch(draw_face(expression, 0., person, rng) for person, expression in enumerate(EXPRESSIONS))


def describe(setup: Setup) -> list[object]:
    """The first cells of a row."""
    return [setup.mode, setup.form, setup.dtype, setup.memory_format, setup.threads, setup.batch,
            "x".join(map(str, setup.shape))]


def cells(row: Row) -> list[object]:
    """All cells of a row."""
    return [*describe(row.setup), f"{row.latency * 1e3:.2f}",
            f"{row.latency_low * 1e3:.2f} to {row.latency_high * 1e3:.2f}", f"{row.images_per_second:.0f}",
            f"{row.share:.2f}", "-" if row.memory is None else f"{row.memory / 2 ** 20:.1f}",
            "-" if row.difference is None else f"{row.difference:.1e}"]


def progress(line: list[object]) -> None:
    """Show a row as soon as it is there, on a terminal."""
    if sys.stderr.isatty():
        print(*line, file=sys.stderr, flush=True)


def table(model: nn.Module, wanted: list[Setup], args: argparse.Namespace) -> None:
    """Measure all setups; print, plot and write them as asked for."""
    rows = []
    for row in measure_rows(model, wanted, drawn_faces(), args.seconds, args.device):
        rows.append(row)
        progress(cells(row))
    print(aligned(HEADER, [cells(row) for row in rows]))
    if args.plot:
        lines: dict[str, list[Row]] = {}
        for row in rows:
            mode, form, dtype, layout, threads, *_ = describe(row.setup)
            lines.setdefault(f"{mode}, {form}, {dtype}, {layout}, {threads} threads", []).append(row)
        plot_growth(lines, args.plot)
    if args.json:
        machine = {"processor": platform.processor() or platform.machine(), "torch": torch.__version__}
        write_atomically(args.json, json.dumps(
            {"model": args.model, "machine": machine, "rows": [asdict(row) for row in rows]}, indent=2).encode())


def pair(model: nn.Module, other: nn.Module, wanted: list[Setup], device: str) -> str:
    """The time of one model as a multiple of another's."""
    rows, faces = [], drawn_faces()
    for setup in wanted:
        torch.set_num_threads(setup.threads)
        ratio = compare(make_call(model, setup, faces, device), make_call(other, setup, faces, device),
                        clock=device_clock)
        rows.append([*describe(setup), ratio, f"{ratio.low:.2f} to {ratio.high:.2f}"])
        progress(rows[-1])
    return aligned([*HEADER[:7], "ratio", "quartiles"], rows)


def profile(model: nn.Module, wanted: list[Setup], device: str) -> None:
    """Print a table of operators for each setup."""
    if any(setup.form in OWN_LAYOUT for setup in wanted):
        raise ValueError("--profile knows PyTorch's operators, not ONNX Runtime's or OpenVINO's; name other forms by "
                         "--form")
    faces = drawn_faces()
    for setup in wanted:
        print(*describe(setup))
        print(operator_table(make_call(model, setup, faces, device), setup.threads))


def augmentation(side: int = 64) -> v2.Compose:
    """A random mirror, a turn of up to 15 degrees, and a random crop of ``side`` from an eighth more; a tensor."""
    return v2.Compose([
        v2.RandomHorizontalFlip(), v2.RandomRotation(15, v2.InterpolationMode.BILINEAR),
        v2.Resize(side * 9 // 8), v2.RandomCrop(side), image_to_tensor])


def reading(data_root: Path, workers: list[int]) -> str:
    """How fast FER-2013 is read, and given out by loaders, augmented as LANMSFF's training does."""
    cold, warm, faces = seconds_to_read(read_fer2013, data_root)
    dataset = FER2013Dataset(data_root, transform=augmentation())
    return "\n".join([
        f"reading {faces:,} faces: {cold:.2f} s cold, {warm:.3f} s warm",
        *(f"loader, {count} workers: {faces_per_second(dataset, count):,.0f} faces a second" for count in workers)])
