"""Augmentation of a whole batch at a time, on the device that trains on it."""
from collections.abc import Sequence
from contextlib import nullcontext
from itertools import pairwise
from math import inf

import torch
import torch.nn.functional as F
from mmengine.logging import MessageHub
from mmpretrain.models.utils import ClsDataPreprocessor
from torch import Tensor, nn

from ...registry import MODELS, register

__all__ = ["FaceAugment", "FacePreprocessor"]


@register(MODELS)
class FacePreprocessor(ClsDataPreprocessor):
    """MMPretrain's preprocessor, which augments the batch when it trains.

    Args:
        augment: Config of a module that is called with the normalised batch (N, C, H, W), before mixup
            and the like would see it; None augments nothing.
        **kwargs: As for ``ClsDataPreprocessor``.
    """

    def __init__(self, augment: dict | None = None, **kwargs):
        super().__init__(**kwargs)
        self.augment = nn.Identity() if augment is None else MODELS.build(augment)

    def forward(self, data: dict, training: bool = False) -> dict:
        data = super().forward(data, training=False)  # in training it would mix the batch before it is augmented
        if training:
            data["inputs"] = self.augment(data["inputs"])
            if self.batch_augments is not None:
                samples = data["data_samples"]
                scores = torch.stack([sample.gt_score for sample in samples])
                data["inputs"], scores = self.batch_augments(data["inputs"], scores)
                for sample, score in zip(samples, scores):
                    sample.set_gt_score(score)
        return data

    def current_size(self) -> int | None:
        """The side of the pictures at this point of the training; None where the augmentation does not set one."""
        return self.augment.current_size() if type(self.augment) is FaceAugment else None

    def batch(self, pixels: Tensor, targets: Tensor, size: int | None = None) -> tuple[Tensor, Tensor]:
        """Normalise, augment and mix a training batch that is two tensors already.

        Args:
            pixels: (N, C, H, W) uint8.
            targets: (N,) classes or (N, classes) distributions.
            size: What :meth:`current_size` gives. It is an argument so that a compiled step need not ask.

        Returns:
            The inputs of the network and the targets, which are distributions where the batch is mixed.
        """
        inputs = super().forward({"inputs": pixels})["inputs"]
        inputs = self.augment(inputs) if size is None else self.augment(inputs, size)
        if self.to_onehot and targets.ndim == 1:
            targets = (targets[:, None] == torch.arange(self.num_classes, device=targets.device)).float()
        if self.batch_augments is not None:
            inputs, targets = self.batch_augments(inputs, targets)
        return inputs, targets


