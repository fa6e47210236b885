"""One drawn face: an expression, a view, a person with a look of their own, light and noise."""
import math
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

__all__ = ["EXPRESSIONS", "Expression", "draw_face"]

SIDE = 48  # pixels, as FER-2013 has them
_SUPERSAMPLING = 4  # drawn so much larger, then averaged: Pillow's lines have hard edges


@dataclass(frozen=True)
class Expression:
    """What makes an expression, each between -1 and 1, 0 for a face at rest.

    Attributes:
        smile: Corners of the mouth up or down.
        open: How far the mouth is open, from 0.
        width: The mouth's width.
        brow: Brows raised or lowered.
        frown: Inner ends of the brows down, or up as in grief.
        eyes: Eyes wide or narrow.
        wrinkle: Lines beside the nose, from 0.
        skew: One corner of the mouth only.
    """

    smile: float = 0.
    open: float = 0.
    width: float = 0.
    brow: float = 0.
    frown: float = 0.
    eyes: float = 0.
    wrinkle: float = 0.
    skew: float = 0.


EXPRESSIONS = {
    "neutral": Expression(),
    "happiness": Expression(smile=1., open=.25, width=.5, eyes=-.3),
    "surprise": Expression(open=1., width=-.5, brow=1., eyes=1.),
    "sadness": Expression(smile=-.8, frown=-1., eyes=-.4, brow=.2),
    "anger": Expression(smile=-.4, frown=1., brow=-.8, eyes=-.2, width=-.2),
    "disgust": Expression(smile=-.6, open=.15, wrinkle=1., eyes=-.8, brow=-.4),
    "fear": Expression(smile=-.5, open=.5, width=.6, brow=.8, frown=-.8, eyes=.8),
    "contempt": Expression(skew=1., eyes=-.3),
}


def draw_face(expression: str, yaw: float, person: int, rng: np.random.Generator, side: int = SIDE) -> np.ndarray:
    """Draw one face.

    Args:
        expression: A key of ``EXPRESSIONS``.
        yaw: Turn of the head in degrees, from -90 (to the left of the picture) to 90.
        person: Seed of the face's own look: its shape, tones and features.
        rng: Source of what differs between two pictures of one person.
        side: Side of the picture in pixels.

    Returns:
        (side, side) uint8.
    """
    look = np.random.default_rng([person, 1]).uniform(-1, 1, 10)
    strength = rng.uniform(0.75, 1.1)
    params = {name: strength * value + rng.normal(0, 0.06) for name, value in vars(EXPRESSIONS[expression]).items()}
    picture = _Picture(side * _SUPERSAMPLING, yaw + rng.normal(0, 4), tones=170 + 35 * look[0])
    picture.head(0.70 + 0.05 * look[1], 0.88 + 0.05 * look[2], hair=60 + 40 * look[3])
    picture.nose(0.30 + 0.05 * look[4], params["wrinkle"])
    for eye in (-1, 1):
        picture.eye(eye * (0.31 + 0.03 * look[5]), -0.12 + 0.02 * look[6], 0.075 * (1 + 0.55 * params["eyes"]))
        picture.brow(eye * (0.31 + 0.03 * look[5]), -0.33 - 0.08 * params["brow"] + 0.02 * look[7],
                     0.09 * params["frown"], 0.05 + 0.015 * look[8])
    picture.mouth(0.50 + 0.02 * look[9], 0.27 * (1 + 0.3 * params["width"]), 0.15 * params["smile"],
                  0.15 * max(0., params["open"]), 0.15 * params["skew"])
    return _photograph(picture.image, side, rng)


