"""Write the pictures of the page about faces: what `lanmsff predict --save` makes of a photograph and of a video.

    python docs/pictures.py    # faces.webp and timeline.webp

Both are made of scikit-image's astronaut (NASA, public domain). The extra ``faces`` and scikit-image are needed.
`node web/tests/screenshot.js` writes page.webp, the picture of the page in the browser.
"""
import tempfile
from pathlib import Path

import cv2
import numpy as np
from PIL import Image
from skimage import data

from lanmsff_plugins.cli.main import main

DOCS = Path(__file__).resolve().parent
MOUTH, SKIN = (195, 135, 260, 165), (200, 150, 130)
FPS = 10


def fading_mouth(seconds: float) -> np.ndarray:
    """The astronaut (480, 512, 3), whose mouth fades out and in again within 6 seconds."""
    face = Image.fromarray(data.astronaut())
    mouth = face.crop(MOUTH)
    faded = (1 - np.cos(np.pi * seconds / 3)) / 2
    face.paste(Image.blend(mouth, Image.new("RGB", mouth.size, SKIN), faded), MOUTH)
    return np.asarray(face)[:480]


def write_video(path: Path, seconds: float = 12.) -> None:
    frames = [fading_mouth(i / FPS) for i in range(round(seconds * FPS))]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), FPS, frames[0].shape[1::-1])
    for frame in frames:
        writer.write(np.ascontiguousarray(frame[..., ::-1]))
    writer.release()


def write_pictures() -> None:
    with tempfile.TemporaryDirectory() as folder:
        photo, video, out = Path(folder, "photo.png"), Path(folder, "video.mp4"), Path(folder, "out")
        Image.fromarray(data.astronaut()).save(photo)
        write_video(video)
        main("predict", [str(photo), str(video), "--save", str(out)])
        with Image.open(out / "photo.png.boxes.jpg") as boxes:
            boxes.crop((0, 0, 512, 384)).save(DOCS / "faces.webp", quality=85)
        with Image.open(out / "video.mp4.timeline.png") as timeline:
            timeline.thumbnail((800, 800))
            timeline.save(DOCS / "timeline.webp", quality=90)


if __name__ == "__main__":
    write_pictures()
