"""Records of faces: what is written, what a rerun takes for done, boxes of one's own."""
import csv
import json

import numpy as np
import pytest

from lanmsff_plugins.base.errors import DataError
from lanmsff_plugins.inference.crops import Box, Point, Square
from lanmsff_plugins.inference.predictor import Face
from lanmsff_plugins.inference.records import FIELDS, RecordWriter, finished, read_boxes, records
from lanmsff_plugins.inference.sources import Frame
from lanmsff_plugins.inference.tracks import Tracked

FACE = Face(Box(1.26, 2, 30, 40), (Point(5, 6), Point(20, 7)), 3.8, "glad", .75, {"glad": .75, "sad": .25},
            {"glad": .8, "sad": .2}, .9, 40, ("small: 31 pixels",), Square(16, 22, 38, 0))
CLASSES = ("glad", "sad")
PHOTO = Frame(np.zeros((4, 4, 3), np.uint8))


def write(path, form: str, *files: tuple[str, int], append: bool = False) -> None:
    with RecordWriter(path, form, CLASSES, append) as writer:
        for file, faces in files:
            writer.write(records(file, PHOTO, [FACE] * faces))


def test_json_has_a_line_a_face_with_everything(tmp_path):
    write(tmp_path / "x.jsonl", "json", ("a.jpg", 1))
    assert json.loads((tmp_path / "x.jsonl").read_text()) == {
        "file": "a.jpg", "frame": None, "time": None, "faces": 1, "face": 0, "label": "glad", "score": .75,
        "box": [1.3, 2, 30, 40], "eyes": [[5, 6], [20, 7]], "roll": 3.8, "detector_score": .9, "size": 40,
        "warning": "small: 31 pixels", "scores": {"glad": .75, "sad": .25},
        "calibrated": {"glad": .8, "sad": .2}}


def test_csv_has_the_same_in_columns(tmp_path):
    write(tmp_path / "x.csv", "csv", ("a, b.jpg", 1), ("none.jpg", 0))
    first, second = csv.DictReader((tmp_path / "x.csv").open())
    assert list(first) == [*FIELDS, *CLASSES] and first["file"] == "a, b.jpg" and first["glad"] == "0.75"
    assert first["calibrated_score"] == "0.8"
    assert [first[name] for name in ("x", "width", "right_eye_x", "roll")] == ["1.3", "30", "20", "3.8"]
    assert second["faces"] == "0" and second["warning"] == "no face found" and second["label"] == second["x"] == ""


def test_a_photograph_without_a_face_is_said_and_a_frame_is_not():
    assert [record["warning"] for record in records("a.jpg", PHOTO, [])] == ["no face found"]
    assert records("a.mp4", Frame(PHOTO.picture, 3, .12), []) == []


def test_frames_have_their_times_and_tracks():
    record, = records("a.mp4", Frame(PHOTO.picture, 3, .12345), [Tracked(7, FACE, FACE.scores)])
    assert (record["frame"], record["time"], record["track"]) == (3, .123, 7)


@pytest.mark.parametrize("form", ["json", "csv"])
@pytest.mark.parametrize("cut", [1, 30, 60])
def test_a_rerun_takes_whole_pictures_for_done_and_drops_the_rest(form, cut, tmp_path):
    """However a kill cuts the file, the pictures before the last are done, and nothing of the last one stays."""
    path = tmp_path / "out"
    write(path, form, ("a.jpg", 2), ("b.jpg", 0))
    whole = path.read_bytes()
    write(path, form, ("c\n.jpg", 3), append=True)
    path.write_bytes(path.read_bytes()[:-cut])
    assert finished(path, form, CLASSES) == {"a.jpg", "b.jpg"} and path.read_bytes() == whole
    write(path, form, ("c\n.jpg", 3), append=True)
    assert finished(path, form, CLASSES) == {"a.jpg", "b.jpg", "c\n.jpg"}


@pytest.mark.parametrize("form", ["json", "csv"])
def test_a_rerun_keeps_all_records_of_a_video(form, tmp_path):
    path = tmp_path / "out"
    write(path, form, ("a.jpg", 2))
    with RecordWriter(path, form, CLASSES, append=True) as writer:
        for i in range(3):
            writer.write(records("talk.mp4", Frame(PHOTO.picture, i, i / 10), [Tracked(1, FACE, FACE.scores)] * 2))
    whole = path.read_bytes()
    assert finished(path, form, CLASSES) == {"a.jpg"} and path.read_bytes() == whole


