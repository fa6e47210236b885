"""From pictures to faces with their expressions: find, cut out, classify.

    reader = FaceReader(run, classes, detector)
    for face in reader([picture])[0]:
        print(face.label, face.score, face.box)

``lanmsff_plugins.faces`` puts a reader together by the names of weights, detector and engine.
"""
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image
from torch import Tensor

from .crops import Box, Point, Square, cut, roll_of, square_around
from .detect import Detection, Detector, factor_of, turn_of
from .preprocess import SIDE, to_batch

__all__ = ["SMALL", "TURNED", "Face", "FaceReader", "face_crop"]

SMALL = 32  # pixels; accuracy falls below this, see the table in docs/faces.md
TURNED = .3  # of turn_of(); see docs/faces.md


@dataclass(frozen=True)
class Face:
    """A face in a picture, and its expression.

    Attributes:
        box: The box around it, in pixels of the picture.
        eyes: The eye on the left of an upright face as one looks at it, and the one on its right; None if unknown.
        roll: By how many degrees the head leans clockwise, by its eyes; None if unknown.
        label: The strongest class.
        score: The probability that the network gives to it, from 0 to 1.
        scores: The probabilities of all classes, in the order of the weights' card.
        calibrated: The same at the card's temperature, which makes them as sure as the network is right.
        detector_score: How sure the detector is that this is a face, from 0 to 1; None if it does not say.
        size: Longest side of the box in whole pixels.
        warnings: Reasons to trust the label less, such as 'small: 20 pixels'.
        square: What was cut out of the picture for the network; None for a picture that is a face as a whole.
    """

    box: Box
    eyes: tuple[Point, Point] | None
    roll: float | None
    label: str
    score: float
    scores: dict[str, float]
    calibrated: dict[str, float]
    detector_score: float | None
    size: int
    warnings: tuple[str, ...]
    square: Square | None


class FaceReader:
    """Finds the faces in pictures and reads their expressions.

    Args:
        run: The network: (N, 1, side, side) float32 to logits (N, classes).
        classes: The names of the classes, in the network's order.
        detector: What finds the faces; None where each picture is a face already cut out.
        factor: Side of the square that is cut out, as a share of the longest side of the detector's box; the
            detector's own by default, or 1.
        temperature: What the logits are divided by for ``Face.calibrated``, as the weights' card says.
        side: Side in pixels of the faces that the network takes.
    """

    def __init__(self, run: Callable[[Tensor], Tensor], classes: Sequence[str], detector: Detector | None = None,
                 factor: float | None = None, temperature: float = 1., side: int = SIDE):
        self.run, self.classes, self.detector, self.temperature = run, tuple(classes), detector, temperature
        self.side = side
        self.factor = factor if factor is not None else factor_of(detector) if detector else 1.

    def __call__(self, pictures: Sequence[np.ndarray], boxes: Sequence[Sequence[Box]] | None = None
                 ) -> list[list[Face]]:
        """Read pictures; the faces of all go through the network together.

        Args:
            pictures: (H, W) or (H, W, 3) uint8 in RGB, each of any size.
            boxes: For each picture, boxes to use in place of the detector's. A square as large as the longest side is
                cut out around each.

        Returns:
            For each picture its faces, as the detector orders them; for pictures that are faces, one each.
        """
        found: list[list[tuple[Detection, Square | None]]] = []
        for i, picture in enumerate(pictures):
            _check(picture)
            if boxes is not None:
                found.append([(Detection(box), square_around(box)) for box in boxes[i]])
            elif self.detector is None:
                found.append([(Detection(Box(0., 0., float(picture.shape[1]), float(picture.shape[0]))), None)])
            else:
                found.append([(face, square_around(face.box, face.eyes, self.factor))
                              for face in self.detector(in_colour(picture))])
        crops = [_grey(picture if square is None else cut(picture, square))
                 for picture, faces in zip(pictures, found) for _, square in faces]
        logits = iter(self.run(to_batch(crops, self.side)) if crops else ())
        return [[self._face(detection, square, next(logits)) for detection, square in faces] for faces in found]

    def _face(self, found: Detection, square: Square | None, logits: Tensor) -> Face:
        scores, calibrated = logits.softmax(0).tolist(), (logits / self.temperature).softmax(0).tolist()
        best = max(range(len(scores)), key=scores.__getitem__)
        size = round(max(found.box.width, found.box.height))
        warnings = []
        if size < SMALL:
            warnings.append(f"small: {size} pixels")
        if turn_of(found) > TURNED:
            warnings.append("turned to the side")
        return Face(found.box, found.eyes, roll_of(found.eyes, found.box), self.classes[best], scores[best],
                    dict(zip(self.classes, scores)), dict(zip(self.classes, calibrated)), found.score, size,
                    tuple(warnings), square)


def face_crop(picture: np.ndarray, face: Face) -> np.ndarray:
    """What the network saw of a picture, before it was made grey and resized."""
    return picture if face.square is None else cut(picture, face.square)


def in_colour(picture: np.ndarray) -> np.ndarray:
    """(H, W) to (H, W, 3)."""
    return picture if picture.ndim == 3 else np.repeat(picture[..., None], 3, axis=2)


def _grey(picture: np.ndarray) -> np.ndarray:
    return picture if picture.ndim == 2 else np.asarray(Image.fromarray(picture).convert("L"))


def _check(picture: np.ndarray) -> None:
    if (not isinstance(picture, np.ndarray) or picture.dtype != np.uint8 or not picture.size
            or picture.ndim != 2 and (picture.ndim != 3 or picture.shape[2] != 3)):
        got = f"{picture.dtype} {picture.shape}" if isinstance(picture, np.ndarray) else type(picture).__name__
        raise ValueError(f"a picture is (H, W) or (H, W, 3) uint8 in RGB, with pixels, got {got}")
