"""Many small grey pictures in one, with a line of text below each."""
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from ..base.compat import default_font

__all__ = ["contact_sheet"]


def contact_sheet(pictures: Sequence[np.ndarray], captions: Sequence[str], columns: int = 12) -> Image.Image:
    """Lay pictures out in rows.

    Args:
        pictures: (H, W) uint8 each, all of one size.
        captions: A short text for each; what does not fit its width is cut.
        columns: Pictures in a row.

    Raises:
        ValueError: if there is no picture.
    """
    if len(pictures) == 0:
        raise ValueError("a contact sheet needs a picture, got none")
    height, width = pictures[0].shape
    rows = -(-len(pictures) // columns)
    step_x, step_y = width + 2, height + 13
    sheet = Image.new("L", (min(columns, len(pictures)) * step_x, rows * step_y), 255)
    canvas, font = ImageDraw.Draw(sheet), default_font(9)
    for i, (picture, caption) in enumerate(zip(pictures, captions)):
        x, y = i % columns * step_x, i // columns * step_y
        sheet.paste(Image.fromarray(picture), (x, y))
        while caption and canvas.textlength(caption, font) > width:
            caption = caption[:-1]
        canvas.text((x, y + height), caption, 0, font)
    return sheet
