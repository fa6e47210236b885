"""FER-2013 in every layout: the same faces come out, with the CSV's classes and the right splits."""
import shutil
from pathlib import Path

import numpy as np
import pytest

from lanmsff_plugins.base.errors import DataError
from lanmsff_plugins.data.fer2013.faces import FER2013_CLASSES, UNLABELLED, Faces
from lanmsff_plugins.data.fer2013.reader import read_fer2013
from lanmsff_plugins.data.fer2013.writers import LAYOUTS, write_layout

from ..conftest import take, with_names
from ..damage import assert_refused

TABLES = ("fer2013.csv", "icml_face_data.csv", "train.csv")


def contents(faces: Faces) -> list[tuple[bytes, int, int]]:
    return [(face.tobytes(), int(emotion), int(usage))
            for face, emotion, usage in zip(faces.pixels, faces.emotion, faces.usage)]


@pytest.fixture(scope="module", params=["drawn", "real"])
def some_faces(request, tmp_path_factory) -> Faces:
    """Drawn faces, and real ones, in the official order and with names."""
    if request.param == "drawn":
        return request.getfixturevalue("named_faces")[0]
    faces, _ = with_names(request.getfixturevalue("real_data"))
    return take(faces, np.concatenate([np.flatnonzero(faces.usage == usage)[:60] for usage in range(3)]))


@pytest.mark.parametrize("layout", ["fer2013.csv", "icml_face_data.csv"])
def test_a_table_gives_every_face_in_its_order(some_faces, layout, tmp_path):
    write_layout(tmp_path, layout, some_faces)
    found = read_fer2013(tmp_path)
    assert contents(found) == contents(some_faces) and found.names is None


def test_train_and_test_give_every_face_in_its_order_the_tests_without_labels(some_faces, tmp_path):
    write_layout(tmp_path, "train.csv", some_faces)
    found = read_fer2013(tmp_path)
    expected = [(face, emotion if usage == 0 else UNLABELLED, usage) for face, emotion, usage in contents(some_faces)]
    assert contents(found) == expected and found.names is None


def test_train_alone_is_read(named_faces, tmp_path):
    write_layout(tmp_path, "train.csv", named_faces[0])
    (tmp_path / "test.csv").unlink()
    assert set(read_fer2013(tmp_path).usage) == {0}


@pytest.mark.parametrize("layout", ["parquet", "plain-folders"])
def test_images_give_every_face_with_the_csv_s_class_and_its_split(some_faces, layout, tmp_path):
    write_layout(tmp_path, layout, some_faces)
    found = read_fer2013(tmp_path)
    assert sorted(contents(found)) == sorted(contents(some_faces))
    assert len(set(found.names)) == len(found)
    assert found.usage.tolist() == sorted(found.usage)


def test_the_jpegs_of_kaggle_give_every_face_nearly_with_the_csv_s_class_and_its_split(some_faces, tmp_path):
    write_layout(tmp_path, "folders", some_faces)
    found = read_fer2013(tmp_path)
    rows = [int(name.decode().split("_")[1].removesuffix(".jpg")) for name in found.names]
    assert sorted(rows) == list(range(len(some_faces)))
    assert found.emotion.tolist() == some_faces.emotion[rows].tolist()
    assert found.usage.tolist() == some_faces.usage[rows].tolist()
    assert np.abs(found.pixels.astype(int) - some_faces.pixels[rows]).mean() < 4


def test_the_folders_of_ferplus_give_every_named_face_without_a_label(some_faces, tmp_path):
    write_layout(tmp_path, "ferplus-folders", some_faces)
    found = read_fer2013(tmp_path)
    expected = sorted((name, usage, face) for name, (face, _, usage) in zip(
        some_faces.names.tolist(), contents(some_faces)) if name)
    assert sorted((name, usage, face) for name, (face, _, usage) in zip(found.names, contents(found))) == expected
    assert set(found.emotion) == {UNLABELLED}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_second_reading_of_a_layout_maps_the_same_faces(named_faces, layout, tmp_path):
    write_layout(tmp_path, layout, named_faces[0])
    first, second = read_fer2013(tmp_path), read_fer2013(tmp_path)
    assert isinstance(second.pixels, np.memmap) and contents(first) == contents(second)
    assert (first.names is None) == (second.names is None) == (layout in TABLES)
    if first.names is not None:
        assert first.names.tolist() == second.names.tolist()


