"""What is kept of a video: the video with boxes, and its timeline as CSV and as a picture.

    recording = Recording(Path("out/talk.mp4"), classes)    # out/talk.mp4.boxes.mp4, .timeline.csv, .timeline.png
    recording.add(frame, tracked, fps=25)
    recording.close()
"""
import csv
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .drawing import annotated, draw_timeline
from .sources import Frame
from .tracks import Tracked

__all__ = ["Recording"]


class Recording:
    """Writes frame by frame, so that a long video takes no more memory than a short one, and an interruption keeps
    what is done.

    Args:
        place: Where the files go, without their suffixes.
        classes: Names of the classes, in the order of the weights' card.
    """

    def __init__(self, place: Path, classes: Sequence[str]):
        self.place, self.classes = place, tuple(classes)
        self.tracks: set[int] = set()  # faces so far
        place.parent.mkdir(parents=True, exist_ok=True)
        self._timeline = Path(f"{place}.timeline.csv")
        self._video = Path(f"{place}.boxes.mp4")
        # OpenCV knows a video by its suffix, and an mp4 can be played only once it is closed.
        self._unfinished = self._video.with_name(f".{self._video.name}.unfinished.mp4")
        self._writer: Any = None  # OpenCV's, once the size is known
        self._last: np.ndarray  # the last picture written, BGR
        self._written = 0
        self._file = open(self._timeline, "w", newline="", encoding="utf-8")
        self._rows = csv.writer(self._file, lineterminator="\n")
        self._rows.writerow(["frame", "time", "track", "label", "label_smoothed", "x", "y", "width", "height",
                             *self.classes, *(f"{name}_smoothed" for name in self.classes)])

    def add(self, frame: Frame, tracked: Sequence[Tracked], fps: float, live: bool = False) -> None:
        """Add a frame with its faces; the first one sets the size and the speed of the video.

        Args:
            frame: The frame.
            tracked: Its faces.
            fps: Frames a second of the video.
            live: Keep to the frames' own times, as for a camera, whose frames are dropped while faces are read or which
                is faster than it says: repeat the frame before until the time of this one, or leave this one out.
        """
        import cv2

        if self._writer is None:
            height, width = frame.picture.shape[:2]
            self._size = width, height
            self._writer = cv2.VideoWriter(str(self._unfinished), cv2.VideoWriter.fourcc(*"mp4v"), fps, self._size)
            if not self._writer.isOpened():
                raise OSError(f"{self._video} cannot be written: OpenCV has no encoder for {width}x{height} pixels")
        due = round((frame.time or 0.) * fps)
        while live and 0 < self._written < due:
            self._write(self._last)
        if not live or self._written <= due + 1:  # one ahead is no more than an uneven step
            picture = np.asarray(annotated(frame.picture, tracked))
            self._write(np.ascontiguousarray(picture[..., ::-1]))
        for one in tracked:
            self.tracks.add(one.track)
            self._rows.writerow([
                frame.index, f"{frame.time:.3f}", one.track, one.face.label, one.label,
                *(f"{value:.1f}" for value in one.face.box),
                *(f"{one.face.scores[name]:.4f}" for name in self.classes),
                *(f"{one.smoothed[name]:.4f}" for name in self.classes)])

    def _write(self, picture: np.ndarray) -> None:
        self._writer.write(picture)
        self._last, self._written = picture, self._written + 1

    def close(self) -> None:
        """Finish the files, and draw the timeline."""
        self._file.close()
        if self._writer is None:  # nothing could be read
            self._timeline.unlink()
            return
        self._writer.release()
        os.replace(self._unfinished, self._video)
        draw_timeline(self._timeline, f"{self.place}.timeline.png", self.classes)
