"""Whether `lanmsff predict` holds its memory over many photographs and over a long video. Needs a checkout.

    python tools/memory.py --write                       # 1,000 photographs and ten minutes, a table for docs/faces.md
    python tools/memory.py --photographs 50 --minutes 0.2

The photographs show scikit-image's astronaut, at many sizes and places, in its pictures without people; in the video
she moves about. The extra ``faces`` and scikit-image are needed. Memory is what the process holds resident when a share
of the pictures has been read, and the rate is that of the whole run, with loading.
"""
import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
from photographs import FRAME, SCENES, scikit_image_folder
from PIL import Image

from lanmsff_plugins.base.progress import progress
from lanmsff_plugins.base.tables import markdown, replace_section
from lanmsff_plugins.cli.shell import shell
from lanmsff_plugins.pictures import read_picture

ROOT = Path(__file__).resolve().parent.parent
FACE = 150, 0, 300, 200  # of the astronaut's picture: her head
FPS = 10
SHARES = (.1, .5, 1.)


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photographs", type=int, default=1000, help="how many; 0 for none (default: %(default)s)")
    parser.add_argument("--minutes", type=float, default=10.,
                        help="length of the video; 0 for none (default: %(default)s)")
    parser.add_argument("--write", action="store_true", help="put the table into docs/faces.md")
    args = parser.parse_args()
    if min(args.photographs, args.minutes) < 0:
        parser.error("--photographs and --minutes take numbers from 0 up")
    if args.write and any(getattr(args, name) != parser.get_default(name) for name in ("photographs", "minutes")):
        parser.error("--write takes no other option: the table in docs/faces.md is that of the defaults")
    return args


def photographs() -> tuple[Image.Image, list[Image.Image]]:
    """The astronaut's head, and the photographs without people."""
    folder = scikit_image_folder()
    head = Image.fromarray(read_picture(folder / "astronaut.png", colour=True)).crop(FACE)
    return head, [Image.fromarray(read_picture(folder / name, colour=True)) for name in SCENES]


def write_photographs(folder: Path, count: int) -> None:
    """JPEGs of 640 to 1600 pixels, numbered, with a head in each."""
    head, scenes = photographs()
    rng = np.random.default_rng(0)
    for i in progress(range(count), "photographs", count):
        width = int(rng.integers(640, 1601))
        picture = scenes[i % len(scenes)].resize((width, width * 3 // 4), Image.Resampling.BILINEAR)
        part = head.resize((width // 5, width // 5 * head.height // head.width), Image.Resampling.BILINEAR)
        picture.paste(part, (int(rng.integers(picture.width - part.width)),
                             int(rng.integers(picture.height - part.height))))
        picture.save(folder / f"{i:06d}.jpg", quality=90)


def write_video(path: Path, frames: int) -> None:
    """The head goes round once in ten seconds."""
    head, scenes = photographs()
    scene = scenes[0].resize(FRAME)
    middle = (FRAME[0] - head.width) / 2, (FRAME[1] - head.height) / 2
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), FPS, FRAME)
    for i in progress(range(frames), "frames", frames):
        angle = 2 * np.pi * i / FPS / 10
        frame = scene.copy()
        frame.paste(head, (round(middle[0] * (1 + np.cos(angle))), round(middle[1] * (1 + np.sin(angle)))))
        writer.write(np.asarray(frame)[..., ::-1])
    writer.release()


def watch(source: Path, total: int) -> tuple[list[float], float]:
    """MiB that the command holds when it has read each of ``SHARES`` of a source's pictures, and pictures a second."""
    start = time.perf_counter()
    held: dict[int, float] = {}  # by the number of pictures that have been read
    with subprocess.Popen([sys.executable, "-m", "lanmsff_plugins", "predict", str(source), "--json"], cwd=ROOT,
                          stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            face = json.loads(line)
            done = 1 + (int(Path(face["file"]).stem) if face["frame"] is None else face["frame"])
            held[done] = resident(process.pid) or held[max(held)]
    if process.returncode:
        raise OSError(f"lanmsff predict ended with status {process.returncode} after {max(held, default=0)} pictures")
    return ([held[max(done for done in held if done <= share * total)] for share in SHARES],
            total / (time.perf_counter() - start))


def resident(process: int) -> float | None:
    """MiB; None where the process has ended."""
    found = re.search(r"VmRSS:\s*(\d+) kB", Path(f"/proc/{process}/status").read_text())
    return int(found[1]) / 1024 if found else None


def run() -> None:
    args = parse_args()
    frames, rows = round(args.minutes * 60 * FPS), []
    with tempfile.TemporaryDirectory() as folder:
        pictures, video = Path(folder, "photographs"), Path(folder, "video.mp4")
        pictures.mkdir()
        for name, source, total, write in (
                (f"{args.photographs:,} photographs", pictures, args.photographs, write_photographs),
                (f"a video of {args.minutes:g} minutes, {frames:,} frames", video, frames, write_video)):
            if total:
                write(source, total)
                held, rate = watch(source, total)
                rows.append([name, *(f"{each:.0f}" for each in held), f"{rate:.1f}"])
                print(*rows[-1], sep="  ", file=sys.stderr, flush=True)
    table = markdown(["read", *(f"MiB at {share:.0%}" for share in SHARES), "pictures a second"], rows)
    print(table)
    if args.write:
        replace_section(ROOT / "docs" / "faces.md", "memory", table)


if __name__ == "__main__":
    with shell():
        run()
