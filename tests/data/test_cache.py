"""The cache of faces: read once, mapped afterwards, never trusted, never in the way."""
import json
import os
import pickle
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.numpy import load_file, save

from lanmsff_plugins.base.errors import DataError
from lanmsff_plugins.data.cache import cached
from lanmsff_plugins.data.fer2013.faces import Faces
from lanmsff_plugins.data.fer2013.reader import read_fer2013

from ..conftest import ROOT

ARRAYS = ("pixels", "emotion", "usage")


def make_faces(emotions: bytes) -> Faces:
    """One face for each emotion, its pixels are all of that value."""
    emotion = np.frombuffer(emotions, np.uint8)
    return Faces(np.repeat(emotion, 48 * 48).reshape(-1, 48, 48), emotion, emotion % 3)


class Source:
    """A file of emotions; it counts how often it is parsed."""

    def __init__(self, folder: Path, emotions: bytes = b"\1\2\3\4\5\6"):
        self.path = folder / "source.csv"
        self.cache = folder / "source.cache.safetensors"
        self.path.write_bytes(emotions)
        self.parsed = 0

    def parse(self) -> Faces:
        self.parsed += 1
        return make_faces(self.path.read_bytes())

    def read(self, version: int = 1) -> Faces:
        return cached(self.cache, [self.path], self.parse, version, Faces.open, Faces.save)


@pytest.fixture
def source(tmp_path) -> Source:
    return Source(tmp_path)


def assert_equal(found: Faces, expected: Faces) -> None:
    for name in ARRAYS:
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))


def test_the_second_reading_maps_the_same_faces_and_does_not_parse(source):
    first, second = source.read(), source.read()
    assert source.parsed == 1
    for found in (first, second):
        assert_equal(found, make_faces(b"\1\2\3\4\5\6"))
        assert found.path == source.cache and isinstance(found.pixels, np.memmap)


def test_mapped_faces_cannot_be_changed_by_accident(source):
    with pytest.raises(ValueError, match="read-only"):
        source.read().pixels[0, 0, 0] = 1


def test_any_safetensors_reader_opens_the_cache(source):
    arrays = load_file(source.read().path)
    assert_equal(Faces(**arrays), make_faces(b"\1\2\3\4\5\6"))


@pytest.mark.parametrize("content", [b"\6\5\4\3\2\1\0", b"\6\5\4\3\2\1"], ids=["another size", "the same size"])
def test_a_changed_source_is_read_anew(source, content):
    source.read()
    source.path.write_bytes(content)
    os.utime(source.path, ns=(0, 0))
    assert_equal(source.read(), make_faces(content))
    assert_equal(source.read(), make_faces(content))
    assert source.parsed == 2


