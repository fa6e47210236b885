"""Any picture file as an upright array of bytes, grey or in colour.

    face = read_picture("photo.jpg")  # (H, W) uint8

Cameras turn pictures by a tag (EXIF) in place of the pixels; tools leave palettes, alpha, CMYK and 16 bits. Pillow
decodes them all; this module makes one thing of them. It needs Pillow and NumPy only.
"""
import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from .base.errors import DataError, one_line

__all__ = ["MAX_PIXELS", "opened", "read_picture", "to_array"]

MAX_PIXELS = 2 ** 27
"""Pictures with more pixels are refused before they are decoded: a file of some kilobytes can claim any size."""

_IMAGE_ERRORS = (OSError, SyntaxError, ValueError, Image.DecompressionBombError, EOFError)  # what Pillow raises


def read_picture(source: str | PathLike | bytes | Image.Image, colour: bool = False) -> np.ndarray:
    """Read a picture as it is meant to be looked at.

    The picture is turned as its EXIF tag says; 16 bits are scaled to 8; what is transparent becomes white; of an
    animation the first frame is taken. Grey is ITU-R 601's luma, as Pillow computes it. Colour profiles are ignored.

    Args:
        source: A file's path, its content, or a ``PIL.Image``.
        colour: Give RGB; grey by default.

    Returns:
        (H, W) uint8, or (H, W, 3) in colour.

    Raises:
        FileNotFoundError: if there is no such file.
        DataError: if it cannot be decoded, is larger than ``MAX_PIXELS``, or has floating-point values, whose range
            nothing tells.
    """
    if isinstance(source, Image.Image):
        return to_array(source, colour)
    place = "the picture" if isinstance(source, bytes) else str(source)
    if not isinstance(source, bytes) and not Path(source).is_file():
        raise FileNotFoundError(f"no picture at {source}")
    with opened(source, place) as image:
        return to_array(image, colour, place)


@contextmanager
def opened(source: str | PathLike | bytes, place: str) -> Iterator[Image.Image]:
    """Open a picture with Pillow; whatever fails to decode within is a DataError that names ``place``.

    Raises:
        DataError: if the picture is damaged, of no known format, or larger than ``MAX_PIXELS``.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # MAX_PIXELS is the limit here
            image = Image.open(io.BytesIO(source) if isinstance(source, bytes) else source)
        with image:
            if image.width * image.height > MAX_PIXELS:
                raise DataError(f"{place} has {image.width}x{image.height} pixels; expected at most {MAX_PIXELS:,}; "
                                "scale it down first")
            yield image
    except DataError:
        raise
    except _IMAGE_ERRORS as error:
        raise DataError(f"{place} cannot be read as a picture ({one_line(error)}); get the file anew") from None


def to_array(image: Image.Image, colour: bool = False, place: str = "the picture") -> np.ndarray:
    """A ``PIL.Image`` of any mode as :func:`read_picture` gives it.

    Raises:
        DataError: if its values are floating-point numbers, or 32-bit integers beyond 16 bits.
    """
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I"):
        image = _from_16_bits(image, place)
    elif image.mode == "F":
        raise DataError(f"{place} has floating-point values, whose range nothing tells; save it with 8 or 16 bits")
    if "transparency" in image.info or image.mode in ("LA", "La", "PA", "RGBA", "RGBa"):
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    if image.mode not in ("L", "RGB"):
        image = image.convert("L" if image.mode == "1" else "RGB")
    return np.array(image.convert("RGB" if colour else "L"))


def _from_16_bits(image: Image.Image, place: str) -> Image.Image:
    """Older releases of Pillow open a PNG of 16 bits as 32-bit integers."""
    values = np.asarray(image).astype(np.int64)
    if values.size and (values.min() < 0 or values.max() > 65_535):
        raise DataError(f"{place} has 32-bit values; save it with 8 or 16 bits")
    return Image.fromarray(((values * 255 + 32_767) // 65_535).astype(np.uint8))
