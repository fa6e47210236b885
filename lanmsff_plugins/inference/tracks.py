"""Faces through a video: which box is the same face as before, and its expression smoothed over time.

    tracker = Tracker()
    for frame in video.frames():
        for tracked in tracker.update(reader([frame.picture])[0], frame.time):
            tracked.track, tracked.label
"""
import math
from collections.abc import Sequence
from dataclasses import dataclass

from .crops import overlap
from .predictor import Face

__all__ = ["Tracked", "Tracker"]


@dataclass(frozen=True)
class Tracked:
    """A face of a video.

    Attributes:
        track: Number of the person's track, from 1.
        face: The face as it was read in this frame.
        smoothed: The probabilities of all classes, averaged over the last moments of the track.
    """

    track: int
    face: Face
    smoothed: dict[str, float]

    @property
    def label(self) -> str:
        """The strongest class of the smoothed probabilities."""
        return max(self.smoothed, key=self.smoothed.__getitem__)


class Tracker:
    """Joins the faces of successive frames to tracks by the overlap of their boxes, the largest overlaps first.

    Args:
        least: Intersection over union below which two boxes are not the same face. 0.3, since a head moves by less than
            half its width between two frames.
        patience: Seconds for which a face may be missing, as behind a hand, and still goes on as the same track.
        memory: Time constant of the smoothing, in seconds: what is older than this counts less than 1/e. The
            smoothing is an exponential average, so that a camera needs no look ahead.
    """

    def __init__(self, least: float = .3, patience: float = 1., memory: float = .5):
        self.least, self.patience, self.memory = least, patience, memory
        self._last: dict[int, tuple[Tracked, float]] = {}  # by track: what was seen last, and when
        self._tracks = 0

    def update(self, faces: Sequence[Face], seconds: float) -> list[Tracked]:
        """The faces of the next frame with their tracks, in the same order.

        Args:
            faces: The faces of the frame.
            seconds: The time of the frame.
        """
        self._last = {track: last for track, last in self._last.items() if seconds - last[1] <= self.patience}
        pairs = sorted(((overlap(last.face.box, face.box), track, i)
                        for track, (last, _) in self._last.items() for i, face in enumerate(faces)), reverse=True)
        track_of: dict[int, int] = {}
        for shared, track, i in pairs:
            if shared >= self.least and i not in track_of and track not in track_of.values():
                track_of[i] = track
        tracked = []
        for i, face in enumerate(faces):
            if i not in track_of:
                self._tracks += 1
            track = track_of.get(i, self._tracks)
            tracked.append(Tracked(track, face, self._smooth(track, face, seconds)))
            self._last[track] = tracked[-1], seconds
        return tracked

    def _smooth(self, track: int, face: Face, seconds: float) -> dict[str, float]:
        if track not in self._last:
            return dict(face.scores)
        last, then = self._last[track]
        keep = math.exp(-max(0., seconds - then) / self.memory)
        return {name: keep * last.smoothed[name] + (1 - keep) * score for name, score in face.scores.items()}
