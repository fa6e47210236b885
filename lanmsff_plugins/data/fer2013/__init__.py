"""FER-2013 in every layout that it is found in, and FERPlus's votes on it.

    faces, votes = read_ferplus("data/fer2013")
"""
from .faces import FER2013_CLASSES, UNLABELLED, USAGES, Faces
from .ferplus import read_ferplus
from .reader import read_fer2013
from .selection import select_fer2013, select_ferplus
from .votes import FERPLUS_CLASSES, LABEL_MODES, label_distributions

__all__ = [
    "FER2013_CLASSES", "FERPLUS_CLASSES", "LABEL_MODES", "UNLABELLED", "USAGES", "Faces", "label_distributions",
    "read_fer2013", "read_ferplus", "select_fer2013", "select_ferplus",
]
