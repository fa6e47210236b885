"""The three data sets as torch Datasets, for training loops of one's own; nothing of OpenMMLab is needed.

Items are ``(image, target)`` as torchvision's are; its transforms, and timm's, take the images.
"""
from collections.abc import Callable

import numpy as np
import torch
from PIL import Image
from torch.utils.data import Dataset

from .faces import FER2013_CLASSES
from .kdef import KDEF_CLASSES
from .kdef_faces import KDEFFaces
from .selection import select_fer2013, select_ferplus
from .votes import FERPLUS_CLASSES

__all__ = ["FER2013Dataset", "FERPlusDataset", "KDEFDataset", "to_tensor"]


def to_tensor(image: Image.Image) -> torch.Tensor:
    """A grey image as (1, H, W) float32 between 0 and 1, what LANMSFF takes."""
    return torch.from_numpy(np.array(image, np.float32)[None] / 255)


class FER2013Dataset(Dataset):
    """FER-2013 in any layout.

    Args:
        data_root: The folder that :func:`lanmsff_plugins.data.read_fer2013` reads.
        split: 'train', 'val', 'test' or 'train+val'.
        transform: From a grey ``PIL.Image`` to what the item's first half is.
        exclude: A list of faces to leave out; ``tools/audit_data.py`` writes some.

    Attributes:
        classes: Names, in the order of the targets.
        targets: (N,) the class of each face.
    """

    classes = FER2013_CLASSES

    def __init__(self, data_root: str, split: str = "train", transform: Callable = to_tensor,
                 exclude: str | None = None):
        self.selected = select_fer2013(data_root, split, exclude)
        self.targets = self.selected.labels
        self.transform = transform

    def __len__(self) -> int:
        return len(self.selected)

    def __getitem__(self, idx: int) -> tuple:
        face = self.selected.faces.pixels[self.selected.rows[idx]]
        return self.transform(Image.fromarray(face)), self.target(idx)

    def target(self, idx: int):
        """The class of a face, int."""
        return int(self.targets[idx])


class FERPlusDataset(FER2013Dataset):
    """FERPlus: FER-2013 in any layout, and ``fer2013new.csv``.

    Args:
        data_root: The folder that :func:`lanmsff_plugins.data.read_ferplus` reads.
        split: As for FER-2013.
        mode: One of ``LABEL_MODES``. With 'majority' and 'argmax' a target is a class. With the others it is
            a distribution (8,) float32, which ``torch.nn.CrossEntropyLoss`` takes as well; with 'probability'
            one-hot, drawn from the votes each time by torch's generator. Validate and test with 'majority'.
        transform: As for FER-2013.
        exclude: As for FER-2013.
    """

    classes = FERPLUS_CLASSES

    def __init__(self, data_root: str, split: str = "train", mode: str = "majority",
                 transform: Callable = to_tensor, exclude: str | None = None):
        self.selected = select_ferplus(data_root, split, mode, exclude)
        self.targets = self.selected.labels
        self.mode = mode
        self.transform = transform

    def target(self, idx: int):
        """The class of a face, or a tensor of its distribution."""
        if self.mode in ("majority", "argmax"):
            return super().target(idx)
        score = torch.from_numpy(self.selected.scores[idx])
        if self.mode == "probability":
            score = torch.eye(len(score))[torch.multinomial(score, 1).item()]
        return score


class KDEFDataset(Dataset):
    """KDEF from its JPEGs, or from the file that ``tools/prepare_data.py`` makes of them, in folds.

    Args:
        data_root: The folder.
        split: 'train', 'val', 'test' or 'train+val'.
        transform: From a grey ``PIL.Image`` to what the item's first half is.
        boxes: Where the faces are: 'views', a CSV file, or None for whole photographs.
        **kwargs: ``fold``, ``folds``, ``by``, ``seed``, ``views`` and ``verify`` of :class:`KDEFFaces`.

    Attributes:
        classes: Names, in the order of the targets.
        targets: (N,) the class of each photograph.
        images: The :class:`KDEFImage` of each: person, session, sex, view.
    """

    classes = KDEF_CLASSES

    def __init__(self, data_root: str, split: str = "train", transform: Callable = to_tensor,
                 boxes: str | None = "views", **kwargs):
        self._faces = KDEFFaces(data_root, split, boxes=boxes, **kwargs)
        self.images = self._faces.images
        self.targets = np.array([image.label for image in self.images])
        self.transform = transform

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, idx: int) -> tuple:
        return self.transform(Image.fromarray(self._faces[idx])), int(self.targets[idx])