@pytest.mark.parametrize("form", ["json", "csv"])
def test_a_photograph_that_was_named_twice_is_done(form, tmp_path):
    path = tmp_path / "out"
    write(path, form, ("a.jpg", 2), ("none.jpg", 0), ("a.jpg", 2), ("none.jpg", 0))
    whole = path.read_bytes()
    assert finished(path, form, CLASSES) == {"a.jpg", "none.jpg"} and path.read_bytes() == whole


@pytest.mark.parametrize("form", ["json", "csv"])
def test_names_that_are_no_text_are_kept(form, tmp_path):
    name = b"caf\xe9.jpg".decode("utf-8", "surrogateescape")
    write(tmp_path / "out", form, (name, 1), ("日本.jpg", 1))
    assert finished(tmp_path / "out", form, CLASSES) == {name, "日本.jpg"}


def test_nothing_is_done_where_there_is_no_file(tmp_path):
    assert finished(tmp_path / "out", "json", CLASSES) == set()
    (tmp_path / "out").write_text("")
    assert finished(tmp_path / "out", "csv", CLASSES) == set()


def test_a_file_of_something_else_is_left_alone(tmp_path):
    path = tmp_path / "notes"
    path.write_text("my notes\nmore\n")
    for form in ("json", "csv"):
        with pytest.raises(DataError, match="was not written by `lanmsff predict` with the same options"):
            finished(path, form, CLASSES)
    assert path.read_text() == "my notes\nmore\n"


@pytest.mark.parametrize(("form", "message"), [
    ("csv", "out has other columns"), ("json", "out has the classes glad, sad, these weights have glad; name another")])
def test_classes_of_other_weights_are_refused_before_anything_is_rewritten(form, message, tmp_path):
    path = tmp_path / "out"
    write(path, form, ("none.jpg", 0), ("a.jpg", 2))
    path.write_bytes(path.read_bytes()[:-30])
    before = path.read_bytes()
    for resume in (lambda: finished(path, form, ("glad",)), lambda: RecordWriter(path, form, ("glad",), append=True)):
        with pytest.raises(DataError, match=message):
            resume()
    assert path.read_bytes() == before


def test_boxes_are_read_by_file(tmp_path):
    path = tmp_path / "boxes.csv"
    path.write_text("\ufeffheight,File,x,y,width,note\n4,a.jpg,1,2,3,n\n8,a.jpg,5.5,6,7,n\n1,b.jpg,-1,0,1,n\n")
    assert read_boxes(path) == {"a.jpg": [Box(1, 2, 3, 4), Box(5.5, 6, 7, 8)], "b.jpg": [Box(-1, 0, 1, 1)]}


@pytest.mark.parametrize(("text", "message"), [
    ("file,x,y,width\na.jpg,1,2,3\n", "has no column 'height'"), ("", "has no column 'file'"),
    ("file,x,y,width,height\na.jpg,1,2,3,4\na.jpg,1,2,wide,4\n", "line 3: expected x, y, width and height"),
    ("file,x,y,width,height\na.jpg,1,2,3\n", "line 2: expected x, y"),
    ("x,y,width,height,file\n1,2,30,40\n", "line 2: expected the name of a file"),
    ("file,x,y,width,height\na.jpg,1,2,0,4\n", "line 2: expected a box in pixels, wider and higher than 0"),
    ("file,x,y,width,height\na.jpg,1,nan,3,4\n", "line 2: expected a box"),
    ("file,x,y,width,height\na.jpg,1,2,1e300,4\n", "line 2: expected a box")])
def test_boxes_that_are_none_are_named_by_their_line(text, message, tmp_path):
    (tmp_path / "boxes.csv").write_text(text)
    with pytest.raises(DataError, match=message):
        read_boxes(tmp_path / "boxes.csv")


def test_missing_and_unreadable_boxes_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="no boxes at .*; expected a CSV with the columns"):
        read_boxes(tmp_path / "nowhere.csv")
    (tmp_path / "photo.jpg").write_bytes(bytes(range(256)))
    with pytest.raises(DataError, match="photo.jpg cannot be read as CSV|has no column"):
        read_boxes(tmp_path / "photo.jpg")
