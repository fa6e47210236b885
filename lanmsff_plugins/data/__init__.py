"""The data sets: files on disk become pictures with labels, by the official protocols exactly.

    faces, votes = read_ferplus("data/fer2013")

Importing this needs neither torch nor timm; :mod:`.datasets` has the data sets for torch's loaders.
"""
from ..base.errors import DataError
from .face_list import FaceList
from .fer2013 import (
    FER2013_CLASSES,
    FERPLUS_CLASSES,
    LABEL_MODES,
    UNLABELLED,
    USAGES,
    Faces,
    label_distributions,
    read_fer2013,
    read_ferplus,
)
from .kdef import KDEF_CLASSES, KDEF_VIEWS, KDEFImage, read_kdef, split_folds
from .splits import SPLITS, Selection

__all__ = [
    "FER2013_CLASSES", "FERPLUS_CLASSES", "KDEF_CLASSES", "KDEF_VIEWS", "LABEL_MODES", "SPLITS", "UNLABELLED",
    "USAGES", "DataError", "FaceList", "Faces", "KDEFImage", "Selection", "label_distributions", "read_fer2013",
    "read_ferplus", "read_kdef", "split_folds",
]
