"""The one way from a picture's array to the tensor that the networks take.

    to_tensor(read_picture("face.png"))  # (1, 64, 64)

Bilinear with antialiasing, straight to the network's side, as Pillow resizes 8-bit pictures: the rule that timm's
transform of these models follows too (``interpolation='bilinear'``, ``crop_pct=1.0``, ``crop_mode='squash'``). It was
chosen by measurement; ``tools/scaling.py`` repeats it, and docs/results.md has the table.
"""
from collections.abc import Iterable

import numpy as np
import torch
from PIL import Image
from torch import Tensor

__all__ = ["SIDE", "resize", "to_batch", "to_tensor"]

SIDE = 64  # pixels of the faces that LANMSFF was trained on


def resize(picture: np.ndarray, side: int = SIDE) -> np.ndarray:
    """(H, W) or (H, W, 3) uint8 to (side, side) or (side, side, 3) uint8; the aspect is not kept."""
    if picture.shape[:2] == (side, side):
        return picture
    return np.array(Image.fromarray(picture).resize((side, side), Image.Resampling.BILINEAR))


def to_tensor(picture: np.ndarray, side: int = SIDE) -> Tensor:
    """A grey picture (H, W) uint8 of a face as (1, side, side) float32 between 0 and 1."""
    return torch.from_numpy(resize(picture, side)[None].astype(np.float32) / 255)


def to_batch(pictures: Iterable[np.ndarray], side: int = SIDE) -> Tensor:
    """Grey pictures (H, W) uint8, each of any size, as (N, 1, side, side) float32."""
    return torch.stack([to_tensor(picture, side) for picture in pictures])
