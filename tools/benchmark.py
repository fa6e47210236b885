"""Measure how fast a model is, in inference and training, in every form that it can take.

    python tools/benchmark.py lanmsff --batch 1 32 --form eager fused onnxruntime
    python tools/benchmark.py lanmsff --mode training --batch 32 --dtype float32 bfloat16
    python tools/benchmark.py lanmsff --vs resnet18 --shape 1 64 64
    python tools/benchmark.py lanmsff --form fused --dtype bfloat16 --batch 32 --profile
    python tools/benchmark.py --write

The share is what the model's multiply-accumulates achieve of the rate at which the machine multiplies float32
matrices, measured beside every row with as many threads: it can be compared between machines, times cannot. The
difference is that of the outputs from the plain model's, as a share of the largest output. Leave the machine alone
meanwhile. --write measures what the README shows, in about five minutes.
"""
import argparse
import json
import platform
import sys
import warnings
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

warnings.filterwarnings("ignore", ".*torch.jit.script", FutureWarning)  # of timm's own use, at its import

import torch

from lanmsff_plugins.analysis.benchmark import compare
from lanmsff_plugins.analysis.models import build_model, default_shape, run_once
from lanmsff_plugins.analysis.plots import plot_growth
from lanmsff_plugins.analysis.readme import write_readme
from lanmsff_plugins.analysis.speed import DTYPES, FORMATS, FORMS, MODES, Row, Setup, make_call, measure_rows, setups
from lanmsff_plugins.analysis.tables import aligned
from lanmsff_plugins.commands import errors_in_one_line
from lanmsff_plugins.files import write_atomically
from lanmsff_plugins.memory import keep_freed_memory

HEADER = ["mode", "form", "type", "layout", "threads", "batch", "image", "ms", "quartiles", "images/s", "share", "MiB",
          "difference"]


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", nargs="?", default="lanmsff",
                        help="a timm name, a config of MMPretrain, or a factory, module:callable (default: lanmsff)")
    parser.add_argument("--shape", nargs=3, type=int, metavar=("C", "H", "W"),
                        help="shape of one image (default: the model's own, 1 64 64 where it has none)")
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
                             "call lanmsff_plugins.memory.keep_freed_memory()")
    parser.add_argument("--vs", metavar="MODEL", help="time the model as a multiple of this one, A B A B")
    parser.add_argument("--profile", action="store_true",
                        help="tell which of PyTorch's operators take the time, instead of measuring all of it")
    parser.add_argument("--json", metavar="FILE", help="write all figures, and the machine's")
    parser.add_argument("--plot", metavar="FILE", help="draw time and memory by pixels, as .svg or .png")
    parser.add_argument("--write", action="store_true", help="measure what the README shows, and write it there")
    return parser.parse_args()


def describe(setup: Setup) -> list[object]:
    return [setup.mode, setup.form, setup.dtype, setup.memory_format, setup.threads, setup.batch,
            "x".join(map(str, setup.shape))]


def cells(row: Row) -> list[object]:
    return [*describe(row.setup), f"{row.latency * 1e3:.2f}",
            f"{row.latency_low * 1e3:.2f} to {row.latency_high * 1e3:.2f}", f"{row.images_per_second:.0f}",
            f"{row.share:.2f}", "-" if row.memory is None else f"{row.memory / 2 ** 20:.1f}",
            "-" if row.difference is None else f"{row.difference:.1e}"]


def progress(line: list[object]) -> None:
    if sys.stderr.isatty():
        print(*line, file=sys.stderr, flush=True)


def pair(model: torch.nn.Module, other: torch.nn.Module, wanted: list[Setup], device: str) -> str:
    rows = []
    for setup in wanted:
        torch.set_num_threads(setup.threads)
        ratio = compare(make_call(model, setup, device), make_call(other, setup, device))
        rows.append([*describe(setup), ratio, f"{ratio.low:.2f} to {ratio.high:.2f}"])
        progress(rows[-1])
    return aligned([*HEADER[:7], "ratio", "quartiles"], rows)


def profile(call: Callable[[], object], threads: int, most: int = 12) -> str:
    """A table of the operators that take the most time, each by the shapes of its inputs."""
    torch.set_num_threads(threads)
    call()
    with torch.profiler.profile(record_shapes=True) as profiler:
        for _ in range(5):
            call()
    operators = sorted(profiler.key_averages(group_by_input_shape=True), key=lambda op: -op.self_cpu_time_total)
    everything = sum(op.self_cpu_time_total for op in operators)
    rows = [[op.key[:40], " ".join("x".join(map(str, shape)) for shape in op.input_shapes if shape), op.count // 5,
             f"{op.self_cpu_time_total / 5e3:.2f}", f"{op.self_cpu_time_total / everything:.2f}"]
            for op in operators[:most]]
    return aligned(["operator", "inputs", "calls", "ms", "share"], rows)


def run(args: argparse.Namespace) -> None:
    if not args.return_memory:
        keep_freed_memory()
    if args.write:
        write_readme(Path(__file__).resolve().parent.parent, lambda row: progress(cells(row)))
        return
    if min(*args.batch, *args.threads, *(args.shape or [1])) < 1 or args.seconds <= 0:
        raise ValueError("--batch, --threads, --shape and --seconds expect numbers above 0")
    if args.device == "cuda" and not torch.cuda.is_available():
        raise ValueError("PyTorch finds no GPU here; leave out --device cuda")
    if args.plot and Path(args.plot).suffix not in (".svg", ".png"):
        raise ValueError(f"--plot writes .svg or .png, got {args.plot}")
    model = build_model(args.model)
    shape = tuple(args.shape or default_shape(model))
    run_once(model, shape, args.model)
    wanted = setups(args.mode, args.form, args.dtype, args.memory_format, args.batch, args.threads, shape)
    if not wanted:
        raise ValueError("there is no such setup: onnxruntime has inference in float32 and int8, fused has inference, "
                         "and only onnxruntime has int8")
    if args.profile:
        if any(setup.form == "onnxruntime" for setup in wanted):
            raise ValueError("--profile knows PyTorch's operators, not ONNX Runtime's; name other forms by --form")
        for setup in wanted:
            print(*describe(setup))
            print(profile(make_call(model, setup, args.device), setup.threads))
        return
    if args.vs:
        other = build_model(args.vs)
        run_once(other, shape, args.vs)
        print(pair(model, other, wanted, args.device))
        return
    rows = []
    for row in measure_rows(model, wanted, args.seconds, args.device):
        rows.append(row)
        progress(cells(row))
    print(aligned(HEADER, [cells(row) for row in rows]))
    if args.plot:
        lines = {}
        for row in rows:
            mode, form, dtype, layout, threads, *_ = describe(row.setup)
            lines.setdefault(f"{mode}, {form}, {dtype}, {layout}, {threads} threads", []).append(row)
        plot_growth(lines, args.plot)
    if args.json:
        machine = {"processor": platform.processor() or platform.machine(), "torch": torch.__version__}
        write_atomically(args.json, json.dumps(
            {"model": args.model, "machine": machine, "rows": [asdict(row) for row in rows]}, indent=2).encode())


def main() -> None:
    with errors_in_one_line():
        run(parse_args())


if __name__ == "__main__":
    main()
