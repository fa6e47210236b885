"""KDEF: photographs of 70 people in seven expressions and five views, in folds.

    selected = select_kdef("data/kdef", "test", fold=0)
"""
from .faces import KDEFFaces, select_kdef
from .reader import KDEF_CLASSES, KDEF_VIEWS, KDEFImage, read_kdef, split_folds

__all__ = ["KDEF_CLASSES", "KDEF_VIEWS", "KDEFFaces", "KDEFImage", "read_kdef", "select_kdef", "split_folds"]
