"""FER-2013 in every layout: the same faces come out, with the CSV's classes and the right splits."""
import io
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lanmsff_plugins.base.errors import DataError
from lanmsff_plugins.data.fer2013.faces import FER2013_CLASSES, UNLABELLED, Faces
from lanmsff_plugins.data.fer2013.reader import read_fer2013
from lanmsff_plugins.data.fer2013.writers import LAYOUTS, write_layout

from ..conftest import take, with_names
from ..damage import assert_refused, edit, spoil

pyarrow = pytest.importorskip("pyarrow")
parquet = pytest.importorskip("pyarrow.parquet")

TABLES = ("fer2013.csv", "icml_face_data.csv", "train.csv")


def contents(faces: Faces) -> list[tuple[bytes, int, int]]:
    return [(face.tobytes(), int(emotion), int(usage))
            for face, emotion, usage in zip(faces.pixels, faces.emotion, faces.usage)]


def png(pixels: np.ndarray, form: str = "PNG") -> bytes:
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, form)
    return content.getvalue()


GREY = png(np.random.default_rng(0).integers(90, 110, (48, 48), np.uint8))


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


def test_classes_by_any_of_their_names_in_any_case_are_the_csv_s(tmp_path):
    for name in ("Anger", "DISGUST", "fearful", "happiness", "Sad", "surprised", "neutral"):
        (tmp_path / "train" / name).mkdir(parents=True)
        (tmp_path / "train" / name / f"Training_{name}.png").write_bytes(GREY)
    found = read_fer2013(tmp_path)
    of_name = dict(zip(found.names.tolist(), found.emotion.tolist()))
    assert [of_name[f"Training_{name}.png".encode()] for name in (
        "Anger", "DISGUST", "fearful", "happiness", "Sad", "surprised", "neutral")] == list(range(7))


def test_what_systems_leave_among_images_is_no_image(named_faces, tmp_path):
    write_layout(tmp_path, "ferplus-folders", named_faces[0])
    for name in (".DS_Store", "Thumbs.db", "desktop.ini", "label.csv"):
        (tmp_path / "FER2013Train" / name).write_bytes(b"no image")
    (tmp_path / "notes.txt").write_text("no image, and in no folder of images")
    assert len(read_fer2013(tmp_path)) == (named_faces[0].names != b"").sum()


def write_images(root: Path, *names: str, content: bytes = GREY) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)


WHOLE = ("train/angry/a.png", "validation/angry/b.png", "test/angry/c.png")


@pytest.mark.parametrize(("names", "bad", "message"), [
    pytest.param(["train/angry/a.png", "test/angry/b.png"], "test/angry/b.png",
                 "test mixes PublicTest and PrivateTest, and its name has no prefix .* get fer2013", id="mixed test"),
    pytest.param(["test/angry/PublicTest_1.png", "test/angry/b.png"], "test/angry/b.png", "mixes PublicTest and Pri",
                 id="one name without prefix"),
    pytest.param(["test/angry/publictest_1.png"], "test/angry/publictest_1.png", "mixes PublicTest and PrivateTest",
                 id="prefix in small letters"),
    pytest.param(["train/angry/a.png", "validation/angry/b.png"], "validation/angry/b.png",
                 "train, validation and no test is not how FER-2013 is split", id="two splits of somebody's own"),
    pytest.param([*WHOLE, "train/angry/PublicTest_1.png"], "train/angry/PublicTest_1.png",
                 "its name says PublicTest, and it lies in train", id="PublicTest in train"),
    pytest.param([*WHOLE, "test/angry/Training_1.png"], "test/angry/Training_1.png",
                 "its name says Training, and it lies in test", id="Training in test"),
    pytest.param([*WHOLE, "validation/sad/PrivateTest_1.png"], "validation/sad/PrivateTest_1.png",
                 "its name says PrivateTest, and it lies in validation", id="PrivateTest in validation"),
    pytest.param([*WHOLE, "train/contempt/a.png"], "train/contempt/a.png",
                 "'contempt' is no class of FER-2013; expected one of angry, disgust, fear", id="unknown class"),
    *(pytest.param([*WHOLE, f"train/{number}/a.png"], f"train/{number}/a.png",
                   rf"'{number}' is no class .* \(a number does not say in which order\)", id=f"class {number}")
      for number in range(8)),
    pytest.param([*WHOLE, "train/angry/more/a.png"], "train/angry/more/a.png", "is no image", id="too deep"),
    *(pytest.param([*WHOLE, f"train/angry/{name}"], f"train/angry/{name}", "is no image of FER-2013; expected .jpg or",
                   id=name) for name in ("a.gif", "a.txt", "a.npy", "a", "a.jpg.part", "fer2013.zip")),
])
def test_folders_that_do_not_say_which_face_is_what_are_refused(tmp_path, names, bad, message):
    write_images(tmp_path, *names)
    assert_refused(lambda _: read_fer2013(tmp_path), tmp_path / bad, message)


