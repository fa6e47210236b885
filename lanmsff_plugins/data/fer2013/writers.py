"""Write FER-2013 in each of its layouts: what the readers are tested against, and what drawn faces are written as."""
import csv
import io
import json
from pathlib import Path

import numpy as np
from PIL import Image

from ...base.files import write_atomically
from .faces import FER2013_CLASSES, USAGES, Faces
from .votes import VOTE_COLUMNS

__all__ = ["LAYOUTS", "write_layout", "write_votes"]

_ALPHABETICAL = sorted(FER2013_CLASSES)


def write_layout(data_root: str | Path, layout: str, faces: Faces) -> None:
    """Write faces as people have them.

    Args:
        data_root: Folder to write to.
        layout: One of ``LAYOUTS``:

            - 'fer2013.csv'; 'icml_face_data.csv', with other columns; 'train.csv' with a ``test.csv`` that
              has no labels;
            - 'parquet', as data sets on Hugging Face: ``train`` and ``test``, classes in alphabetical order;
            - 'folders', as on Kaggle: JPEGs ``train/angry/Training_1.jpg``, ``test/angry/PublicTest_1.jpg``;
            - 'plain-folders', of PNGs ``train/angry/im0.png``, ``validation`` and ``test``;
            - 'ferplus-folders', as the code of FERPlus writes them: ``FER2013Train/fer0000000.png``, no classes,
              no image without a name, and one for each name.
        faces: What to write, in the official order; ``names`` are FERPlus's image names.
    """
    _WRITERS[layout](Path(data_root), faces)


def write_votes(data_root: str | Path, faces: Faces, votes: np.ndarray) -> None:
    """Write ``fer2013new.csv`` for faces with FERPlus's image names and votes (N, 10)."""
    assert faces.names is not None  # they join the votes to the faces
    rows = ([USAGES[usage], name.decode(), *row] for usage, name, row in zip(faces.usage, faces.names, votes.tolist()))
    _write_csv(Path(data_root) / "fer2013new.csv", ["Usage", "Image name", *VOTE_COLUMNS], rows)


def _write_csv(path: Path, header: list[str], rows) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    write_atomically(path, text.getvalue().encode())


def _text(face: np.ndarray) -> str:
    return " ".join(map(str, face.ravel().tolist()))


def _write_fer2013(root: Path, faces: Faces) -> None:
    rows = ([emotion, _text(face), USAGES[usage]] for face, emotion, usage in _iterate(faces))
    _write_csv(root / "fer2013.csv", ["emotion", "pixels", "Usage"], rows)


def _write_icml(root: Path, faces: Faces) -> None:
    rows = ([emotion, USAGES[usage], _text(face)] for face, emotion, usage in _iterate(faces))
    _write_csv(root / "icml_face_data.csv", ["emotion", " Usage", " pixels"], rows)


def _write_kaggle(root: Path, faces: Faces) -> None:
    _write_csv(root / "train.csv", ["emotion", "pixels"],
               ([emotion, _text(face)] for face, emotion, usage in _iterate(faces) if usage == 0))
    _write_csv(root / "test.csv", ["pixels"], ([_text(face)] for face, _, usage in _iterate(faces) if usage > 0))


def _iterate(faces: Faces):
    return zip(faces.pixels, faces.emotion.tolist(), faces.usage.tolist())


def _image(face: np.ndarray, form: str) -> bytes:
    content = io.BytesIO()
    Image.fromarray(face).save(content, form, quality=95)
    return content.getvalue()


def _write_parquet(root: Path, faces: Faces) -> None:
    import pyarrow
    from pyarrow import parquet

    features = {"image": {"_type": "Image"}, "label": {"_type": "ClassLabel", "names": _ALPHABETICAL}}
    for split, chosen in (("train", faces.usage == 0), ("test", faces.usage > 0)):
        images, labels = [], []
        for row in np.flatnonzero(chosen):
            images.append({"bytes": _image(faces.pixels[row], "PNG"), "path": f"{USAGES[faces.usage[row]]}_{row}.png"})
            labels.append(_ALPHABETICAL.index(FER2013_CLASSES[faces.emotion[row]]))
        table = pyarrow.table({"image": images, "label": labels}).replace_schema_metadata(
            {"huggingface": json.dumps({"info": {"features": features}})})
        content = io.BytesIO()
        parquet.write_table(table, content)
        write_atomically(root / "data" / f"{split}-00000-of-00001.parquet", content.getvalue())


def _write_folders(root: Path, faces: Faces) -> None:
    for row, (face, emotion, usage) in enumerate(_iterate(faces)):
        path = Path("train" if usage == 0 else "test", FER2013_CLASSES[emotion], f"{USAGES[usage]}_{row}.jpg")
        write_atomically(root / path, _image(face, "JPEG"))


def _write_plain_folders(root: Path, faces: Faces) -> None:
    for row, (face, emotion, usage) in enumerate(_iterate(faces)):
        path = Path(("train", "validation", "test")[usage], FER2013_CLASSES[emotion], f"im{row}.png")
        write_atomically(root / path, _image(face, "PNG"))


def _write_ferplus_folders(root: Path, faces: Faces) -> None:
    assert faces.names is not None  # they are the names of the files
    for name, (face, _, usage) in zip(faces.names, _iterate(faces)):
        if name:
            path = Path(("FER2013Train", "FER2013Valid", "FER2013Test")[usage], name.decode())
            write_atomically(root / path, _image(face, "PNG"))


_WRITERS = {
    "fer2013.csv": _write_fer2013, "icml_face_data.csv": _write_icml, "train.csv": _write_kaggle,
    "parquet": _write_parquet, "folders": _write_folders, "plain-folders": _write_plain_folders,
    "ferplus-folders": _write_ferplus_folders}
LAYOUTS = tuple(_WRITERS)
