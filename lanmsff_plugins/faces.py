"""Photographs to expressions in one call: the reader put together by the names of weights, detector and engine.

    for face in read_faces("photo.jpg"):
        print(face.label, face.score)

Do not use it to judge people, to watch people who have not agreed to it, or where a wrong answer causes harm:
docs/faces.md says what it misses.
"""
import tempfile
from collections.abc import Callable, Iterable
from functools import lru_cache
from os import PathLike
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from . import weights as catalog
from .base.errors import unknown
from .export import export_onnx, for_inference, run_onnx, run_openvino, run_torch
from .inference.detect import Detector, open_detector
from .inference.predictor import FaceReader
from .inference.preprocess import SIDE
from .pictures import read_picture

__all__ = ["ENGINES", "open_engine", "open_reader", "read_faces"]

ENGINES = ("torch", "onnxruntime", "openvino")
BATCH = 16  # faces; on a CPU larger batches are no faster
Picture = str | PathLike | bytes | Image.Image | np.ndarray


def read_faces(pictures: Picture | Iterable[Picture], weights: str = "lanmsff_ferplus",
               detector: str | Detector = "retinaface", engine: str = "torch",
               detector_weights: str | Path | None = None) -> list:
    """Find the faces in pictures and read their expressions.

    Args:
        pictures: A picture or several: a file's path, its content, a ``PIL.Image``, or an array (H, W) or (H, W, 3)
            uint8 in RGB.
        weights: Packaged weights, one of ``weights.names()``.
        detector: 'retinaface', which needs the extra ``faces``; 'yunet', which needs ``detector_weights``; 'none' where
            each picture is a face already cut out; or a function from an array (H, W, 3) to a list of
            :class:`~lanmsff_plugins.inference.detect.Detection`.
        engine: 'torch'; 'onnxruntime' or 'openvino', which need the extra ``onnx`` and the package of that name.
        detector_weights: The file of YuNet, face_detection_yunet_2023mar.onnx.

    Returns:
        The faces of the picture, each a :class:`~lanmsff_plugins.inference.predictor.Face`; for several pictures a list
        of such lists. Several go through the network together, so give as many at a time as fit into memory.

    Raises:
        FileNotFoundError, DataError: if a picture is missing or cannot be read.
        ImportError: if the detector or the engine is not installed.
        ValueError: if a name is unknown.
    """
    reader = open_reader(weights, detector, engine, detector_weights)
    one = isinstance(pictures, Picture)
    several: Iterable[Picture] = [pictures] if isinstance(pictures, Picture) else pictures
    found = reader([picture if isinstance(picture, np.ndarray) else read_picture(picture, colour=True)
                    for picture in several])
    return found[0] if one else found


@lru_cache(maxsize=8)
def open_reader(weights: str = "lanmsff_ferplus", detector: str | Detector = "retinaface", engine: str = "torch",
                detector_weights: str | Path | None = None) -> FaceReader:
    """The reader that :func:`read_faces` uses; the same arguments give the same one, so that loading costs once."""
    if engine not in ENGINES:
        raise ValueError(unknown("engine", engine, ENGINES))
    card = catalog.card(weights)
    found = open_detector(detector, detector_weights) if isinstance(detector, str) else detector
    return FaceReader(open_engine(catalog.load(weights), engine, card["size"]), card["classes"], found,
                      temperature=card["temperature"], side=card["size"])


def open_engine(model: nn.Module, engine: str, side: int = SIDE, threads: int = 0) -> Callable[[Tensor], Tensor]:
    """A network as a function from (N, 1, side, side) to logits (N, classes), run by one of ``ENGINES``.

    ``threads`` is the number of threads of ONNX Runtime and OpenVINO; 0 leaves it to them.
    """
    if engine == "torch":
        run = run_torch(for_inference(model).to(memory_format=torch.channels_last), BATCH)
        return lambda faces: run(faces.contiguous(memory_format=torch.channels_last))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "network.onnx")
        export_onnx(model, path, (1, side, side))
        return (run_onnx if engine == "onnxruntime" else run_openvino)(path, threads, BATCH)
