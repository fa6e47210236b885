"""Drawn pictures as strangers have them: of several sizes and formats, names with blanks, other files among them."""
from pathlib import Path

import numpy as np
from PIL import Image

CLASSES = ("disc", "Square", "two words")


def draw_folders(root: Path, each: int = 10, seed: int = 0) -> Path:
    """A folder for each class, with ``each`` pictures."""
    rng = np.random.default_rng(seed)
    for label, name in enumerate(CLASSES):
        folder = root / name / "deeper"
        folder.mkdir(parents=True)
        for i in range(each):
            pixels = rng.integers(0, 100, (30 + i % 5, 40, 3), np.uint8)
            pixels[5 + 5 * label:15 + 5 * label, 8:24] = rng.integers(150, 255, 3)
            Image.fromarray(pixels).save((folder if i % 3 else folder.parent) / f"{i}.{'jpg' if i % 2 else 'PNG'}")
    (root / CLASSES[0] / "notes.txt").write_text("no picture")
    return root
