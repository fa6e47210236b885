"""Write the pictures that the page and ``lanmsff predict`` are compared on, a camera's view, and what Pillow computes.

    python web/tests/pictures.py web/build    # pictures/, camera.mjpeg and pillow.json

The one photograph of a face that a package ships and everybody may use is scikit-image's astronaut, in the public
domain; the others are made of it.
"""
import io
import json
import sys
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image, ImageFilter, ImageOps
from skimage import data

BILINEAR = Image.Resampling.BILINEAR


def distorted(face: Image.Image) -> dict[str, Image.Image]:
    """The astronaut so that the network is not sure of her smile: 1.00 on both sides would compare nothing."""
    covered, flipped = face.copy(), face.copy()
    covered.paste((200, 150, 130), (195, 135, 260, 165))
    flipped.paste(ImageOps.flip(face.crop((195, 140, 262, 172))), (195, 140))
    return {"covered": covered, "flipped_mouth": flipped, "upside_down": ImageOps.flip(face),
            "blurred": face.filter(ImageFilter.GaussianBlur(4)), "negative": ImageOps.invert(face),
            "tiny": face.resize((75, 75), BILINEAR)}


def group(faces: list[Image.Image]) -> Image.Image:
    """Six faces of several sizes, leaning, before a brick wall."""
    scene = Image.fromarray(data.brick()).convert("RGB").resize((1000, 700), BILINEAR)
    for i, (face, size, roll) in enumerate(zip(faces, (300, 220, 180, 150, 120, 90), (0, -25, 15, 0, 40, -5))):
        portrait = face.crop((110, 0, 330, 230)).resize((size, round(size * 230 / 220)), BILINEAR)
        turned = portrait.convert("RGBA").rotate(roll, BILINEAR, expand=True)
        scene.paste(turned, (20 + i % 3 * 320, 20 + i // 3 * 360), turned)
    return scene


def write_pictures(folder: Path) -> None:
    face = Image.fromarray(data.astronaut())
    others = distorted(face)
    unsure = others["flipped_mouth"]
    members = [face, others["covered"], ImageOps.mirror(face), unsure, others["blurred"], face]
    pictures = others | {
        "astronaut": face, "large": face.resize((2100, 2100), BILINEAR), "small": face.resize((181, 181), BILINEAR),
        "filling": face.crop((150, 20, 300, 220)).resize((1500, 2000), BILINEAR), "grey": face.convert("L"),
        "group": group(members), "nobody": Image.fromarray(data.coffee()), "see_through": face.convert("RGBA")}
    pictures["see_through"].putalpha(Image.linear_gradient("L").resize(face.size))
    pictures |= {f"rolled_{roll}": unsure.rotate(roll, BILINEAR, expand=True) for roll in (-50, 20, 75)}
    folder.mkdir(parents=True, exist_ok=True)
    for name, picture in pictures.items():
        picture.save(folder / f"{name}.png")
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6  # to be turned clockwise
    unsure.save(folder / "photo.jpg", quality=92)
    unsure.transpose(Image.Transpose.ROTATE_90).save(folder / "turned_by_exif.jpg", quality=92, exif=exif)


def camera() -> bytes:
    """What a fake camera shows, again and again, as Motion JPEG: the astronaut moves, and her mouth is covered."""
    face = Image.fromarray(data.astronaut())
    frames = io.BytesIO()
    for i in range(40):
        frame = Image.new("RGB", (640, 480), (90, 90, 90))
        frame.paste(distorted(face)["covered"] if 10 < i < 22 else face, (40 + min(i, 40 - i), 0))
        frame.save(frames, "JPEG", quality=90)
    return frames.getvalue()


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
    out = Path(sys.argv[1])
    write_pictures(out / "pictures")
    (out / "camera.mjpeg").write_bytes(camera())
    (out / "pillow.json").write_text(json.dumps(pillow()))
