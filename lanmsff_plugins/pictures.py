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
from PIL import ExifTags, Image, TiffImagePlugin, UnidentifiedImageError

from .base.compat import require
from .base.errors import DataError, one_line

__all__ = ["MAX_PIXELS", "opened", "picture_size", "read_picture", "to_array"]

MAX_PIXELS = 2 ** 27
"""Pictures with more pixels are refused before they are decoded: a file of some kilobytes can claim any size."""

_TURN = {  # by EXIF's orientation; ImageOps.exif_transpose fails where it cannot write the other tags anew
    2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_270, 7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90}
_SIDEWAYS = (5, 6, 7, 8)


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
        TypeError: if ``source`` is none of the above.
    """
    if isinstance(source, Image.Image):
        place = _printable(getattr(source, "filename", "") or "the picture")
        with _errors_name(place):
            return to_array(source, colour, place)
    if not isinstance(source, (str, PathLike, bytes)):
        raise TypeError(f"a picture is a file's path, its bytes or a PIL.Image, got {type(source).__name__}")
    place = "the picture" if isinstance(source, bytes) else _printable(source)
    if not isinstance(source, bytes) and not Path(source).is_file():
        raise FileNotFoundError(f"no picture at {place}" + (": it is a folder" if Path(source).is_dir() else ""))
    with opened(source, place) as image:
        return to_array(image, colour, place)


def picture_size(path: str | PathLike) -> tuple[int, int]:
    """Width and height in pixels as :func:`read_picture` gives them, without decoding the picture.

    Raises:
        DataError: as :func:`opened`.
    """
    with opened(path, _printable(path)) as image:
        width, height = image.size
        if isinstance(image, TiffImagePlugin.TiffImageFile):  # before decoding, Pillow 11 gives the turned size
            width, height = image.tag_v2[TiffImagePlugin.IMAGEWIDTH], image.tag_v2[TiffImagePlugin.IMAGELENGTH]
        turned = image.getexif().get(ExifTags.Base.Orientation, 1) in _SIDEWAYS
        return (height, width) if turned else (width, height)


@contextmanager
def opened(source: str | PathLike | bytes, place: str) -> Iterator[Image.Image]:
    """Open a picture with Pillow; whatever fails to decode within is a DataError that names ``place``.

    Raises:
        DataError: if the picture is damaged, of no known format, without pixels, or larger than ``MAX_PIXELS``; if it
            is PostScript, a program that Pillow would have Ghostscript run.
    """
    # Not by its path: Pillow 11 to 13 maps a grey TIFF into memory then, and mixes up its rows if it is turned.
    with _errors_name(place), io.BytesIO(source) if isinstance(source, bytes) else open(source, "rb") as stream:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # MAX_PIXELS is the limit here
            image = Image.open(stream)
        with image:
            if image.format == "EPS":
                raise DataError(f"{place} is PostScript, which is not run here; save it as PNG")
            if image.format == "DDS":  # a damaged one takes older releases minutes, pixel by pixel
                try:
                    require("Pillow", "13", "reading DDS", "save it as PNG")
                except ImportError as error:
                    raise DataError(f"{place}: {error}") from None
            _check_size(image, place)
            yield image


def to_array(image: Image.Image, colour: bool = False, place: str = "the picture") -> np.ndarray:
    """A ``PIL.Image`` of any mode as :func:`read_picture` gives it.

    Raises:
        DataError: if it has no pixels or more than ``MAX_PIXELS``; if its values are floating-point numbers, or
            integers beyond 16 bits.
    """
    _check_size(image, place)
    image.load()
    turn = _TURN.get(image.getexif().get(ExifTags.Base.Orientation, 1))
    if turn is not None and image.format != "TIFF":  # Pillow has turned it; before 10.1 the tag stays
        image = image.transpose(turn)
    if image.mode.startswith("I"):
        image = _from_16_bits(image, place)
    elif image.mode == "F":
        raise DataError(f"{place} has floating-point values, whose range nothing tells; save it with 8 or 16 bits")
    elif image.mode == "La":
        image = image.convert("LA")
    if "transparency" in image.info or image.mode in ("LA", "PA", "RGBA", "RGBa"):
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    if image.mode not in ("L", "RGB"):
        image = image.convert("L" if image.mode == "1" else "RGB")
    return np.array(image.convert("RGB" if colour else "L"))


def _from_16_bits(image: Image.Image, place: str) -> Image.Image:
    """Older releases of Pillow open a PNG of 16 bits as 32-bit integers."""
    values = np.asarray(image)
    if values.min() < 0 or values.max() > 65_535:
        raise DataError(f"{place} has values beyond 16 bits; save it with 8 or 16 bits")
    grey = ((values.astype(np.uint32) * 255 + 32_767) // 65_535).astype(np.uint8)
    if "transparency" in image.info:
        grey[values == image.info["transparency"]] = 255
    return Image.fromarray(grey)


def _check_size(image: Image.Image, place: str) -> None:
    if not 0 < image.width * image.height <= MAX_PIXELS:
        raise DataError(f"{place} has {image.width}x{image.height} pixels; expected from 1 to {MAX_PIXELS:,} in all")


def _printable(path: str | PathLike) -> str:
    """A file's name may hold line breaks, or bytes that no terminal prints."""
    return str(path) if str(path).isprintable() else ascii(str(path))


@contextmanager
def _errors_name(place: str) -> Iterator[None]:
    """Make a DataError of whatever Pillow raises: its decoders meet damaged files with errors of nearly any class."""
    try:
        yield
    except DataError:
        raise
    except Exception as error:
        reason = "of no known format" if isinstance(error, UnidentifiedImageError) else one_line(error)
        remedy = " or scale it down" * isinstance(error, Image.DecompressionBombError)
        raise DataError(f"{place} cannot be read as an image ({reason}); get the file anew{remedy}") from None
