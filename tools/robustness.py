"""How accurate networks stay on faces that are turned, badly cut out, blurred, dark or small. Needs a checkout.

    python tools/robustness.py data/fer2013 --list pose_over_30=ran/pose_30_ferplus_list.txt ... --write
    python tools/robustness.py data/fer2013 --only lanmsff_ferplus 'fer 25.10.3' --every 10
    python tools/robustness.py data/fer2013 --only lanmsff_small_ferplus --checkpoint CHECKPOINT --split val

The tables of docs/results.md are of all faces of PrivateTest: one of our networks, one of the others, as
tools/peers/measure.py has them. Each face is changed on its own, the directions of turns and shifts in turn, so that a
rerun gives the same figures. It takes about half a minute for each cell on one core; rerun the command to resume.
--write with --only puts the columns of these networks in the place of what the tables have.
"""
import argparse
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
from peers.door import CATALOG, Classifier, Faces, Peer, accuracy, labelled_faces, peers, with_checkpoint
from PIL import Image, ImageFilter
from scaling import as_jpeg

from lanmsff_plugins.base.errors import DataError
from lanmsff_plugins.base.tables import markdown, read_tables, replace_section
from lanmsff_plugins.cli.options import add_list_argument, read_lists
from lanmsff_plugins.cli.shell import shell
from lanmsff_plugins.data.face_list import FaceList
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
    parser.add_argument("--checkpoint", type=Path, metavar="FILE",
                        help="also other weights of the one network of ours that --only names")
    parser.add_argument("--split", choices=("val", "test"), default="test", help="PublicTest or PrivateTest (default)")
    add_list_argument(parser)
    parser.add_argument("--work-dir", type=Path, default=Path("work_dirs/peers"),
                        help="folder for packages and for what the networks have said (default: %(default)s)")
    parser.add_argument("--write", action="store_true", help="put the tables into docs/results.md")
    args = parser.parse_args()
    if args.every < 1:
        parser.error("--every takes whole numbers from 1 up")
    if args.write and (args.every != 1 or args.checkpoint or args.split != "test"):
        parser.error("--write takes neither --every nor --checkpoint nor --split: the tables in docs/results.md are of "
                     "the networks as they are published and of all faces of PrivateTest")
    if args.checkpoint and (len(args.only or ()) != 1 or args.only[0] in CATALOG["peers"]):
        parser.error("--checkpoint needs one network of ours by --only")
    if args.checkpoint and not args.checkpoint.is_file():
        parser.error(f"--checkpoint: there is no file {args.checkpoint}")
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


UNCHANGED = "as they are"
CHANGES: dict[str, Change] = {
    UNCHANGED: lambda face, i: face,
    **{f"turned by {degrees} degrees": turned(degrees) for degrees in (5, 10, 15, 30, 45)},
    **{f"box shifted by {100 * share:.0f} %": shifted(share) for share in (.1, .2)},
    **{f"box {100 * share:.0f} % as large": cut_at(share) for share in (.8, .9, 1.1, 1.2)},
    **{f"blurred, sigma of {sigma} pixels": blurred(sigma) for sigma in (1, 2)},
    **{f"JPEG of quality {quality}": compressed(quality) for quality in (50, 20)},
    **{f"{100 * share:.0f} % as light": darkened(share) for share in (.5, .25)},
    "24 pixels": lambda face, i: resize(face, 24),
    "200 pixels": enlarged(200),
}


Column = dict[str, str]  # the accuracies of a network, in percent, by what was done to the faces


def measured(peer: Peer, faces: Faces, lists: dict[str, FaceList], work_dir: Path) -> Column:
    """How accurate a network is on the faces that have a label: by list, and by change."""
    found = {}
    with Classifier(peer, work_dir) as classify:
        for what, change in CHANGES.items():
            scores = classify(np.stack([change(face, i) for i, face in enumerate(faces.pictures)]))
            found[what] = f"{accuracy(peer, scores, faces.labels[peer.labels]):.1f}"
            print(f"{peer.name}: {what}: {found[what]} %", file=sys.stderr, flush=True)
            if what == UNCHANGED:
                for title, listed in lists.items():
                    mask = listed.mask(faces.rows, faces.names)
                    right = accuracy(peer, scores[mask], faces.labels[peer.labels][mask])
                    found[title] = f"{right:.1f}"
    return found


def tables(columns: dict[str, Column]) -> str:
    """One of our networks, and one of the others; a column a network."""
    ours = {name: column for name, column in columns.items() if name not in CATALOG["peers"]}
    others = {name: column for name, column in columns.items() if name in CATALOG["peers"]}
    return "\n\n".join(markdown(["faces", *(f"`{name}`" for name in part)],
                                [[what, *(column[what] for column in part.values())]
                                 for what in next(iter(part.values()))]) for part in (ours, others) if part)


def written(document: Path) -> dict[str, Column]:
    """The columns that a document has, by network."""
    return {title.strip("`"): {row[0]: row[1 + i] for row in rows}
            for header, rows in read_tables(document, "robustness") for i, title in enumerate(header[1:])}


def kept(document: Path, lists: Iterable[str]) -> dict[str, Column]:
    """The same, for columns to be put beside them: all must have the rows of these lists and of ``CHANGES``."""
    columns = written(document)
    rows = {*CHANGES, *lists}
    if any(column.keys() != rows for column in columns.values()):
        raise DataError(f"{document} has other rows than would be measured; name the lists that it has, or measure all "
                        "networks, without --only")
    return columns


def run() -> None:
    args = parse_args()
    lists = {name.replace("_", " "): FaceList.read(path) for name, path in read_lists(args).items()}
    document = ROOT / "docs" / "results.md"
    known = kept(document, lists) if args.write and args.only else {}
    faces, columns = labelled_faces(args.data_root, args.split), {}
    asked = [peers()[name] for name in args.only or peers()]
    if args.checkpoint:
        asked.append(with_checkpoint(asked[0], args.checkpoint))
    for peer in asked:
        rows = np.flatnonzero(faces.labels[peer.labels] != "")[::args.every]
        columns[peer.name] = measured(peer, faces[rows], lists, args.work_dir)
    print(tables(columns))
    if args.write:
        known |= columns
        replace_section(document, "robustness", tables({name: known[name] for name in peers() if name in known}))


if __name__ == "__main__":
    with shell():
        run()
