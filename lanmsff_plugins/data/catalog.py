"""Every data set of this package, a row each.

    catalog.DATASETS["ferplus"].select("data/fer2013", "test")

The torch and the MMPretrain data sets, the cards of weights, the commands' choices and the table in the docs are made
from this list. A new data set is its reader, a row here, and a config.
"""
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from .audit.report import Audit, audit_fer2013, audit_kdef
from .fer2013.compact import prepare_fer2013
from .fer2013.faces import FER2013_CLASSES
from .fer2013.selection import select_fer2013, select_ferplus
from .fer2013.votes import FERPLUS_CLASSES
from .kdef.compact import prepare_kdef
from .kdef.faces import select_kdef
from .kdef.reader import KDEF_CLASSES
from .splits import Selection

__all__ = ["DATASETS", "DataSet"]

_FER2013_LICENCE = (
    "The images of FER-2013 were collected from the web, for research and evaluation only. Whether weights that were "
    "trained on them may be used for more is not settled: ask a lawyer first.")


@dataclass(frozen=True)
class DataSet:
    """A row of the catalog.

    Attributes:
        type: Its name in Python and in configs, 'FERPlus'.
        title: Its name in prose.
        classes: The names of its classes, in the order of the labels.
        select: Reads a split: called with the folder, the split and the data set's own options.
        splits: What the splits train, val and test are called in the literature.
        source: Where to get it.
        licence: What may be done with it.
        folds: Whether its splits are folds, chosen by ``fold`` and ``folds``.
        labels: How the labels of val and test come about, where that has to be said.
        audit: Looks for copies and damage, for ``lanmsff audit``: called with the folder and the audit's own options.
        prepare: Writes one compact file, for ``lanmsff prepare``: called with the folder, the folder to write to, and
            its own options; it gives the file, and the number of faces by two headings.
    """

    type: str
    title: str
    classes: tuple[str, ...]
    select: Callable[..., Selection]
    splits: Mapping[str, str]
    source: str
    licence: str
    folds: bool = False
    labels: str = ""
    audit: Callable[..., Audit] | None = None
    prepare: Callable[..., tuple[Path, dict[str, dict[str, int]]]] | None = None


_USAGES = {"train": "Training", "val": "PublicTest", "test": "PrivateTest", "train+val": "Training and PublicTest"}

DATASETS = {
    "fer2013": DataSet(
        "FER2013", "FER-2013", FER2013_CLASSES, select_fer2013, _USAGES,
        "https://www.kaggle.com/c/challenges-in-representation-learning-facial-expression-recognition-challenge",
        _FER2013_LICENCE, audit=audit_fer2013, prepare=prepare_fer2013),
    "ferplus": DataSet(
        "FERPlus", "FERPlus", FERPLUS_CLASSES, select_ferplus, _USAGES, "https://github.com/microsoft/FERPlus",
        f"{_FER2013_LICENCE} FERPlus's labels are under the MIT licence.", labels="by majority",
        audit=audit_fer2013, prepare=prepare_fer2013),
    "kdef": DataSet(
        "KDEF", "KDEF", KDEF_CLASSES, select_kdef,
        {"train": "the other folds", "val": "the next fold", "test": "one fold", "train+val": "all folds but one"},
        "https://kdef.se", "Free for research after registration, never to be passed on.", folds=True,
        audit=audit_kdef, prepare=prepare_kdef),
}
