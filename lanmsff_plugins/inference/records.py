"""What is written of faces: a record a face, as JSON lines or as CSV; boxes read from a CSV; which files are done.

    with RecordWriter("faces.jsonl", "json", classes) as writer:
        writer.write(records("photo.jpg", Frame(picture), faces))

The records of a picture are written at once, so that an interruption leaves whole pictures.
"""
import csv
import io
import json
import math
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from ..base.errors import DataError
from ..base.files import write_atomically
from .crops import Box
from .predictor import Face
from .sources import Frame
from .tracks import Tracked

__all__ = ["FIELDS", "RecordWriter", "finished", "read_boxes", "records"]

FIELDS = ("file", "frame", "time", "faces", "face", "track", "label", "score", "calibrated_score", "x", "y",
          "width", "height", "left_eye_x", "left_eye_y", "right_eye_x", "right_eye_y", "roll", "detector_score", "size",
          "warning")
"""Columns of the CSV, followed by one a class. JSON has ``box``, ``eyes``, ``scores`` and ``calibrated`` instead."""


def records(file: str, frame: Frame, faces: Sequence[Face | Tracked]) -> list[dict]:
    """A record a face of a picture; of a photograph without a face, one record that says so.

    Args:
        file: The name to write.
        frame: The picture.
        faces: Its faces; with their tracks in a video.
    """
    head = {"file": file, "frame": frame.index, "time": None if frame.time is None else round(frame.time, 3),
            "faces": len(faces)}
    if not faces:
        return [] if frame.index is not None else [dict(head, face=None, label=None, warning="no face found")]
    return [dict(head, face=i, **_of_face(face)) for i, face in enumerate(faces)]


def _of_face(found: Face | Tracked) -> dict:
    face, track = (found.face, {"track": found.track}) if isinstance(found, Tracked) else (found, {})
    return dict(
        track, label=face.label, score=round(face.score, 4), box=[round(value, 1) for value in face.box],
        eyes=face.eyes and [[round(x, 1), round(y, 1)] for x, y in face.eyes],
        roll=None if face.roll is None else round(face.roll, 1),
        detector_score=None if face.detector_score is None else round(face.detector_score, 4),
        size=face.size, warning="; ".join(face.warnings) or None,
        scores={name: round(score, 4) for name, score in face.scores.items()},
        calibrated={name: round(score, 4) for name, score in face.calibrated.items()})


class RecordWriter:
    """Writes records as they come.

    Args:
        path: The file; '-' for standard output.
        form: 'json', a line a record, or 'csv'.
        classes: Names of the classes, which are columns of the CSV.
        append: Go on behind what the file holds.

    Raises:
        DataError: if a file to append to has other classes or columns.
    """

    def __init__(self, path: str | Path, form: str, classes: Sequence[str], append: bool = False):
        self.form, self.columns = form, [*FIELDS, *classes]
        self._owned = str(path) != "-"
        if self._owned:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
        append = append and self._owned and Path(path).is_file() and Path(path).stat().st_size > 0
        if append:
            _check_classes(_read(path), path, form, classes)
        # File names may hold bytes that are no text; they are written as they are.
        self._file = open(path, "a" if append else "w", newline="", encoding="utf-8", errors="surrogateescape"
                          ) if self._owned else sys.stdout
        if form == "csv" and not append:
            self._emit(_csv_line(self.columns))

    def write(self, found: Iterable[dict]) -> None:
        """Write the records of a picture."""
        self._emit("".join(json.dumps(record) + "\n" if self.form == "json"
                           else _csv_line([_flat(record).get(name) for name in self.columns]) for record in found))

    def _emit(self, text: str) -> None:
        self._file.write(text)
        self._file.flush()

    def __enter__(self) -> "RecordWriter":
        return self

    def __exit__(self, *_) -> None:
        if self._owned:
            self._file.close()


def _flat(record: dict) -> dict:
    flat = {**record, **record.get("scores", {}), "calibrated_score": record.get("calibrated", {}).get(record["label"])}
    flat.update(zip(("x", "y", "width", "height"), record.get("box") or ()))
    flat.update(zip(("left_eye_x", "left_eye_y", "right_eye_x", "right_eye_y"), sum(record.get("eyes") or [], [])))
    return flat


def _csv_line(values: Sequence) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(values)
    return line.getvalue()


