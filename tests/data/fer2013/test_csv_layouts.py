"""Tables that are damaged anywhere are refused by line and column."""
import numpy as np
import pytest

from lanmsff_plugins.data.fer2013.reader import read_fer2013
from lanmsff_plugins.data.fer2013.writers import write_layout

from ..damage import assert_refused, edit, spoil


@pytest.mark.parametrize(("name", "damage", "message"), [
    pytest.param("icml_face_data.csv", edit(1, b"emotion", b"Emotion"), "line 1: got the columns 'Emotion,", id="case"),
    pytest.param("icml_face_data.csv", edit(5, rb"^\d", b"9"), "line 5, column emotion: got '9'", id="emotion"),
    pytest.param("icml_face_data.csv", edit(5, b"Training", b" Training"), "line 5, column Usage: got ' Training'",
                 id="blank before Usage"),
    pytest.param("icml_face_data.csv", edit(6, rb" \d+\n", b"\n"), "line 6, column pixels: got 2,303", id="pixel"),
    pytest.param("icml_face_data.csv", lambda lines: lines[0] + b"0,0 1,Training\n",
                 "line 2, column Usage: got '0 1', expected one of Training", id="columns exchanged"),
    pytest.param("train.csv", edit(1, b"emotion,pixels", b"pixels"), "line 1: got the columns 'pix", id="no labels"),
    pytest.param("train.csv", edit(3, rb"^\d", b"-1"), "line 3, column emotion: got '-1'", id="negative emotion"),
    pytest.param("train.csv", edit(3, rb" \d+\n", b" 300\n"), "line 3, column pixels: got '300'", id="pixel 300"),
    pytest.param("train.csv", lambda lines: b"", "line 1: got the columns ''", id="empty train"),
    pytest.param("test.csv", edit(1, b"pixels", b"emotion,pixels"), "line 1: got the columns 'emotion,pixels'",
                 id="test with labels"),
    pytest.param("test.csv", edit(2, rb"^", b"0,"), "line 2: got 2 columns, expected 1", id="a label in test"),
    pytest.param("test.csv", lambda lines: b"".join(lines[:-1]), "has 7 faces, expected PublicTest and PrivateTest, as",
                 id="an odd number of faces"),
    pytest.param("test.csv", edit(4, rb"^\d+ ", b""), "line 4, column pixels: got 2,303", id="pixel missing in test"),
    pytest.param("test.csv", lambda lines: b"", "line 1: got the columns ''", id="empty test"),
])
def test_a_damaged_table_of_another_layout_is_refused(tmp_path, forty_faces, name, damage, message):
    write_layout(tmp_path, "icml_face_data.csv" if "icml" in name else "train.csv", read_fer2013(forty_faces))
    spoil(tmp_path / name, damage)
    assert_refused(read_fer2013, tmp_path / name, message)


@pytest.mark.parametrize("seed", range(25))
@pytest.mark.parametrize(("layout", "name"), [
    ("fer2013.csv", "fer2013.csv"), ("icml_face_data.csv", "icml_face_data.csv"), ("train.csv", "train.csv"),
    ("train.csv", "test.csv")])
def test_one_wrong_byte_anywhere_in_a_table_is_refused_with_its_line(tmp_path, forty_faces, layout, name, seed):
    write_layout(tmp_path, layout, read_fer2013(forty_faces))
    rng = np.random.default_rng([seed, len(name)])
    content = bytearray((tmp_path / name).read_bytes())
    line = int(rng.integers(content.count(b"\n")))
    start = sum(map(len, content.splitlines(keepends=True)[:line]))
    place = start + int(rng.integers(12 if seed % 2 else len(content.splitlines(keepends=True)[line])))
    content[place] = rng.choice([ord("x"), ord("-"), ord(";"), 0, 0xff, ord('"')])
    (tmp_path / name).write_bytes(content)
    assert_refused(read_fer2013, tmp_path / name, ", line ")