JPEG = png(np.random.default_rng(0).integers(0, 256, (48, 48), np.uint8), "JPEG")
COLOURED = np.zeros((48, 48, 4), np.uint8)


@pytest.mark.parametrize(("content", "message"), [
    pytest.param(b"", "cannot be read as an image .*; get the file anew", id="empty"),
    pytest.param(b"no image", "cannot be read as an image", id="text"),
    *(pytest.param(GREY[:end], "cannot be read as an image", id=f"cut at {end}") for end in (4, 20, 60, 500, 900, -60)),
    *(pytest.param(JPEG[:end], "cannot be read as an image", id=f"JPEG cut at {end}") for end in (2, 100, 300, 620)),
    pytest.param(png(np.zeros((48, 47), np.uint8)), "got 47x48 pixels of mode L, expected 48x48", id="narrow"),
    pytest.param(png(np.zeros((64, 64), np.uint8)), "got 64x64 pixels of mode L", id="large"),
    pytest.param(png(COLOURED), "got 48x48 pixels of mode RGBA, expected 48x48, grey or RGB", id="transparent"),
    pytest.param(png(np.zeros((48, 48), np.uint16)), "got 48x48 pixels of mode I;16, expected 48x48", id="16 bits"),
    pytest.param(png(np.zeros((48, 48), bool)), "got 48x48 pixels of mode 1, expected 48x48, grey", id="1 bit"),
])
@pytest.mark.parametrize("layout", ["folders", "parquet"])
def test_an_image_that_is_none_is_refused(tmp_path, layout, content, message):
    if layout == "folders":
        write_images(tmp_path, *WHOLE)
        write_images(tmp_path, "train/sad/a.png", content=content)
        assert_refused(lambda _: read_fer2013(tmp_path), tmp_path / "train/sad/a.png", message)
    else:
        write_table(tmp_path / "train.parquet", [GREY, content], [0, 1])
        assert_refused(read_fer2013, tmp_path / "train.parquet", f", row 1, column image:? ?{message}")


def write_table(path: Path, images: list, labels: list, metadata: dict | None = None, **columns) -> None:
    table = pyarrow.table({"image": images, "label": labels, **columns})
    parquet.write_table(table.replace_schema_metadata(metadata), path)


def test_a_parquet_file_s_labels_are_alphabetical_unless_it_says_otherwise(tmp_path):
    write_table(tmp_path / "train.parquet", [GREY] * 7, list(range(7)))
    found = read_fer2013(tmp_path)
    assert sorted(FER2013_CLASSES) == ["angry", "disgust", "fear", "happy", "neutral", "sad", "surprise"]
    assert sorted(found.emotion) == list(range(7))
    names = ["surprise", "sad", "neutral", "happy", "fear", "disgust", "anger"]
    info = {"huggingface": json.dumps({"info": {"features": {"label": {"names": names}}}})}
    for label, name in enumerate(names):
        for said, expected in ((None, sorted(FER2013_CLASSES)[label]), (info, name.replace("anger", "angry"))):
            write_table(tmp_path / "train.parquet", [GREY], [label], said)
            assert FER2013_CLASSES[read_fer2013(tmp_path).emotion[0]] == expected