def finished(path: str | Path, form: str, classes: Sequence[str]) -> set[str]:
    """The photographs that an earlier run has written whole; what it left of another is removed from ``path``.

    The records of videos are all kept, since nothing in them tells whether a video was read to its end.

    Args:
        path: A file of :class:`RecordWriter`; it need not exist.
        form: 'json' or 'csv'.
        classes: Names of the classes, as for :class:`RecordWriter`.

    Raises:
        DataError: if it holds something else, or records of other classes; it is left as it is.
    """
    if not Path(path).is_file():
        return set()
    text = _read(path)
    whole = text[:text.rfind("\n") + 1]  # a kill may leave part of a line
    lines = _parsed(whole, path, form)
    _check_classes(whole, path, form, classes)
    counts = Counter((line.file, line.faces) for line in lines if not line.moving)
    # A photograph that was named twice has twice as many records as faces.
    cut = {file for (file, faces), count in counts.items() if count % max(1, faces)}
    head = whole[:whole.index("\n") + 1] if form == "csv" and whole else ""
    kept = head + "".join(line.text for line in lines if line.file not in cut)
    if kept != text:
        write_atomically(path, kept.encode(errors="surrogateescape"))
    return {file for file, _ in counts} - cut


def _read(path: str | Path) -> str:
    return Path(path).read_bytes().decode("utf-8", errors="surrogateescape")


class _Line(NamedTuple):
    file: str
    moving: bool  # a frame of a video
    faces: int
    text: str


def _parsed(text: str, path: str | Path, form: str) -> list[_Line]:
    with _refusing_other_files(path):
        if form == "json":
            loaded = [(json.loads(line), line + "\n") for line in text.split("\n")[:-1]]
            return [_line(record, line) for record, line in loaded]
        rows = list(csv.DictReader(io.StringIO(text, newline="")))
        if rows and None in rows[-1].values():  # a file's name may hold the line break at which a kill cut the row
            rows.pop()
        return [_line(row, _csv_line(list(row.values()))) for row in rows]


def _line(record: dict, text: str) -> _Line:
    return _Line(record["file"], record["frame"] not in (None, ""), int(record["faces"]), text)


def _check_classes(text: str, path: str | Path, form: str, classes: Sequence[str]) -> None:
    """Refuse to append to records of other classes."""
    if form == "csv":
        if text and text.split("\n", 1)[0] != _csv_line([*FIELDS, *classes]).rstrip("\n"):
            raise DataError(f"{path} has other columns, perhaps those of other weights; name another file")
        return
    with _refusing_other_files(path):
        scores = next(filter(None, (json.loads(line).get("scores") for line in text.split("\n")[:-1])), None)
    if scores is not None and set(scores) != set(classes):
        raise DataError(f"{path} has the classes {', '.join(scores)}, these weights have {', '.join(classes)}; "
                        "name another file")


@contextmanager
def _refusing_other_files(path: str | Path) -> Iterator[None]:
    try:
        yield
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise DataError(f"{path} was not written by `lanmsff predict` with the same options, so it cannot be resumed "
                        f"({error!r}); name another file") from None


def read_boxes(path: str | Path) -> dict[str, list[Box]]:
    """Boxes by file, from a CSV with the columns file, x, y, width, height in pixels.

    Raises:
        FileNotFoundError: if there is no such file.
        DataError: if a column is missing, or a row holds no box; the message names the row.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f"no boxes at {path}; expected a CSV with the columns file, x, y, width, height")
    boxes = defaultdict(list)
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            columns = {name.strip().lower(): name for name in reader.fieldnames or ()}
            missing = [name for name in ("file", *Box._fields) if name not in columns]
            if missing:
                raise DataError(f"{path} has no column {missing[0]!r}; expected file, x, y, width, height")
            for row in reader:
                texts = [row[columns[name]] for name in Box._fields]
                box = _box(texts, path, reader.line_num)
                if not (name := row[columns["file"]]):
                    raise DataError(f"{path}, line {reader.line_num}: expected the name of a file in the column file, "
                                    "got none")
                boxes[name].append(box)
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path} cannot be read as CSV: {error}") from None
    return dict(boxes)


def _box(texts: Sequence[str | None], path: str | Path, line: int) -> Box:
    try:
        box = Box(*(float(text or "") for text in texts))
    except ValueError:
        raise DataError(f"{path}, line {line}: expected x, y, width and height in pixels, got {texts}") from None
    if not all(map(math.isfinite, box)) or min(box.width, box.height) <= 0 or max(map(abs, box)) > 1e6:
        raise DataError(f"{path}, line {line}: expected a box in pixels, wider and higher than 0, got {texts}")
    return box
