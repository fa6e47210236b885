"""Files that are there whole or not at all."""
import os
import tempfile
from pathlib import Path

__all__ = ["remove_half_written", "write_atomically"]


def write_atomically(path: str | Path, content: bytes) -> None:
    """Write ``content`` beside ``path`` and rename it, so that no half-written file has the final name."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def remove_half_written(folder: str | Path, name: str) -> None:
    """Remove what :func:`write_atomically` left in a folder when it was killed; nobody may be writing there.

    Args:
        folder: Where the files are.
        name: What they would have been named, or a pattern of it, such as ``*.pth``.
    """
    for path in Path(folder).glob(f".{name}.*"):
        path.unlink()