@pytest.mark.parametrize("name", ["train", "train-00000-of-00001", "Train_1", "training.0"])
def test_a_parquet_file_s_name_begins_with_its_split(tmp_path, name):
    write_table(tmp_path / f"{name}.parquet", [GREY], [3])
    assert read_fer2013(tmp_path).usage.tolist() == [0]


def says(names: object) -> dict:
    return {"huggingface": json.dumps({"info": {"features": {"label": {"names": names}}}})}


@pytest.mark.parametrize(("arguments", "message"), [
    *(pytest.param(([GREY], [label]), rf", row 0, column label: got '{label}', expected 0 to 6", id=f"label {label}")
      for label in (7, -1, 255, None, 1.5, "angry", True)),
    pytest.param(([None], [0]), ", row 0, column image: expected the bytes of an image", id="no image"),
    pytest.param((["text"], [0]), ", row 0, column image: expected the bytes of an image", id="text for an image"),
    pytest.param(([{"path": "a.png"}], [0]), ", row 0, column image: expected the bytes", id="a path for an image"),
    pytest.param(([3], [0]), ", row 0, column image: expected the bytes of an image", id="number for an image"),
    pytest.param(([], []), "", id="no rows"),
    pytest.param(([GREY], [0], says(["a", "b"])), ": 'a' is no class of FER-2013", id="other classes"),
    pytest.param(([GREY], [0], says(["angry", "sad"])), "its metadata name the classes angry, sad; expected the seven",
                 id="two classes"),
    pytest.param(([GREY], [0], says(["angry"] * 7)), "its metadata name the classes angry, angry", id="a class twice"),
    pytest.param(([GREY], [0], says([0, 1, 2, 3, 4, 5, 6])), "'0' is no class of FER-2013", id="numbers for classes"),
])
def test_a_parquet_file_with_wrong_rows_is_refused(tmp_path, arguments, message):
    write_table(tmp_path / "train.parquet", *arguments)
    where = tmp_path if arguments == ([], []) else tmp_path / "train.parquet"
    assert_refused(lambda _: read_fer2013(tmp_path), where, message)


@pytest.mark.parametrize(("columns", "missing"), [
    (["image"], "label"), (["label"], "image"), (["img_bytes", "labels"], "image, label")])
def test_a_parquet_file_with_other_columns_is_refused(tmp_path, columns, missing):
    parquet.write_table(pyarrow.table({name: [1] for name in columns}), tmp_path / "train.parquet")
    assert_refused(read_fer2013, tmp_path / "train.parquet", f"expected image and label; there is no {missing}")


@pytest.mark.parametrize("name", ["fer2013", "0000", "all", "-train"])
def test_a_parquet_file_whose_name_tells_no_split_is_refused(tmp_path, name):
    write_table(tmp_path / f"{name}.parquet", [GREY], [0])
    assert_refused(read_fer2013, tmp_path / f"{name}.parquet", "the name does not tell the split; expected one that")


def test_a_parquet_test_without_names_is_refused(tmp_path):
    write_table(tmp_path / "train.parquet", [GREY], [0])
    write_table(tmp_path / "test.parquet", [GREY], [0])
    assert_refused(read_fer2013, tmp_path / "test.parquet", ", row 0.* mixes PublicTest and PrivateTest")


@pytest.mark.parametrize("part", [0, .1, .3, .5, .7, .9, .99])
def test_a_parquet_file_that_was_cut_short_is_refused(tmp_path, named_faces, part):
    write_layout(tmp_path, "parquet", take(named_faces[0], np.arange(330)))
    path = tmp_path / "data" / "train-00000-of-00001.parquet"
    path.write_bytes(path.read_bytes()[:int(part * path.stat().st_size)])
    assert_refused(lambda _: read_fer2013(tmp_path), path, "cannot be read as parquet .*; get the file anew")


def test_without_pyarrow_a_parquet_file_says_what_to_install(tmp_path, monkeypatch):
    write_table(tmp_path / "train.parquet", [GREY], [0])
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    assert_refused(read_fer2013, tmp_path / "train.parquet", r"pip install 'lanmsff-plugins\[parquet\]'", ImportError)


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
