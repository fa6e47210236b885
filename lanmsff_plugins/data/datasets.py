"""The data sets for torch's loaders, for training loops of one's own; nothing of OpenMMLab is needed.

    FERPlusDataset("data/fer2013", split="train", mode="cross-entropy")

Items are ``(image, target)`` as torchvision's are; its transforms, and timm's, take the images.
"""
from collections.abc import Callable

import numpy as np
import torch
from PIL import Image
from torch.utils.data import Dataset

from .catalog import DATASETS
from .kdef.faces import KDEFFaces

__all__ = ["FER2013Dataset", "FERPlusDataset", "KDEFDataset", "PictureDataset", "image_to_tensor"]


def image_to_tensor(image: Image.Image) -> torch.Tensor:
    """A grey image as (1, H, W) float32 between 0 and 1, what LANMSFF takes."""
    return torch.from_numpy(np.array(image, np.float32)[None] / 255)


class PictureDataset(Dataset):
    """A split of a data set of the catalog.

    Args:
        name: A key of :data:`lanmsff_plugins.data.catalog.DATASETS`.
        data_root: The folder of the data set.
        split: 'train', 'val', 'test' or 'train+val'.
        transform: From a grey ``PIL.Image`` to what the item's first half is.
        **options: As for the data set's ``select``, such as ``mode`` or ``fold``.

    Attributes:
        classes: Names, in the order of the targets.
        targets: (N,) the class of each picture.
        selected: The :class:`~lanmsff_plugins.data.Selection`.
    """

    def __init__(self, name: str, data_root: str, split: str = "train", transform: Callable = image_to_tensor,
                 **options):
        self.classes = DATASETS[name].classes
        self.selected = DATASETS[name].select(data_root, split, **options)
        self.targets = self.selected.labels
        self.transform = transform

    def __len__(self) -> int:
        return len(self.selected)

    def __getitem__(self, idx: int) -> tuple:
        return self.transform(Image.fromarray(self.selected.pictures[idx])), self.target(idx)

    def target(self, idx: int) -> int | torch.Tensor:
        """The class of a picture; or its distribution (C,) float32, which ``torch.nn.CrossEntropyLoss`` takes as well,
        one-hot where a class is drawn from it each time, by torch's generator."""
        if self.selected.scores is None:
            return int(self.targets[idx])
        score = torch.from_numpy(self.selected.scores[idx])
        if self.selected.draw_class:
            return torch.eye(len(score))[int(torch.multinomial(score, 1))]
        return score


class FER2013Dataset(PictureDataset):
    """FER-2013 in any layout; the arguments are those of :class:`PictureDataset` and of ``select_fer2013``."""

    def __init__(self, data_root: str, split: str = "train", transform: Callable = image_to_tensor, **options):
        super().__init__("fer2013", data_root, split, transform, **options)


class FERPlusDataset(PictureDataset):
    """FERPlus: FER-2013 in any layout, and ``fer2013new.csv``.

    Args:
        data_root: The folder that :func:`lanmsff_plugins.data.read_ferplus` reads.
        split: As for FER-2013.
        mode: One of ``LABEL_MODES``. With 'majority' and 'argmax' a target is a class, with the others a
            distribution. Validate and test with 'majority'.
        transform: As for FER-2013.
        **options: As for ``select_ferplus``.
    """

    def __init__(self, data_root: str, split: str = "train", mode: str = "majority",
                 transform: Callable = image_to_tensor, **options):
        super().__init__("ferplus", data_root, split, transform, mode=mode, **options)
        self.mode = mode

    def target(self, idx: int) -> int | torch.Tensor:
        return int(self.targets[idx]) if self.mode in ("majority", "argmax") else super().target(idx)


class KDEFDataset(PictureDataset):
    """KDEF from its JPEGs, or from the file that ``lanmsff prepare`` makes of them, in folds.

    Args:
        data_root: The folder.
        split: As for FER-2013.
        transform: As for FER-2013.
        boxes: Where the faces are: 'views', a CSV file, or None for whole photographs.
        **options: As for ``select_kdef``.

    Attributes:
        images: The :class:`KDEFImage` of each: person, session, sex, view.
    """

    def __init__(self, data_root: str, split: str = "train", transform: Callable = image_to_tensor,
                 boxes: str | None = "views", **options):
        super().__init__("kdef", data_root, split, transform, boxes=boxes, **options)
        faces = self.selected.pictures
        assert isinstance(faces, KDEFFaces)  # what ``select_kdef`` gives
        self.images = faces.images