def test_a_source_changed_behind_its_time_stamp_is_read_anew(source):
    source.read()
    before = source.path.stat()
    source.path.write_bytes(b"\6\5\4\3\2\1")
    while source.path.stat().st_ctime_ns == before.st_ctime_ns:  # the clock of files is a coarse one
        os.utime(source.path, ns=(before.st_atime_ns, before.st_mtime_ns))
    os.utime(source.path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert_equal(source.read(), make_faces(b"\6\5\4\3\2\1"))


def test_another_version_of_the_parser_does_not_take_the_old_cache(source):
    source.read(version=1)
    source.read(version=2)
    assert source.parsed == 2


def test_a_source_that_cannot_be_parsed_leaves_no_cache(source):
    def fail():
        raise DataError(f"{source.path} is wrong")
    with pytest.raises(DataError):
        cached(source.cache, [source.path], fail, 1, Faces.open, Faces.save)
    assert list(source.path.parent.iterdir()) == [source.path]


def hostile(header: object, data: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


def stamped(stamp: dict, **arrays: np.ndarray) -> bytes:
    """A cache with the stamp that fits the source, and with other arrays."""
    good = {name: getattr(make_faces(b"\1\1\1\1\1\1"), name) for name in ARRAYS}
    return save({name: array for name, array in (good | arrays).items() if array is not None}, stamp)


@pytest.mark.parametrize("spoil", [
    pytest.param(lambda good, stamp: b"", id="empty"),
    pytest.param(lambda good, stamp: good[:5], id="cut in the length"),
    pytest.param(lambda good, stamp: good[:60], id="cut in the header"),
    pytest.param(lambda good, stamp: good[:len(good) // 2], id="cut in the pixels"),
    pytest.param(lambda good, stamp: good[:-1], id="cut by one byte"),
    pytest.param(lambda good, stamp: good + b"\0", id="one byte more"),
    pytest.param(lambda good, stamp: random.Random(0).randbytes(len(good)), id="noise"),
    pytest.param(lambda good, stamp: b"\xff" * 8 + good, id="endless header"),
    pytest.param(lambda good, stamp: pickle.dumps([1, 2, 3]), id="pickle"),
    pytest.param(lambda good, stamp: hostile(b"[" * 100_000), id="nested lists"),
    pytest.param(lambda good, stamp: hostile(b'{"a":' * 100_000), id="nested objects"),
    pytest.param(lambda good, stamp: hostile([]), id="list"),
    pytest.param(lambda good, stamp: hostile({"__metadata__": stamp}), id="stamp and no arrays"),
    pytest.param(lambda good, stamp: hostile({"__metadata__": ["source"]}), id="metadata a list"),
    pytest.param(lambda good, stamp: hostile({"__metadata__": stamp, "pixels": [1]}), id="entry a list"),
    pytest.param(lambda good, stamp: hostile({"__metadata__": stamp, **{
        name: {"dtype": "U8", "shape": [9, 48, 48], "data_offsets": [0, 9 * 48 * 48]} for name in ARRAYS}}),
        id="arrays beyond the end"),
    pytest.param(lambda good, stamp: stamped(stamp, usage=None), id="array missing"),
    pytest.param(lambda good, stamp: stamped(stamp, emotion=np.zeros(6, np.float32)), id="other type"),
    pytest.param(lambda good, stamp: stamped(stamp, emotion=np.zeros(5, np.uint8)), id="labels missing"),
    pytest.param(lambda good, stamp: stamped(stamp, pixels=np.zeros((6, 48 * 48), np.uint8)), id="flat pixels"),
    pytest.param(lambda good, stamp: stamped(stamp, **{name: np.zeros(0, np.uint8) for name in ARRAYS}), id="no faces"),
    pytest.param(lambda good, stamp: stamped(stamp, emotion=np.array(6, np.uint8)), id="number for an array"),
    pytest.param(lambda good, stamp: stamped({}), id="no stamp"),
])
def test_a_cache_that_is_not_right_is_written_anew_without_a_word(source, spoil):
    source.read()
    with safe_open(source.cache, "np") as file:
        stamp = file.metadata()
    source.cache.write_bytes(spoil(source.cache.read_bytes(), stamp))
    assert_equal(source.read(), make_faces(b"\1\2\3\4\5\6"))
    assert_equal(source.read(), make_faces(b"\1\2\3\4\5\6"))
    assert source.parsed == 2


@settings(deadline=None, max_examples=100)
@given(st.data())
def test_no_single_wrong_byte_in_a_cache_s_header_gives_wrong_faces(tmp_path_factory, data):
    source = Source(tmp_path_factory.mktemp("source"), b"\1\2")
    content = bytearray(source.read().path.read_bytes())
    place = data.draw(st.integers(0, len(content) - 2 * (48 * 48 + 2) - 1))
    content[place] = data.draw(st.integers(0, 255))
    source.cache.write_bytes(content)
    assert_equal(source.read(), make_faces(b"\1\2"))


def test_a_cache_in_whose_place_a_folder_stands_does_no_harm(source):
    source.cache.mkdir()
    assert_equal(source.read(), make_faces(b"\1\2\3\4\5\6"))


@pytest.fixture
def read_only(monkeypatch, tmp_path) -> Path:
    """No folder but the user's cache folder can be written to; gives that one."""
    home = tmp_path / "home"
    monkeypatch.setenv("XDG_CACHE_HOME", str(home))
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # the tests may run as root, who may write anywhere
    return home


def test_the_cache_of_a_read_only_folder_lies_in_the_user_s_cache_folder(source, read_only):
    for _ in range(2):
        found = source.read()
        assert found.path.is_relative_to(read_only)
        assert_equal(found, make_faces(b"\1\2\3\4\5\6"))
    assert source.parsed == 1
    assert not source.cache.exists()


def test_sources_of_one_name_in_two_read_only_folders_do_not_share_a_cache(tmp_path, read_only):
    sources = []
    for name, content in (("one", b"\1\2"), ("two", b"\3\4")):
        (tmp_path / name).mkdir()
        sources.append(Source(tmp_path / name, content))
    for _ in range(2):
        for source in sources:
            assert_equal(source.read(), make_faces(source.path.read_bytes()))
    assert [source.parsed for source in sources] == [1, 1]


def test_where_no_cache_can_be_written_the_faces_stay_in_memory(source, read_only):
    read_only.write_text("a file where the folder should be")
    found = source.read()
    assert found.path is None
    assert_equal(found, make_faces(b"\1\2\3\4\5\6"))


def test_two_processes_that_read_at_the_same_time_get_the_same_faces(forty_faces):
    code = ("import sys; from lanmsff_plugins.data import read_fer2013; print('ready', flush=True); input()\n"
            "faces = read_fer2013(sys.argv[1]); print(faces.pixels.sum(), faces.emotion.tolist())")
    processes = [subprocess.Popen([sys.executable, "-c", code, forty_faces], text=True, stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE, cwd=ROOT) for _ in range(2)]
    assert [process.stdout.readline() for process in processes] == ["ready\n"] * 2
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    found = [(process.communicate()[0], process.returncode) for process in processes]
    faces = read_fer2013(forty_faces)
    assert found == [(f"{faces.pixels.sum()} {faces.emotion.tolist()}\n", 0)] * 2
    assert sorted(path.name for path in forty_faces.iterdir()) == [
        "fer2013.cache.safetensors", "fer2013.csv", "fer2013new.csv"]


def test_what_a_killed_process_left_of_the_cache_is_gone_at_the_next_reading(source):
    left = source.cache.with_name(f".{source.cache.name}.k2j3h4g5")
    for content in (b"half", b"half"):  # before there is a cache, and beside one
        left.write_bytes(content)
        source.read()
        assert sorted(path.name for path in left.parent.iterdir()) == ["source.cache.safetensors", "source.csv"]
