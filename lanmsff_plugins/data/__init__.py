"""The three data sets: files on disk become records, with the official protocols applied exactly."""
from .face_list import FaceList
from .faces import DataError, Faces
from .fer2013 import FER2013_CLASSES, USAGES, read_fer2013
from .ferplus import FERPLUS_CLASSES, LABEL_MODES, label_distributions, read_ferplus, read_image_names
from .kdef import KDEF_CLASSES, KDEF_VIEWS, KDEFImage, read_kdef, split_folds

__all__ = [
    "FER2013_CLASSES", "FERPLUS_CLASSES", "KDEF_CLASSES", "KDEF_VIEWS", "LABEL_MODES", "USAGES", "DataError",
    "FaceList", "Faces", "KDEFImage", "label_distributions", "read_fer2013", "read_ferplus", "read_image_names",
    "read_kdef", "split_folds",
]