@register(MODELS)
class FaceAugment(nn.Module):
    """Mirror, rotate, scale, shift, relight and partly cover each face of a batch by draws of its own.

    One resampling does all of the geometry and the resizing.

    Args:
        size: Side of the output in pixels.
        early_sizes: Other sides for the parts of the training before its last, each as (share of the training
            at which it ends, side), in order. The network takes any size, and at 48 pixels a step costs nearly
            half of one at 64.
        degrees: Largest rotation to either side.
        scale: Largest change of size, as a share.
        translate: Largest shift along each axis, as a share of the side.
        brightness: Largest change of brightness; the range of grey is 1.
        contrast: Largest change of contrast, as a share.
        erase: Probability that a rectangle is covered with noise.
        erase_area: Smallest and largest area of it, as shares of the image.
        mirror: Probability that it is mirrored; 0 for what has a left and a right, such as letters.
        moved: Share of the faces that are rotated, scaled and shifted. This smooths them a little, which shows at the
            size of the data: faces that are tested are sharper there, as are those that are left where they are.

    Shape:
        (N, C, H, W) in [0, 1] to (N, C, size, size).

    Raises:
        ValueError: if a side is no whole number of 1 or more, the shares of ``early_sizes`` do not rise from above 0 to
            at most 1, a limit is negative, ``scale`` is 1 or more, or ``mirror``, ``moved``, ``erase`` and
            ``erase_area`` are no shares.
    """

    def __init__(self, size: int = 64, early_sizes: Sequence[tuple[float, int]] = (), degrees: float = 15.,
                 scale: float = 0.15, translate: float = 0.08, brightness: float = 0.2, contrast: float = 0.2,
                 erase: float = 0.25, erase_area: tuple[float, float] = (0.02, 0.2),
                 mirror: float = 0.5, moved: float = 1.):
        super().__init__()
        ends = [0, *(end for end, _ in early_sizes)]
        if any(a >= b for a, b in pairwise(ends)) or ends[-1] > 1:
            raise ValueError(f"early_sizes expects shares of the training that rise up to 1 at most, got {early_sizes}")
        for side in (size, *(side for _, side in early_sizes)):
            if not isinstance(side, int) or side < 1:
                raise ValueError(f"faces have sides of 1 pixel or more, got {side}")
        limits = {"degrees": degrees, "scale": scale, "translate": translate, "brightness": brightness,
                  "contrast": contrast}
        for name, limit in limits.items():
            if not 0 <= limit < inf:
                raise ValueError(f"{name} is a limit to either side, 0 or more, got {limit}")
        if scale >= 1:
            raise ValueError(f"scale is the largest change of size, below 1, got {scale}")
        if not 0 <= mirror <= 1:
            raise ValueError(f"mirror is a probability, got {mirror}")
        if not 0 <= moved <= 1:
            raise ValueError(f"moved is a share, from 0 to 1, got {moved}")
        if not 0 <= erase <= 1 or not 0 <= erase_area[0] <= erase_area[1] <= 1:
            raise ValueError(f"erase is a probability and erase_area two shares in order, got {erase} and {erase_area}")
        self.size, self.early_sizes = size, early_sizes
        self.degrees, self.scale, self.translate = degrees, scale, translate
        self.brightness, self.contrast = brightness, contrast
        self.erase, self.erase_area, self.mirror, self.moved = erase, erase_area, mirror, moved

    def forward(self, x: Tensor, size: int | None = None) -> Tensor:
        # In half precision, places would be off by half a pixel; PyTorch knows no autocast for tensors without values.
        with nullcontext() if x.is_meta else torch.autocast(x.device.type, enabled=False):
            return self._cover(self._relight(self._move(x, self.current_size() if size is None else size)))

    def current_size(self) -> int:
        """The side at this point of the training, by the steps that MMEngine counts."""
        hub = MessageHub.get_current_instance()
        done = hub.get_info("iter", 0) / max(1, hub.get_info("max_iters", 1))
        return next((size for end, size in self.early_sizes if done < end), self.size)

    def _move(self, x: Tensor, size: int) -> Tensor:
        # Where all are moved nothing is drawn, so that recipes of before see the same faces.
        moved = torch.rand(len(x), device=x.device) < self.moved if self.moved < 1 else 1.

        def draw(limit: float) -> Tensor:  # (N,) uniform in +-limit, 0 for faces that stay where they are
            return (torch.rand(len(x), device=x.device) * 2 - 1) * limit * moved

        angle = torch.deg2rad(draw(self.degrees))
        zoom = 1 / (1 + draw(self.scale))
        mirror = torch.where(torch.rand(len(x), device=x.device) < self.mirror, -1., 1.)
        cos, sin = angle.cos() * zoom, angle.sin() * zoom
        theta = torch.stack([
            torch.stack([cos * mirror, -sin, draw(2 * self.translate)], 1),
            torch.stack([sin * mirror, cos, draw(2 * self.translate)], 1)], 1)  # (N, 2, 3)
        grid = F.affine_grid(theta, [len(x), x.shape[1], size, size], align_corners=False)
        return F.grid_sample(x, grid, padding_mode="reflection", align_corners=False)

    def _relight(self, x: Tensor) -> Tensor:
        shift, gain = (torch.rand(2, len(x), 1, 1, 1, device=x.device) * 2 - 1).unbind()
        mean = x.mean((2, 3), keepdim=True)
        return ((x - mean) * (1 + self.contrast * gain) + mean + self.brightness * shift).clamp(0, 1)

    def _cover(self, x: Tensor) -> Tensor:
        n, _, height, width = x.shape
        chosen, area, aspect, top, left = torch.rand(5, n, 1, 1, 1, device=x.device).unbind()
        low, high = self.erase_area
        area = low + (high - low) * area
        aspect = torch.exp((aspect * 2 - 1) * 1.2)  # 0.3 to 3.3
        h, w = (area * aspect).sqrt().clamp(max=1), (area / aspect).sqrt().clamp(max=1)
        y = (torch.arange(height, device=x.device) + 0.5)[:, None] / height - top * (1 - h)
        u = (torch.arange(width, device=x.device) + 0.5) / width - left * (1 - w)
        covered = (chosen < self.erase) & (y > 0) & (y < h) & (u > 0) & (u < w)
        return torch.where(covered, torch.rand_like(x), x)