@pytest.mark.parametrize("layout", ["train.csv", "parquet", "folders"])
def test_a_layout_of_many_files_is_read_anew_when_one_of_them_is_gone(named_faces, layout, tmp_path):
    write_layout(tmp_path, layout, named_faces[0])
    whole = read_fer2013(tmp_path)
    gone = min(path for path in tmp_path.rglob("*test*/**/*.jpg" if layout == "folders" else "*test*"))
    gone.unlink()
    assert len(read_fer2013(tmp_path)) < len(whole)


def test_a_compact_file_is_taken_before_anything_else(named_faces, tmp_path):
    faces, _ = named_faces
    write_layout(tmp_path, "fer2013.csv", faces)
    take(faces, np.arange(7)).save(tmp_path / "fer2013.safetensors")
    found = read_fer2013(tmp_path)
    assert len(found) == 7 and found.names.tolist() == faces.names[:7].tolist()


@pytest.fixture(scope="module")
def real(real_data) -> Faces:
    return read_fer2013(real_data)


def as_folder(faces: Faces, folder: Path) -> Path:
    faces.save(folder / "fer2013.safetensors")
    return folder / "fer2013.safetensors"


def test_all_real_faces_with_classes_in_another_order_are_refused(real, tmp_path):
    alphabetical = np.array([sorted(FER2013_CLASSES).index(name) for name in FER2013_CLASSES], np.uint8)
    path = as_folder(Faces(real.pixels, alphabetical[real.emotion], real.usage), tmp_path)
    assert_refused(read_fer2013, path, "the classes of Training have 3,995 436 4,097 7,215 4,965 4,830 3,171 faces, "
                                       "expected .* do the labels follow another order of classes")


def test_all_real_faces_in_a_split_of_somebody_s_own_are_refused(real, tmp_path):
    usage = np.where(np.arange(len(real)) < 28_821, 0, 1).astype(np.uint8)
    path = as_folder(Faces(real.pixels, real.emotion, usage), tmp_path)
    assert_refused(read_fer2013, path, "all 35,887 faces of FER-2013 in another split, 28,821 7,066 0; expected 28,7")


def test_all_real_faces_without_the_labels_of_the_tests_are_read(real, tmp_path):
    emotion = np.where(real.usage == 0, real.emotion, UNLABELLED).astype(np.uint8)
    as_folder(Faces(real.pixels, emotion, real.usage), tmp_path)
    assert np.bincount(read_fer2013(tmp_path).usage).tolist() == [28_709, 3_589, 3_589]


@pytest.mark.slow
@pytest.mark.parametrize("layout", ["icml_face_data.csv", "train.csv", "parquet", "plain-folders"])
def test_all_real_faces_come_out_of_every_layout(real_data, layout, tmp_path):
    faces, _ = with_names(real_data)
    write_layout(tmp_path, layout, faces)
    found = read_fer2013(tmp_path)
    expected = np.where(faces.usage == 0, faces.emotion, UNLABELLED) if layout == "train.csv" else faces.emotion
    assert sorted(contents(found)) == sorted(contents(Faces(faces.pixels, expected, faces.usage)))
    shutil.rmtree(tmp_path)


def test_a_folder_with_nothing_is_refused_with_all_that_would_do(tmp_path):
    with pytest.raises(FileNotFoundError, match="icml_face_data.csv, train.csv and test.csv, parquet files, and fold"):
        read_fer2013(tmp_path / "missing")
    with pytest.raises(DataError, match="safetensors"):
        (tmp_path / "fer2013.safetensors").write_bytes(b"text")
        read_fer2013(tmp_path)
