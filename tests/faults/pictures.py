"""Pictures as cameras and tools leave them, and files that are none; one that cannot be read is named, others go on."""
import io
import json
import random as random_module
from pathlib import Path
from random import Random

import numpy as np
from PIL import Image

from .case import Case, Family, Outcome

__all__ = ["FAMILIES"]

MODES = ("L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "1", "I;16", "F")
FORMATS = {"png": ("L", "LA", "P", "RGB", "RGBA", "1", "I;16"), "jpg": ("L", "RGB", "CMYK", "YCbCr"),
           "tif": ("L", "RGB", "RGBA", "CMYK", "I;16", "F"), "bmp": ("L", "RGB", "P", "1"), "webp": ("RGB", "RGBA"),
           "gif": ("L", "P")}
DAMAGED = ("cut off", "empty", "text", "random bytes", "zeros", "a folder", "missing", "a head only")


def _picture(mode: str, width: int, height: int, seed: int) -> Image.Image:
    rng = np.random.default_rng(seed)
    grey = rng.integers(0, 256, (height, width), np.uint8)
    if mode == "I;16":
        return Image.fromarray(grey.astype(np.uint16) * 257)
    if mode == "F":
        return Image.fromarray(grey.astype(np.float32))
    return Image.fromarray(grey).convert(mode)


def sound(random: Random) -> Case:
    """A picture in one of the formats, modes and sizes that there are: one face, read."""
    suffix = random.choice(list(FORMATS))
    mode = random.choice(FORMATS[suffix])
    width, height, turned = random.choice([1, 2, 17, 48, 300]), random.choice([1, 3, 48, 200]), random.randrange(1, 9)
    name, seed = f"face.{suffix}", random.randrange(1000)

    def prepare(folder: Path) -> None:
        exif = Image.Exif()
        exif[0x112] = turned
        options = {"exif": exif} if suffix in ("jpg", "png", "webp", "tif") else {}
        _picture(mode, width, height, seed).save(folder / name, **options)

    def right(folder: Path, outcome: Outcome) -> None:
        face, = map(json.loads, outcome.stdout.splitlines())
        assert 0.99 < sum(face["scores"].values()) < 1.01, face["scores"]

    return Case(f"{suffix} {mode}, {width}x{height}, turned {turned}", ("predict", name, "--no-detect", "--json"),
                prepare, right, must_be_taken=True)


def damaged(random: Random) -> Case:
    """A picture that cannot be read, and one behind it that can."""
    what, suffix, at = random.choice(DAMAGED), random.choice(["png", "jpg", "tif", "bmp"]), random.random()

    def prepare(folder: Path) -> None:
        content = io.BytesIO()
        _picture("L", 48, 48, 0).save(content, {"jpg": "JPEG", "tif": "TIFF"}.get(suffix, suffix.upper()))
        content = content.getvalue()
        Image.fromarray(np.zeros((48, 48), np.uint8)).save(folder / "good.png")
        bad = folder / f"bad.{suffix}"
        if what == "a folder":
            bad.mkdir()
        elif what != "missing":
            bad.write_bytes({
                "cut off": content[:int(len(content) * (0.1 + 0.5 * at))], "empty": b"", "text": b"no picture\n",
                "random bytes": random_module.Random(at).randbytes(500), "zeros": bytes(500),
                "a head only": content[:8]}[what])

    def right(folder: Path, outcome: Outcome) -> None:
        assert len(outcome.stdout.splitlines()) == 1 and "good.png" in outcome.stdout, "the good picture is not read"
        lines = outcome.stderr.strip().splitlines()
        assert len(lines) <= 2 and lines[0].startswith("error: ") and f"bad.{suffix}" in lines[0], lines

    refused = what in ("missing", "a folder")  # before anything is read
    return Case(f"bad.{suffix}: {what} ({at:.2f})", ("predict", f"bad.{suffix}", "good.png", "--no-detect", "--json"),
                prepare, None if refused else right, status=1)


FAMILIES = [Family("predict", "data", sound), Family("predict", "data", damaged)]
