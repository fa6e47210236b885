"""Write the pictures that the page and ``lanmsff predict`` are compared on, and what Pillow makes of some.

    python web/tests/pictures.py build/web/pictures

The one photograph of a face that a package ships and everybody may use is scikit-image's astronaut, in the public
domain; the others are made of it.
"""
import json
import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps
from skimage import data

BILINEAR = Image.Resampling.BILINEAR


def group(face: Image.Image) -> Image.Image:
    """Six faces of several sizes, leaning and mirrored, before a brick wall."""
    scene = Image.fromarray(data.brick()).convert("RGB").resize((1000, 700), BILINEAR)
    portrait = face.crop((110, 0, 330, 230))
    for i, (size, roll) in enumerate([(300, 0), (220, -25), (180, 15), (150, 0), (120, 40), (90, -5)]):
        one = portrait if i % 2 else ImageOps.mirror(portrait)
        one = one.resize((size, round(size * 230 / 220)), BILINEAR).convert("RGBA").rotate(roll, BILINEAR, expand=True)
        scene.paste(one, (20 + i % 3 * 320, 20 + i // 3 * 360), one)
    return scene


def write_pictures(folder: Path) -> None:
    face = Image.fromarray(data.astronaut())
    folder.mkdir(parents=True, exist_ok=True)
    face.save(folder / "astronaut.png")
    face.save(folder / "photo.jpg", quality=92)
    group(face).save(folder / "group.png")
    for roll in (-50, 20, 75):
        face.rotate(roll, BILINEAR, expand=True).save(folder / f"rolled_{roll}.png")
    face.resize((2100, 2100), BILINEAR).save(folder / "large.png")
    face.resize((181, 181), BILINEAR).save(folder / "small.png")
    face.crop((150, 20, 300, 220)).resize((1500, 2000), BILINEAR).save(folder / "filling.png")
    face.convert("L").save(folder / "grey.png")
    exif = Image.Exif()
    exif[0x112] = 6  # to be turned by 90 degrees
    face.transpose(Image.Transpose.ROTATE_90).save(folder / "turned_by_exif.jpg", quality=92, exif=exif)
    see_through = face.convert("RGBA")
    see_through.putalpha(Image.linear_gradient("L").resize(face.size))
    see_through.save(folder / "see_through.png")
    Image.fromarray(data.coffee()).save(folder / "nobody.png")


def pillow() -> dict:
    """A random picture, scaled and turned by Pillow."""
    pixels = np.random.default_rng(0).integers(0, 256, (37, 53, 3), np.uint8)
    picture = Image.fromarray(pixels)

    def listed(image: Image.Image) -> list[int]:
        return np.asarray(image).ravel().tolist()

    return {
        "width": 53, "height": 37, "pixels": listed(picture), "grey": listed(picture.convert("L")),
        "resized": [{"width": width, "height": height, "pixels": listed(picture.resize((width, height), BILINEAR))}
                    for width, height in [(64, 64), (53, 20), (17, 37), (5, 3), (160, 111), (1, 1)]],
        "rotated": [{"degrees": degrees, "pixels": listed(picture.crop((0, 0, 37, 37)).rotate(degrees, BILINEAR))}
                    for degrees in [11.5, -33, 90, 180, 271.25]]}


if __name__ == "__main__":
    write_pictures(Path(sys.argv[1]))
    Path(sys.argv[1], "..", "pillow.json").write_text(json.dumps(pillow()))
