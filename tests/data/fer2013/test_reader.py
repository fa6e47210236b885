"""fer2013.csv: what is in it comes out, and what is wrong with it is said by line and column."""
import csv
import re
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lanmsff_plugins.base.errors import DataError
from lanmsff_plugins.data.fer2013.faces import FER2013_CLASSES, USAGES, Faces
from lanmsff_plugins.data.fer2013.ferplus import read_ferplus
from lanmsff_plugins.data.fer2013.reader import read_fer2013
from lanmsff_plugins.data.fer2013.writers import write_layout

from ...conftest import ROOT
from ..damage import assert_refused, cut, edit, nul_refused, spoil

VALID_ROW = st.tuples(st.integers(0, 6), st.binary(min_size=48 * 48, max_size=48 * 48), st.sampled_from(USAGES))


def test_drawn_faces_come_out_as_they_stand_in_the_file(drawn_faces):
    faces = read_fer2013(drawn_faces)
    with open(drawn_faces / "fer2013.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(faces) == len(rows) == 400
    assert faces.emotion.tolist() == [int(row["emotion"]) for row in rows]
    assert [USAGES[usage] for usage in faces.usage] == [row["Usage"] for row in rows]
    expected = np.array([row["pixels"].split(" ") for row in rows]).astype(float)
    np.testing.assert_array_equal(faces.pixels.reshape(400, -1), expected)
    assert faces.pixels.shape == (400, 48, 48)


@settings(deadline=None, max_examples=20)
@given(st.lists(VALID_ROW, min_size=1, max_size=4))
def test_any_valid_file_is_read(rows):
    with TemporaryDirectory() as folder:
        text = "".join(f"{emotion},{' '.join(map(str, face))},{usage}\n" for emotion, face, usage in rows)
        Path(folder, "fer2013.csv").write_text("emotion,pixels,Usage\n" + text)
        faces = read_fer2013(folder)
        assert [(e, p.tobytes(), USAGES[u]) for e, p, u in zip(faces.emotion, faces.pixels, faces.usage)] == rows


@pytest.mark.parametrize("rewrite", [
    pytest.param(lambda lines: b"".join(lines).replace(b"\n", b"\r\n"), id="Windows line ends"),
    pytest.param(lambda lines: b"".join(re.sub(rb"[^,\n]+", rb'"\g<0>"', line) for line in lines), id="quotes"),
    pytest.param(cut(-1), id="no line end at the end"),
    pytest.param(lambda lines: b"\xef\xbb\xbf" + b"".join(lines), id="byte order mark"),
    pytest.param(lambda lines: b"".join(lines).decode().encode("utf-16"), id="UTF-16"),
    pytest.param(lambda lines: b"\xfe\xff" + b"".join(lines).decode().encode("utf-16-be"), id="UTF-16, big-endian"),
    pytest.param(lambda lines: b"".join(lines) + b"\n", id="blank last line"),
    pytest.param(lambda lines: b"".join(lines) + b",,\r\n,,\r\n \n", id="empty last rows")])
def test_the_same_file_written_another_way_reads_the_same(forty_faces, rewrite):
    expected = read_fer2013(forty_faces)
    spoil(forty_faces / "fer2013.csv", rewrite)
    faces = read_fer2013(forty_faces)
    for name in ("pixels", "emotion", "usage"):
        np.testing.assert_array_equal(getattr(faces, name), getattr(expected, name))


def test_a_missing_file_is_refused_with_where_to_get_it(tmp_path):
    assert_refused(read_fer2013, tmp_path / "fer2013.csv", "get fer2013.csv from Kaggle .* or draw", FileNotFoundError)


@pytest.mark.parametrize(("damage", "message"), [
    pytest.param(cut(0), "line 1: got the columns '', expected 'emotion,pixels,Usage'", id="empty file"),
    pytest.param(cut(len(b"emotion,pixels,Usage\n")), "has a header and no faces", id="header only"),
    pytest.param(edit(1, b"emotion,pixels,Usage", b"emotion,pixels,Usages"),
                 "line 1: got the columns 'emotion,pixels,Usages'", id="header of another file"),
    pytest.param(edit(1, b",", b";"), "line 1: got the columns 'emotion;pixels,Usage'", id="two separators"),
    pytest.param(lambda lines: b"".join(lines).replace(b",", b";"),
                 "line 1: the columns are separated by semicolons; save the file with commas", id="semicolons"),
    pytest.param(lambda lines: b"".join(lines).replace(b",", b"\t").decode().encode("utf-16"),
                 "line 1: the columns are separated by tabs; save the file with commas", id="Excel's Unicode text"),
    pytest.param(edit(6, rb"^", b",,\n"), "line 6: got 0 columns, expected 3; remove the empty line", id="empty row"),
    pytest.param(edit(1, b"^.*\n", b""), "line 1: got the columns", id="no header"),
    pytest.param(edit(5, rb" \d+,", b","), "line 5, column pixels: got 2,303 pixels, expected 2,304",
                 id="pixel missing"),
    pytest.param(edit(5, rb",\d+ ", b",0 0 "), "line 5, column pixels: got 2,305 pixels", id="pixel too many"),
    *(pytest.param(edit(7, rb",\d+ ", b"," + pixel + b" "),
                   rf"line 7, column pixels: got {pixel.decode()!r}, expected whole numbers from 0 to 255",
                   id=f"pixel {pixel.decode()}") for pixel in (b"256", b"x", b"-1", b"1.5", b"1e2", b"007")),
    pytest.param(edit(7, rb",\d+ ", b",\0 "), "line 7.*" + nul_refused(r"\\x00"), id="pixel NUL"),
    pytest.param(edit(7, rb",\d+ ", b"," + 5000 * b"9" + b" "), "line 7, column pixels: got '9+'", id="endless pixel"),
    pytest.param(edit(3, rb"^\d", b"7"), "line 3, column emotion: got '7', expected 0 to 6", id="emotion 7"),
    pytest.param(edit(3, rb"^\d", b""), "line 3, column emotion: got ''", id="emotion missing"),
    pytest.param(edit(3, rb"^\d", b"happy"), "line 3, column emotion: got 'happy'", id="emotion in words"),
    pytest.param(edit(9, b"Training", b"Validation"),
                 "line 9, column Usage: got 'Validation', expected one of Training, PublicTest, PrivateTest",
                 id="unknown Usage"),
    pytest.param(edit(9, b"Training", b"training"), "line 9, column Usage: got 'training'", id="small letters"),
    pytest.param(edit(9, b"Training", b"Train\0ing"), "line 9.*" + nul_refused(r"Train\\x00ing"), id="NUL in Usage"),
    pytest.param(edit(9, b"Training", b"Train\xffing"), "line 9: not a CSV file .*0xff", id="no UTF-8"),
    pytest.param(edit(4, rb",(?=T)", b",1,"), "line 4: got 4 columns, expected 3", id="extra column"),
    pytest.param(edit(4, rb",Training", b""), "line 4: got 2 columns, expected 3", id="missing column"),
    pytest.param(edit(6, rb"^", b"\n"), "line 6: got 0 columns", id="blank line"),
    pytest.param(edit(8, rb",", b',"'), "line 8: ", id="open quote"),
    pytest.param(cut(-5000), "line 41: got 2 columns", id="cut in the pixels"),
    pytest.param(cut(-3), "line 41, column Usage: got 'PrivateTe'", id="cut in the Usage"),
    pytest.param(cut(-len(b",PrivateTest\n")), "line 41: got 2 columns", id="cut behind the pixels"),
])
def test_a_damaged_file_is_refused_by_line_and_column_and_leaves_no_cache(forty_faces, damage, message):
    spoil(forty_faces / "fer2013.csv", damage)
    assert_refused(read_fer2013, forty_faces / "fer2013.csv", message)
    assert sorted(path.name for path in forty_faces.iterdir()) == ["fer2013.csv", "fer2013new.csv"]


def test_the_real_file_has_the_published_numbers_of_faces(real_data):
    faces = read_fer2013(real_data)
    assert np.bincount(faces.usage).tolist() == [28_709, 3_589, 3_589]
    training = np.bincount(faces.emotion[faces.usage == 0])
    assert FER2013_CLASSES[training.argmax()] == "happy" and FER2013_CLASSES[training.argmin()] == "disgust"


def test_rows_of_the_real_file_come_out_as_they_stand_there(real_data):
    faces = read_fer2013(real_data)
    with open(real_data / "fer2013.csv") as file:
        next(file)
        for row, line in enumerate(file):
            if row % 397 == 0:
                emotion, pixels, usage = line.rstrip().split(",")
                assert (str(faces.emotion[row]), USAGES[faces.usage[row]]) == (emotion, usage)
                assert faces.pixels[row].ravel().tolist() == [float(value) for value in pixels.split(" ")]
    assert row == len(faces) - 1


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the system does not tell a process's peak memory")
def test_reading_the_real_file_needs_no_more_memory_than_the_file_is_long(real_data, tmp_path):
    (tmp_path / "fer2013.csv").symlink_to(real_data.resolve() / "fer2013.csv")  # no cache there
    code = ("import re, sys; from lanmsff_plugins.data import read_fer2013\n"
            "def peak(): return int(re.search(r'VmHWM:\\s+(\\d+)', open('/proc/self/status').read())[1])\n"
            "before = peak(); faces = read_fer2013(sys.argv[1]); faces.pixels.sum(); print(peak() - before)")
    grown = subprocess.check_output([sys.executable, "-c", code, tmp_path], text=True, cwd=ROOT)
    assert int(grown) * 1024 < (real_data / "fer2013.csv").stat().st_size


def test_a_folder_is_found_below_the_home_of_the_user_and_by_the_path_of_its_table(forty_faces, monkeypatch):
    expected = read_fer2013(forty_faces)
    monkeypatch.setenv("HOME", str(forty_faces.parent))
    for place in ("~/forty_faces", "~/forty_faces/fer2013.csv", forty_faces / "fer2013.csv"):
        np.testing.assert_array_equal(read_fer2013(place).pixels, expected.pixels)
        assert len(read_ferplus(place)[1]) == 40


def test_the_table_that_is_named_is_the_one_that_is_read(forty_faces):
    faces = read_fer2013(forty_faces)
    Faces(255 - faces.pixels, faces.emotion, faces.usage).save(forty_faces / "fer2013.safetensors")
    np.testing.assert_array_equal(read_fer2013(forty_faces / "fer2013.csv").pixels, faces.pixels)
    np.testing.assert_array_equal(read_fer2013(forty_faces).pixels, 255 - faces.pixels)


@pytest.mark.parametrize(("place", "message"), [
    ("fer2013new.csv", "fer2013new.csv is a file; expected the folder of FER-2013, or one of the files fer2013.safet"),
    ("missing/fer2013.csv", "no FER-2013 at .*missing/fer2013.csv: get"),
    ("missing", "no FER-2013 at .*missing/fer2013.csv: get .* and set data_root to its folder")])
def test_a_place_that_holds_no_faces_is_named(forty_faces, place, message):
    with pytest.raises((DataError, FileNotFoundError), match=message):
        read_fer2013(forty_faces / place)


@pytest.mark.parametrize("name", ["fer2013.csv", "fer2013.safetensors", "test.csv"])
def test_a_table_that_is_a_link_to_nothing_is_not_passed_over(tmp_path, forty_faces, name):
    write_layout(tmp_path, "train.csv", read_fer2013(forty_faces))
    (tmp_path / name).unlink(missing_ok=True)
    (tmp_path / name).symlink_to("nowhere")
    with pytest.raises(DataError, match=f"{name} is a link to nowhere, which cannot be found"):
        read_fer2013(tmp_path)
