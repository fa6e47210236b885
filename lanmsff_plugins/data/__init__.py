"""The three data sets: files on disk become records, with the official protocols applied exactly."""
from .face_list import FaceList
from .faces import FER2013_CLASSES, UNLABELLED, USAGES, DataError, Faces
from .fer2013 import read_fer2013
from .ferplus import read_ferplus
from .kdef import KDEF_CLASSES, KDEF_VIEWS, KDEFImage, read_kdef, split_folds
from .votes import FERPLUS_CLASSES, LABEL_MODES, label_distributions

__all__ = [
    "FER2013_CLASSES", "FERPLUS_CLASSES", "KDEF_CLASSES", "KDEF_VIEWS", "LABEL_MODES", "UNLABELLED", "USAGES",
    "DataError", "FaceList", "Faces", "KDEFImage", "label_distributions", "read_fer2013", "read_ferplus", "read_kdef",
    "split_folds",
]
