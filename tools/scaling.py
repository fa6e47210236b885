"""How accurate the packaged weights stay by each way of bringing a picture to the network's size. Needs a checkout.

    python tools/scaling.py data/fer2013 --write    # FERPlus's PrivateTest, a table for docs/results.md
    python tools/scaling.py data/fer2013 --weights lanmsff_fer2013 --times 1

Real faces of 48 pixels are enlarged by Lanczos, as JPEG too, and brought back to 64 pixels. The first way is the rule
of ``inference/preprocess.py``. The ways of OpenCV are left out where it is not installed. It takes about an hour on one
core; rerun the command to resume.
"""
import argparse
import io
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from hashlib import sha256
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn.functional import interpolate

from lanmsff_plugins import weights
from lanmsff_plugins.base.files import write_atomically
from lanmsff_plugins.base.tables import markdown, replace_section
from lanmsff_plugins.cli.shell import shell
from lanmsff_plugins.export import for_inference
from lanmsff_plugins.inference.preprocess import SIDE, resize, to_tensor
from lanmsff_plugins.pictures import read_picture
from lanmsff_plugins.reporting.cards import data_set

try:
    import cv2
except ImportError:
    cv2 = None

ROOT = Path(__file__).resolve().parent.parent
FACE = 48  # pixels of FER-2013's faces
Way = Callable[[np.ndarray], Tensor]  # (H, W) uint8 to (1, SIDE, SIDE) float32


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data_root", type=Path, help="the folder with FER-2013 and fer2013new.csv")
    parser.add_argument("--weights", default="lanmsff_ferplus", choices=weights.names(),
                        help="packaged weights; their test split is measured (default: %(default)s)")
    parser.add_argument("--times", type=int, nargs="+", default=[1, 2, 3, 5], metavar="N",
                        help="how many times the faces are enlarged (default: 1 2 3 5)")
    parser.add_argument("--quality", type=int, default=50, help="quality of the JPEGs (default: %(default)s)")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="take every Nth face only (default: all)")
    parser.add_argument("--work-dir", type=Path, default=Path("work_dirs/scaling"),
                        help="folder for what has been predicted (default: %(default)s)")
    parser.add_argument("--write", action="store_true", help="put the table into docs/results.md")
    args = parser.parse_args()
    if min(*args.times, args.every, args.quality) < 1:
        parser.error("--times, --every and --quality take whole numbers from 1 up")
    if args.write and any(getattr(args, name) != parser.get_default(name)
                          for name in ("weights", "times", "quality", "every")):
        parser.error("--write takes no other option: the table in docs/results.md is that of the defaults")
    return args


def ways() -> dict[str, Way]:
    """What is compared, the rule first."""
    def by_torch(antialias: bool) -> Way:
        return lambda picture: interpolate(torch.from_numpy(picture)[None, None] / 255, (SIDE, SIDE), mode="bilinear",
                                           antialias=antialias)[0]

    def by_opencv(how: str) -> Way:
        return lambda picture: _scaled(cv2.resize(picture, (SIDE, SIDE), interpolation=getattr(cv2, how)))

    found = {
        "Pillow, bilinear (the rule)": to_tensor,
        f"Pillow, bilinear to {FACE}, then to {SIDE}": lambda picture: to_tensor(resize(picture, FACE)),
        "Pillow, bicubic": lambda picture: _scaled(
            np.array(Image.fromarray(picture).resize((SIDE, SIDE), Image.Resampling.BICUBIC))),
        "PyTorch, bilinear with antialiasing": by_torch(True),
        "PyTorch, bilinear without": by_torch(False),
    }
    if cv2:
        found |= {"OpenCV, `INTER_LINEAR`": by_opencv("INTER_LINEAR"), "OpenCV, `INTER_AREA`": by_opencv("INTER_AREA")}
    return found


def _scaled(face: np.ndarray) -> Tensor:
    return torch.from_numpy(face[None].astype(np.float32) / 255)


def enlarged(faces: Iterable[np.ndarray], times: int, quality: int | None) -> Iterator[np.ndarray]:
    """The faces ``times`` as large by Lanczos; with a ``quality``, as they come back from a JPEG."""
    for face in faces:
        image = Image.fromarray(face)
        if times > 1:
            image = image.resize((image.width * times, image.height * times), Image.Resampling.LANCZOS)
        if quality is None:
            yield np.array(image)
        else:
            yield as_jpeg(image, quality)


def as_jpeg(image: Image.Image, quality: int) -> np.ndarray:
    """A picture as it comes back from a JPEG."""
    content = io.BytesIO()
    image.save(content, "JPEG", quality=quality)
    return read_picture(content.getvalue())


class Predictor:
    """The classes that a network gives to faces, kept in a file: some ways agree at 48 pixels, and runs may break off.

    Args:
        name: Packaged weights.
        folder: Where the file is.
    """

    def __init__(self, name: str, folder: Path):
        self.model = for_inference(weights.load(name)).to(memory_format=torch.channels_last)  # thrice as fast
        self.path = folder / f"{name}_{weights.card(name)['sha256'][:8]}.json"
        self.known = json.loads(self.path.read_text()) if self.path.is_file() else {}

    @torch.inference_mode()
    def __call__(self, batch: Tensor) -> np.ndarray:
        """(N, 1, SIDE, SIDE) to (N,)."""
        key = sha256(batch.numpy()).hexdigest()
        if key not in self.known:
            parts = [part.contiguous(memory_format=torch.channels_last) for part in batch.split(16)]
            self.known[key] = torch.cat([self.model(part).argmax(1) for part in parts]).tolist()
            write_atomically(self.path, json.dumps(self.known).encode())
        return np.array(self.known[key])


def measure(predict: Predictor, faces: np.ndarray, labels: np.ndarray, args: argparse.Namespace
            ) -> dict[str, dict[str, np.ndarray]]:
    """By input and way, (N,) whether each face is recognised."""
    hits = {}
    for times in args.times:
        for quality in (None, args.quality):
            name = f"{times * FACE} px" + ("" if quality is None else ", JPEG")
            pictures = list(enlarged(faces, times, quality))
            hits[name] = {}
            for way, function in ways().items():
                hit = hits[name][way] = predict(torch.stack([function(picture) for picture in pictures])) == labels
                rule = next(iter(hits[name].values()))
                print(f"{name}: {way}: {hit.mean():.2%}; against the rule {(hit & ~rule).sum()} faces become right, "
                      f"{(rule & ~hit).sum()} wrong", file=sys.stderr, flush=True)
    return hits


def table(hits: dict[str, dict[str, np.ndarray]]) -> str:
    """A row a way, a column an input; in the last column, how many faces' verdicts differ from the rule's at first."""
    first, *_ = hits.values()
    rule, *_ = first.values()
    rows = [[way, *(f"{100 * found[way].mean():.2f}" for found in hits.values()), (first[way] != rule).sum()]
            for way in first]
    return markdown(["way", *hits, f"changed at {next(iter(hits))}"], rows)


def run() -> None:
    args = parse_args()
    card = weights.card(args.weights)
    selected = data_set(card["data"]["type"]).select(args.data_root, "test")
    faces, labels = selected.pictures[::args.every], selected.labels[::args.every]
    found = table(measure(Predictor(args.weights, args.work_dir), faces, labels, args))
    print(found)
    if args.write:
        replace_section(ROOT / "docs" / "results.md", "scaling", found)


if __name__ == "__main__":
    with shell():
        run()
