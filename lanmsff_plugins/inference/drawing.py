"""Pictures of what was read: boxes and bars on a photograph, the timeline of a video.

    annotated(picture, faces).save("boxes.jpg")
"""
import csv
import io
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from ..base.compat import default_font
from ..base.files import write_atomically
from .predictor import Face
from .tracks import Tracked

__all__ = ["COLOURS", "annotated", "draw_timeline", "encoded"]

COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#56b4e9", "#8c6d00", "#555555")
"""A colour a class, by its place: those of Okabe and Ito, which the colour-blind tell apart, and two more."""
SHOWN = 3  # bars a face


def annotated(picture: np.ndarray, faces: Sequence[Face | Tracked]) -> Image.Image:
    """A picture with a frame around each face, as it was cut out, its label, and bars of its strongest classes.

    Args:
        picture: (H, W) or (H, W, 3) uint8, RGB.
        faces: The faces in it; of a video their smoothed probabilities are shown.
    """
    image = Image.fromarray(picture).convert("RGB")
    draw = ImageDraw.Draw(image)
    for found in faces:
        face, scores = (found.face, found.smoothed) if isinstance(found, Tracked) else (found, found.scores)
        title = f"{found.track}: " if isinstance(found, Tracked) else ""
        colour_of = dict(zip(scores, COLOURS * len(scores)))
        best = sorted(scores, key=scores.__getitem__, reverse=True)[:SHOWN]
        colour = colour_of[best[0]]
        corners = _corners(face)
        draw.line([*corners, corners[0]], fill=colour, width=max(2, round(face.size / 50)))
        _bars(draw, image.size, face, title, {name: scores[name] for name in best}, colour_of)
    return image


def _corners(face: Face) -> list[tuple[float, float]]:
    if face.square is None:
        x, y, width, height = face.box
        return [(x, y), (x + width - 1, y), (x + width - 1, y + height - 1), (x, y + height - 1)]
    half, angle = face.square.side / 2, math.radians(face.square.roll)
    along, across = half * math.cos(angle), half * math.sin(angle)
    x, y = face.square.x, face.square.y
    return [(x + a * along - b * across, y + a * across + b * along) for a, b in ((-1, -1), (1, -1), (1, 1), (-1, 1))]


def _bars(draw: ImageDraw.ImageDraw, size: tuple[int, int], face: Face, title: str, scores: Mapping[str, float],
          colour_of: Mapping[str, str]) -> None:
    """The strongest classes below the face, or above it where the picture ends."""
    height = min(max(10, round(face.size / 9)), 28)
    width = height * 8
    corners = _corners(face)
    left = min(max(0, min(x for x, _ in corners)), max(0, size[0] - width))
    top = max(y for _, y in corners) + 3
    if top + height * len(scores) > size[1]:
        top = max(0, min(y for _, y in corners) - 3 - height * len(scores))
    font = default_font(height * .75)
    for i, (name, score) in enumerate(scores.items()):
        y = top + i * height
        draw.rectangle([left, y, left + width, y + height], fill="#ffffff")
        draw.rectangle([left, y, left + width * score, y + height], fill=colour_of[name])
        draw.text((left + 2, y), f"{title if i == 0 else ''}{name} {score:.2f}", fill="#000000", font=font,
                  stroke_width=2, stroke_fill="#ffffff")


def encoded(image: Image.Image | np.ndarray, suffix: str = ".jpg") -> bytes:
    """A picture as the bytes of a file, .jpg or .png."""
    content = io.BytesIO()
    picture = Image.fromarray(image) if isinstance(image, np.ndarray) else image
    picture.save(content, "PNG" if suffix == ".png" else "JPEG", **({} if suffix == ".png" else {"quality": 90}))
    return content.getvalue()


def draw_timeline(timeline: str | Path, path: str | Path, classes: Sequence[str]) -> None:
    """Draw the timeline of a video: a panel a face, time across, the probabilities of the classes as lines.

    The smoothed probabilities are drawn, the raw ones faintly behind them; classes that never reach 0.2 are left out.
    matplotlib is imported only here.

    Args:
        timeline: The CSV that ``lanmsff predict --save`` writes.
        path: The picture, .png or .svg.
        classes: Names of the classes, in the order of the weights' card.
    """
    from matplotlib.figure import Figure

    tracks: dict[int, list[dict]] = defaultdict(list)
    with open(timeline, newline="") as file:
        for row in csv.DictReader(file):
            tracks[int(row["track"])].append(row)
    longest = sorted(tracks, key=lambda track: -len(tracks[track]))[:8]
    figure = Figure(figsize=(10, 1 + 2 * max(1, len(longest))), layout="constrained")
    axes = figure.subplots(max(1, len(longest)), 1, sharex=True, squeeze=False)[:, 0]
    for panel, track in zip(axes, sorted(longest)):
        times = [float(row["time"]) for row in tracks[track]]
        for name, colour in zip(classes, COLOURS * len(classes)):
            smoothed = [float(row[f"{name}_smoothed"]) for row in tracks[track]]
            if max(smoothed) >= .2:
                panel.plot(times, [float(row[name]) for row in tracks[track]], color=colour, alpha=.25, linewidth=.7)
                panel.plot(times, smoothed, color=colour, label=name)
        panel.set(ylim=(0, 1), ylabel=f"face {track}")
        panel.legend(loc="upper right", fontsize="small", ncols=4)
    axes[-1].set_xlabel("seconds" if longest else "no face found")
    content = io.BytesIO()
    figure.savefig(content, format=Path(path).suffix[1:])
    write_atomically(path, content.getvalue())
