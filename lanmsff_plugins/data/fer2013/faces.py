"""The faces of FER-2013 in memory, or mapped from one file.

    faces = Faces.open("data/fer2013/fer2013.safetensors")
"""
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors.numpy import save

from ...base.errors import DataError
from ...base.files import write_atomically
from ..cache import map_arrays, pack_names, unpack_names

__all__ = ["FER2013_CLASSES", "SIDE", "UNLABELLED", "USAGES", "Faces"]

FER2013_CLASSES = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")  # the CSV's order
USAGES = ("Training", "PublicTest", "PrivateTest")
SIDE = 48  # pixels
UNLABELLED = 255  # in place of an emotion where a layout has none

_ARRAYS = {"pixels": (SIDE, SIDE), "emotion": (), "usage": ()}  # the shape of each face's part
_EXPECTED = {"emotion": f"0 to {len(FER2013_CLASSES) - 1}, or {UNLABELLED} where there is no label",
             "usage": f"0 to {len(USAGES) - 1}"}


@dataclass(frozen=True, eq=False)  # arrays have no one truth to compare by
class Faces:
    """Grey faces with the labels of FER-2013.

    Attributes:
        pixels: (N, 48, 48) uint8.
        emotion: (N,) uint8, an index into ``FER2013_CLASSES``, or ``UNLABELLED``.
        usage: (N,) uint8, an index into ``USAGES``.
        path: The file that the arrays are mapped from, if there is one. Pickling then carries the path
            and not the pixels.
        names: (N,) bytes, the images' file names, where the faces come from images. None means that the
            faces stand in the order of ``fer2013.csv``, so that a row's number says which face it is.
    """

    pixels: np.ndarray
    emotion: np.ndarray
    usage: np.ndarray
    path: Path | None = None
    names: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.pixels)

    def __reduce__(self):
        if self.path is not None:
            return Faces.open, (self.path,)
        return Faces, (self.pixels, self.emotion, self.usage, None, self.names)

    def save(self, path: str | Path, metadata: dict[str, str] | None = None) -> None:
        """Write the faces to ``path``, whole or not at all."""
        arrays = {name: np.ascontiguousarray(getattr(self, name)) for name in _ARRAYS}
        if self.names is not None:
            arrays["names"] = pack_names(self.names)
        write_atomically(path, save(arrays, metadata))

    @classmethod
    def open(cls, path: str | Path) -> "Faces":
        """Map the faces that :meth:`save` wrote.

        Raises:
            FileNotFoundError: if there is no such file.
            DataError: if the file is not such a file, was cut short, or has an emotion or a usage that does not exist.
        """
        path = Path(path)
        arrays = map_arrays(path)
        rows = len(arrays.get("emotion", ()))
        shapes = {name: (rows, *shape) for name, shape in _ARRAYS.items()}
        if "names" in arrays:
            shapes["names"] = (rows, *arrays["names"].shape[1:2])
        if not rows or {name: array.shape for name, array in arrays.items()} != shapes:
            raise DataError(f"{path} does not hold faces as this library writes them; delete it and try again")
        for name, wrong in (
                ("emotion", (arrays["emotion"] >= len(FER2013_CLASSES)) & (arrays["emotion"] != UNLABELLED)),
                ("usage", arrays["usage"] >= len(USAGES))):
            if wrong.any():
                row = int(wrong.argmax())
                raise DataError(f"{path}, row {row}: got {name} {arrays[name][row]}, expected {_EXPECTED[name]}; "
                                "delete the file and make it anew by `lanmsff prepare`")
        names = unpack_names(arrays.pop("names")) if "names" in arrays else None
        return cls(**arrays, path=path, names=names)
