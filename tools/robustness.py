"""How accurate networks stay on faces that are turned, badly cut out, blurred, dark or small. Needs a checkout.

    python tools/robustness.py data/fer2013 --write    # PrivateTest, ours and the peers: a table for docs/results.md
    python tools/robustness.py data/fer2013 --only lanmsff_ferplus 'fer 25.10.3' --every 10

Each face is changed on its own, the directions of turns and shifts in turn, so that a rerun gives the same figures. The
networks are those of tools/peers/measure.py. It takes about half a minute for each cell of the table on one core; rerun
the command to resume.
"""
import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from peers.door import Classifier, accuracy, peers, private_test
from PIL import Image, ImageFilter
from scaling import as_jpeg

from lanmsff_plugins.base.tables import markdown, replace_section
from lanmsff_plugins.cli.shell import shell
from lanmsff_plugins.inference.crops import Square, cut
from lanmsff_plugins.inference.preprocess import resize

ROOT = Path(__file__).resolve().parent.parent
EIGHT = [(1, 0), (1, 1), (0, 1), (-1, 1), (-1, 0), (-1, -1), (0, -1), (1, -1)]  # directions
Change = Callable[[np.ndarray, int], np.ndarray]  # a face (H, W) uint8 and its number, to a picture of any size


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data_root", type=Path, help="the folder with FER-2013 and fer2013new.csv")
    parser.add_argument("--only", nargs="+", choices=peers(), metavar="NAME", help="only these networks")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="take every Nth face only (default: all)")
    parser.add_argument("--work-dir", type=Path, default=Path("work_dirs/peers"),
                        help="folder for packages and for what the networks have said (default: %(default)s)")
    parser.add_argument("--write", action="store_true", help="put the table into docs/results.md")
    args = parser.parse_args()
    if args.every < 1:
        parser.error("--every takes whole numbers from 1 up")
    if args.write and args.every != 1:
        parser.error("--write takes no --every: the table in docs/results.md is that of all faces")
    return args


def turned(degrees: float) -> Change:
    """In the plane of the picture, to the left and to the right in turn."""
    return lambda face, i: cut(face, Square(face.shape[1] / 2, face.shape[0] / 2, len(face), (-1) ** i * degrees))


def shifted(share: float) -> Change:
    """Cut out beside its place, by a share of its side, in eight directions in turn."""
    def change(face: np.ndarray, i: int) -> np.ndarray:
        height, width = face.shape
        across, down = EIGHT[i % 8]
        return cut(face, Square(width * (.5 + across * share), height * (.5 + down * share), height, 0))
    return change


def cut_at(share: float) -> Change:
    """Cut out too large or too small, as a share of its side; outside of the data set's frame its edge is repeated."""
    return lambda face, i: cut(face, Square(face.shape[1] / 2, face.shape[0] / 2, round(share * len(face)), 0))


def blurred(sigma: float) -> Change:
    return lambda face, i: np.asarray(Image.fromarray(face).filter(ImageFilter.GaussianBlur(sigma)))


def compressed(quality: int) -> Change:
    return lambda face, i: as_jpeg(Image.fromarray(face), quality)


def darkened(share: float) -> Change:
    return lambda face, i: (face * share).astype(np.uint8)


def enlarged(side: int) -> Change:
    return lambda face, i: np.asarray(Image.fromarray(face).resize((side, side), Image.Resampling.LANCZOS))


CHANGES: dict[str, Change] = {
    "as they are": lambda face, i: face,
    **{f"turned by {degrees} degrees": turned(degrees) for degrees in (5, 10, 15, 30, 45)},
    **{f"box shifted by {100 * share:.0f} %": shifted(share) for share in (.1, .2)},
    **{f"box {100 * share:.0f} % as large": cut_at(share) for share in (.8, .9, 1.1, 1.2)},
    **{f"blurred, sigma of {sigma} pixels": blurred(sigma) for sigma in (1, 2)},
    **{f"JPEG of quality {quality}": compressed(quality) for quality in (50, 20)},
    **{f"{100 * share:.0f} % as light": darkened(share) for share in (.5, .25)},
    "24 pixels": lambda face, i: resize(face, 24),
    "200 pixels": enlarged(200),
}


def accuracies(name: str, faces: np.ndarray, labels: np.ndarray, work_dir: Path) -> list[float]:
    """In percent, of a network on labelled faces, by change."""
    found = []
    with Classifier(peers()[name], work_dir) as classify:
        for what, change in CHANGES.items():
            scores = classify(np.stack([change(face, i) for i, face in enumerate(faces)]))
            found.append(accuracy(classify.peer, scores, labels))
            print(f"{name}: {what}: {found[-1]:.2f} %", file=sys.stderr, flush=True)
    return found


def run() -> None:
    args = parse_args()
    faces, labels = private_test(args.data_root)
    columns = {}
    for name in args.only or peers():
        title = peers()[name].labels
        rows = np.flatnonzero(labels[title] != "")[::args.every]
        columns[f"`{name}`, {title}"] = accuracies(name, faces[rows], labels[title][rows], args.work_dir)
    cells = [[what, *(f"{found[i]:.1f}" for found in columns.values())] for i, what in enumerate(CHANGES)]
    table = markdown(["faces", *columns], cells)
    print(table)
    if args.write:
        replace_section(ROOT / "docs" / "results.md", "robustness", table)


if __name__ == "__main__":
    with shell():
        run()
