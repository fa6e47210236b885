"""Compare our packaged weights with the networks that others publish, on the same faces. In a checkout.

    python tools/peers/measure.py data/fer2013 --write                 # the table and the pictures of docs/results.md
    python tools/peers/measure.py data/fer2013 --only 'fer 25.10.3' --limit 500

Each network gets the faces of PrivateTest as they are in the data set, prepared by its own rule and without a detector.
Its classes are compared by their names; a class that a network does not have counts as wrong. Times are processor times
for a single face, on one thread, as a multiple of our full network's in PyTorch, measured in turn; they include scaling
the face. The picture has ours as OpenVINO runs them, in which they are fastest.
peers.toml lists the networks, which are downloaded from their registries at the first run, and those that cannot take
part. What they have said is kept, so that a rerun only measures times. It needs Node and the extra openvino.
"""
import argparse
import sys
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

import numpy as np
from door import CATALOG, LABELS, Classifier, Peer, accuracy, in_openvino, labelled_faces, peers

from lanmsff_plugins.base.progress import progress
from lanmsff_plugins.base.tables import markdown, replace_section
from lanmsff_plugins.cli.shell import shell
from lanmsff_plugins.measure.timing import Quartiles, compare
from lanmsff_plugins.reporting.plots import Point, plot_accuracies

ROOT = Path(__file__).resolve().parents[2]
YARDSTICK = "lanmsff_ferplus"
PAIRS = 31


@dataclass(frozen=True)
class Row:
    """What is known of a network: accuracy in percent by label set, and its cost."""

    peer: Peer
    accuracy: dict[str, float]
    parameters: int
    size: int
    time: Quartiles


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data_root", type=Path, help="the folder with FER-2013 and fer2013new.csv")
    parser.add_argument("--only", nargs="+", choices=peers(), metavar="NAME", help="only these networks")
    parser.add_argument("--limit", type=int, metavar="N", help="take the first N faces only (default: all)")
    parser.add_argument("--work-dir", type=Path, default=Path("work_dirs/peers"),
                        help="folder for packages and for what the networks have said (default: %(default)s)")
    parser.add_argument("--write", action="store_true", help="put the table into docs/results.md, and draw it")
    args = parser.parse_args()
    if args.limit is not None and args.limit < 1:
        parser.error("--limit takes whole numbers from 1 up")
    if args.write and (args.only or args.limit):
        parser.error("--write takes no other option: the table in docs/results.md is that of the defaults")
    return args


def ratio(classify: Classifier, yardstick: Classifier, faces: np.ndarray) -> Quartiles:
    """The time of a face as a multiple of the yardstick's, each in its own process, in turn."""
    def one(asked: Classifier):
        turns = cycle(range(len(faces)))
        return lambda: asked.ask(faces[(i := next(turns)):i + 1])

    for asked in (classify, yardstick):
        asked.ask(faces[:50])  # compilers of WebAssembly take a while
    return compare(one(classify), one(yardstick), PAIRS, clock=lambda: classify.seconds + yardstick.seconds)


def forms(peer: Peer) -> list[Peer]:
    """The ways in which a network is run, the fastest last."""
    return [peer] if peer.name in CATALOG["peers"] else [peer, in_openvino(peer)]


def measured(args: argparse.Namespace) -> list[Row]:
    faces = labelled_faces(args.data_root)[:args.limit]
    known, rows = peers(), []
    asked = [form for name in args.only or known for form in forms(known[name])]
    with Classifier(known[YARDSTICK], args.work_dir) as yardstick:
        for peer in progress(asked, "networks", len(asked)):
            with Classifier(peer, args.work_dir) as classify:
                scores = classify(faces.pictures)
                rows.append(Row(peer,
                                {title: accuracy(peer, scores, of) for title, of in faces.labels.items()},
                                classify.facts["parameters"], classify.facts["size"],
                                ratio(classify, yardstick, faces.pictures)))
            print(peer.name, peer.runs, rows[-1].accuracy, rows[-1].time, file=sys.stderr, flush=True)
    return rows


def table(rows: list[Row]) -> str:
    """A row a network, and below it the networks that cannot take part."""
    cells = [[f"`{row.peer.name}`", row.peer.runs, *(f"{value:.1f}" for value in row.accuracy.values()),
              f"{row.parameters:,}", f"{row.size:,}", f"{row.time.median:.2g}", row.peer.licence] for row in rows]
    absent = [f"- `{name}`: {reason}" for name, reason in CATALOG["absent"].items()]
    return "\n".join([markdown(["network", "run by", *LABELS, "parameters", "bytes", "time", "licence"], cells), "",
                      "Not measured, since they cannot be had from a package registry alone:", "", *absent])


def run() -> None:
    args = parse_args()
    rows = measured(args)
    print(table(rows))
    if args.write:
        replace_section(ROOT / "docs" / "results.md", "peers", table(rows))
        fastest = {row.peer.name: row for row in rows}.values()
        time = f"time of a face, as a multiple of {YARDSTICK}'s in PyTorch"
        plot_accuracies([Point(row.peer.name, row.accuracy, {time: row.time.median, "bytes of the file": row.size})
                         for row in fastest], ROOT / "docs" / "peers.svg")


if __name__ == "__main__":
    with shell():
        run()
