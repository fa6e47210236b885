"""Where pictures come from: photographs, folders, videos, a camera.

    for frame in Video("talk.mp4").frames():
        frame.picture  # (H, W, 3) uint8, RGB

A source is opened when its frames are asked for, and gives them one at a time. Videos and cameras are read by OpenCV,
which the extra ``faces`` installs.
"""
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..base.errors import DataError
from ..pictures import read_picture

__all__ = ["PICTURES", "VIDEOS", "Camera", "Frame", "Photo", "Video", "find_pictures", "open_sources"]

PICTURES = frozenset(
    ".avif .bmp .gif .jfif .jp2 .jpe .jpeg .jpg .pbm .pgm .png .pnm .ppm .tga .tif .tiff .webp".split())
VIDEOS = frozenset(".3gp .avi .flv .m4v .mkv .mov .mp4 .mpeg .mpg .mts .ogv .ts .webm .wmv".split())


@dataclass(frozen=True, eq=False)
class Frame:
    """A picture, and where it is from.

    Attributes:
        picture: (H, W, 3) uint8, RGB.
        index: Its number in a video, from 0; None for a photograph.
        time: Seconds since the start of a video; None for a photograph.
    """

    picture: np.ndarray
    index: int | None = None
    time: float | None = None


class Photo:
    """A photograph, of which one frame is read.

    Args:
        path: Any file that :func:`~lanmsff_plugins.pictures.read_picture` reads.
    """

    moving = False

    def __init__(self, path: str | Path):
        self.path, self.name = Path(path), str(path)

    def frames(self) -> Iterator[Frame]:
        """The one frame.

        Raises:
            FileNotFoundError, DataError: if it is missing or cannot be read.
        """
        yield Frame(read_picture(self.path, colour=True))


class Video:
    """A video file.

    Args:
        path: Any file that OpenCV decodes: H.264, HEVC, VP8, VP9, MPEG-4 and more.
    """

    moving = True

    def __init__(self, path: str | Path):
        self.path, self.name = Path(path), str(path)
        self.total: int | None = None  # frames that the file claims, once it is open
        self.fps = 0.
        self.read = 0  # frames so far

    def frames(self) -> Iterator[Frame]:
        """The frames, turned as the file says.

        Raises:
            FileNotFoundError, DataError: if it is missing, cannot be decoded or holds no frame.
        """
        if not self.path.is_file():
            raise FileNotFoundError(f"no video at {self.name}")
        capture = _capture(str(self.path))
        try:
            self.fps = float(capture.get(_FPS)) or 25.
            self.total = max(0, int(capture.get(_FRAME_COUNT))) or None
            for self.read, (picture, seconds) in enumerate(_decoded(capture), 1):
                yield Frame(picture, self.read - 1, max(seconds, 0.))
        finally:
            capture.release()
        if not self.read:
            raise DataError(f"{self.name} cannot be read as a video: no frame in it can be decoded")

    @property
    def dropped(self) -> int:
        """Frames that the file claims and that could not be decoded; known at its end."""
        return max(0, (self.total or self.read) - self.read)


class Camera:
    """A camera, as an endless video.

    Args:
        number: 0 for the first.

    Raises:
        ValueError: if the number is below 0, which OpenCV does not refuse by an error.
    """

    moving = True
    path = None
    total = None

    def __init__(self, number: int):
        if number < 0:
            raise ValueError(f"cameras are numbered from 0, got {number}")
        self.number, self.name = number, f"camera {number}"
        self.fps = 0.
        self.read = 0
        self._elapsed = 0.

    def frames(self) -> Iterator[Frame]:
        """The frames, as fast as they are taken.

        Raises:
            DataError: if there is no such camera, or it gives no picture.
        """
        capture = _capture(self.number)
        try:
            self.fps = float(capture.get(_FPS)) or 30.
            start = time.monotonic()
            for self.read, (picture, _) in enumerate(_decoded(capture), 1):
                self._elapsed = time.monotonic() - start
                yield Frame(picture, self.read - 1, self._elapsed)
        finally:
            capture.release()
        if not self.read:
            raise DataError(f"{self.name} gives no picture; is another program using it?")

    @property
    def dropped(self) -> int:
        """About how many frames the camera took while nobody asked for them."""
        return max(0, int(self._elapsed * self.fps) - self.read)


_FPS, _FRAME_COUNT, _TIME = 5, 7, 0  # OpenCV's CAP_PROP_FPS, CAP_PROP_FRAME_COUNT, CAP_PROP_POS_MSEC


def _capture(source: str | int):
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # quiet; the reason is given in one line here
    try:
        import cv2
    except ImportError as error:
        raise ImportError(f"videos and cameras need OpenCV ({error}): pip install 'lanmsff-plugins[faces]'") from None
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    capture = cv2.VideoCapture(source)
    if not capture.isOpened():
        raise DataError(f"{source} cannot be read as a video: damaged, or of a format that OpenCV does not know"
                        if isinstance(source, str) else f"no camera {source}; --camera 0 is the first")
    return capture


def _decoded(capture) -> Iterator[tuple[np.ndarray, float]]:
    while True:
        there, picture = capture.read()
        if not there:
            return
        yield np.ascontiguousarray(picture[..., ::-1]), capture.get(_TIME) / 1000


def open_sources(paths: Sequence[str | Path]) -> list[Photo | Video]:
    """Sources by their paths: the pictures of folders, videos by their suffix, photographs otherwise.

    Raises:
        FileNotFoundError: if there is nothing at a path.
        DataError: if a folder holds no picture.
    """
    sources: list[Photo | Video] = []
    for path in map(Path, paths):
        if path.is_dir():
            sources += map(Photo, find_pictures(path))
        elif not path.exists():
            raise FileNotFoundError(f"nothing at {path}; expected a photograph, a folder of them, or a video")
        else:
            sources.append(Video(path) if path.suffix.lower() in VIDEOS else Photo(path))
    return sources


def find_pictures(folder: str | Path) -> list[Path]:
    """The picture files in a folder and the folders in it, in order; hidden ones are left out, links are followed.

    Raises:
        DataError: if there is none.
    """
    found, seen = [], set()
    for place, folders, files in os.walk(folder, followlinks=True):
        real = os.path.realpath(place)
        if real in seen:  # a link to a folder above it
            folders.clear()
            continue
        seen.add(real)
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += [Path(place, name) for name in files
                  if not name.startswith(".") and Path(name).suffix.lower() in PICTURES]
    if not found:
        raise DataError(f"no pictures in {folder}; expected files such as .jpg or .png, in it or in folders in it")
    return sorted(found)
