"""A training split as tensors on the device that trains: a batch is what indices gather, without objects for samples.

    pixels, targets = DeviceSplit(dataset, "cuda").take(torch.tensor([3, 1, 4]))
"""
import numpy as np
import torch
from mmpretrain.datasets.transforms import PackInputs
from torch import Tensor
from torch.utils.data import Dataset

from ...base.errors import ConfigError
from .datasets import PictureDataset
from .wrappers import innermost

__all__ = ["DeviceSplit", "Indices", "obstacle"]


def obstacle(dataset: Dataset) -> str | None:
    """Why a data set cannot be kept on the device, in words; None if it can."""
    for part in innermost(dataset):
        if not isinstance(part, PictureDataset):
            return f"{type(part).__name__} is no data set of this package"
        if [type(transform) for transform in part.pipeline.transforms] != [PackInputs] or part.test_mode:
            return "its pipeline has transforms of single pictures; [dict(type='PackInputs')] has none"
    if len({part.selected.draw_class for part in innermost(dataset)}) > 1:
        return "some of its parts draw their labels and some do not"
    return None


class DeviceSplit:
    """All pictures of a split and their targets.

    Args:
        dataset: A data set of this package whose pipeline is ``PackInputs`` alone, or wrappers around such.
        device: Where to keep it.

    Attributes:
        pixels: (N, C, H, W) uint8.
        targets: (N,) the classes, or (N, classes) float32 where there are votes or teachers.
        draws: Whether a class is drawn from the distribution each time, as FERPlus' probability mode has it; by torch's
            generator here.

    Raises:
        ConfigError: if the data set is of another kind, or its pictures differ in size.
    """

    def __init__(self, dataset: Dataset, device: torch.device | str):
        reason = obstacle(dataset)
        if reason:
            raise ConfigError(f"the training data cannot be kept on the device: {reason}; set on_device=False")
        records = [dataset.get_data_info(i) for i in range(len(dataset))]
        if len({record["img"].shape for record in records}) > 1:
            raise ConfigError("the training data cannot be kept on the device: the pictures differ in size; set "
                              "on_device=False")
        pixels = torch.from_numpy(np.stack([record["img"] for record in records]))
        pixels = pixels[:, None] if pixels.ndim == 3 else pixels.permute(0, 3, 1, 2).contiguous()
        scored = all("gt_score" in record for record in records)
        targets = np.stack([record["gt_score" if scored else "gt_label"] for record in records])
        self.pixels = pixels.to(device)
        self.targets = torch.from_numpy(targets.astype(np.float32 if scored else np.int64)).to(device)
        self.draws = next(innermost(dataset)).selected.draw_class

    def take(self, indices: Tensor) -> tuple[Tensor, Tensor]:
        """The pictures (B, C, H, W) uint8 and the targets (B, ...) of a batch."""
        indices = indices.to(self.pixels.device, non_blocking=True)
        targets = self.targets[indices]
        if self.draws:  # as torch.multinomial, which waits for the device to check its input
            drawn = (targets / torch.empty_like(targets).exponential_()).argmax(1, keepdim=True)
            targets = (drawn == torch.arange(targets.shape[1], device=targets.device)).to(targets.dtype)
        return self.pixels[indices], targets


class Indices(Dataset):
    """What a loader reads in the place of a data set: the indices of a batch, as one tensor."""

    def __init__(self, dataset: Dataset):
        self.metainfo = dataset.metainfo
        self._length = len(dataset)

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, index: int) -> int:
        return index

    def __getitems__(self, indices: list[int]) -> Tensor:
        return torch.tensor(indices)