class _Picture:
    """A head on a canvas; places are in units of half the canvas, x to the right and y down, from its centre."""

    def __init__(self, side: int, yaw: float, tones: float):
        self.side = side
        self.yaw = math.radians(max(-90., min(90., yaw)))
        self.skin = tones
        self.image = Image.new("L", (side, side), 105)
        self.canvas = ImageDraw.Draw(self.image)

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Where a place on the face comes to lie when the head, a ball, is turned."""
        x = max(-0.69, min(0.69, x))
        x = 0.7 * math.sin(math.asin(x / 0.7) + self.yaw)
        return (1 + x) * self.side / 2, (1 + y) * self.side / 2

    def hidden(self, x: float) -> bool:
        return abs(math.asin(max(-1., min(1., x / 0.7))) + self.yaw) > 0.48 * math.pi

    def curve(self, points: list[tuple[float, float]], tone: float, thickness: float) -> None:
        self.canvas.line([self.at(x, y) for x, y in points], int(tone), round(thickness * self.side / 2), "curve")

    def ellipse(self, x: float, y: float, rx: float, ry: float, tone: float) -> None:
        self.canvas.ellipse([(1 + x - rx) * self.side / 2, (1 + y - ry) * self.side / 2,
                             (1 + x + rx) * self.side / 2, (1 + y + ry) * self.side / 2], int(tone))

    def head(self, width: float, height: float, hair: float) -> None:
        back = -0.12 * math.sin(self.yaw)  # the back of the head comes into view
        self.ellipse(back, -0.08, width + 0.08, height + 0.04, hair)
        self.ellipse(0, 0.06, width, height - 0.04, self.skin)
        self.ellipse(back * 2.5, -0.62, width * 0.8, 0.26, hair)

    def eye(self, x: float, y: float, openness: float) -> None:
        if self.hidden(x):
            return
        outline = [self.at(x + 0.12 * math.cos(t), y + openness * math.sin(t)) for t in np.linspace(0, 2 * math.pi, 20)]
        self.canvas.polygon(outline, 240, 40)
        cx, cy = self.at(x, y)
        r = min(openness, 0.06) * self.side / 2
        self.canvas.ellipse([cx - r, cy - r, cx + r, cy + r], 30)

    def brow(self, x: float, y: float, frown: float, thickness: float) -> None:
        if self.hidden(x):
            return
        outwards = math.copysign(0.15, x)
        self.curve([(x - outwards, y + frown), (x, y - 0.03), (x + outwards, y - frown)], 45, thickness)

    def nose(self, length: float, wrinkle: float) -> None:
        tip = 0.10 * math.sin(self.yaw) * 2
        top, bottom = self.at(0.02, -0.05), self.at(0.0, -0.05 + length)
        bottom = (bottom[0] + tip * self.side / 2, bottom[1])
        self.canvas.line([top, bottom, self.at(0.09, length)], int(self.skin - 60), round(0.035 * self.side / 2))
        if wrinkle > 0.3:
            for side in (-1, 1):
                if not self.hidden(side * 0.2):
                    self.curve([(side * 0.13, 0.10), (side * 0.24, 0.26), (side * 0.30, 0.42)], self.skin - 80, 0.04)

    def mouth(self, y: float, width: float, smile: float, openness: float, skew: float) -> None:
        across = [x for x in np.linspace(-1, 1, 15) if not self.hidden(x * width)]
        if len(across) < 2:
            return

        def corner(x: float) -> float:
            return y - smile * (x * x - 0.4) - skew * max(0., x) ** 2

        upper = [(x * width, corner(x) - openness * (1 - x * x) * 0.6) for x in across]
        lower = [(x * width, corner(x) + openness * (1 - x * x) * 1.2) for x in across]
        if openness > 0.02:
            self.canvas.polygon([self.at(*point) for point in upper + lower[::-1]], 30)
        self.curve(upper, 70, 0.045)
        self.curve(lower, 70, 0.045)


def _photograph(image: Image.Image, side: int, rng: np.random.Generator) -> np.ndarray:
    """Tilt and place the picture, light it from somewhere, and add the sensor's noise."""
    shift = rng.uniform(-0.04, 0.04, 2) * image.width
    image = image.rotate(rng.uniform(-8, 8), Image.Resampling.BILINEAR, translate=tuple(shift), fillcolor=105)
    pixels = np.asarray(image.resize((side, side), Image.Resampling.BOX), np.float32)
    y, x = np.mgrid[-1:1:side * 1j, -1:1:side * 1j]
    angle = rng.uniform(0, 2 * math.pi)
    light = 1 + rng.uniform(0, 0.35) * (math.cos(angle) * x + math.sin(angle) * y)
    pixels = pixels * light * rng.uniform(0.75, 1.2) + rng.normal(0, 5, pixels.shape)
    return pixels.clip(0, 255).astype(np.uint8)
