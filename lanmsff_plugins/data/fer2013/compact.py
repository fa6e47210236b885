"""FER-2013 in any layout to one compact file, with FERPlus's votes beside it.

    prepare_fer2013("downloads", "data/fer2013")
"""
from pathlib import Path

from ...base.files import write_atomically
from ..audit.copies import class_balance
from .ferplus import read_ferplus, votes_path
from .reader import COMPACT, read_fer2013

__all__ = ["prepare_fer2013"]


def prepare_fer2013(data_root: str | Path, out: str | Path) -> tuple[Path, dict[str, dict[str, int]]]:
    """Write ``fer2013.safetensors``, and a copy of ``fer2013new.csv`` where that is beside the faces.

    Args:
        data_root: The folder that :func:`read_fer2013` reads.
        out: Folder to write to.

    Returns:
        The file, and the number of faces by split and class.

    Raises:
        FileNotFoundError: if there are no faces.
        DataError: if a file is not what it should be, or the votes do not belong to the faces.
    """
    faces = read_fer2013(data_root)
    votes, path = votes_path(data_root), Path(out) / COMPACT
    if votes.is_file():
        read_ferplus(data_root)  # refuses votes of other faces
        write_atomically(path.with_name(votes.name), votes.read_bytes())
    faces.save(path)
    return path, class_balance(faces)
