"""Images and parquet files whose classes, splits or pictures are not clear are refused."""
import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lanmsff_plugins.base.errors import DataError
from lanmsff_plugins.data.fer2013.faces import FER2013_CLASSES
from lanmsff_plugins.data.fer2013.reader import read_fer2013
from lanmsff_plugins.data.fer2013.writers import write_layout

from ..conftest import take
from ..damage import assert_refused

pyarrow = pytest.importorskip("pyarrow")

parquet = pytest.importorskip("pyarrow.parquet")


def png(pixels: np.ndarray, form: str = "PNG") -> bytes:
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, form)
    return content.getvalue()

GREY = png(np.random.default_rng(0).integers(90, 110, (48, 48), np.uint8))


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


@pytest.mark.parametrize("left", [(), ("Thumbs.db",)], ids=["empty", "only a system's file"])
def test_a_class_without_images_is_refused(tmp_path, left):
    write_images(tmp_path, *WHOLE)
    (tmp_path / "train" / "happy").mkdir()
    for name in left:
        (tmp_path / "train" / "happy" / name).touch()
    assert_refused(lambda _: read_fer2013(tmp_path), tmp_path / "train" / "happy", "holds no images; get the data set")


JPEG = png(np.random.default_rng(0).integers(0, 256, (48, 48), np.uint8), "JPEG")

COLOURED = np.zeros((48, 48, 4), np.uint8)
DEEP = png(np.zeros((48, 48), np.uint16))  # Pillow 10 opens it in another mode than newer ones


@pytest.mark.parametrize(("content", "message"), [
    pytest.param(b"", "cannot be read as an image .*; get the file anew", id="empty"),
    pytest.param(b"no image", "cannot be read as an image", id="text"),
    *(pytest.param(GREY[:end], "cannot be read as an image", id=f"cut at {end}") for end in (4, 20, 60, 500, 900, -60)),
    *(pytest.param(JPEG[:end], "cannot be read as an image", id=f"JPEG cut at {end}") for end in (2, 100, 300, 620)),
    pytest.param(png(np.zeros((48, 47), np.uint8)), "got 47x48 pixels of mode L, expected 48x48", id="narrow"),
    pytest.param(png(np.zeros((64, 64), np.uint8)), "got 64x64 pixels of mode L", id="large"),
    pytest.param(png(COLOURED), "got 48x48 pixels of mode RGBA, expected 48x48, grey or RGB", id="transparent"),
    pytest.param(DEEP, f"got 48x48 pixels of mode {Image.open(io.BytesIO(DEEP)).mode}, expected 48x48", id="16 bits"),
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


def with_links(root: Path, faces, *links: tuple[str, str]) -> Path:
    """Faces as plain folders, of which some are replaced by, or added as, links to what lies elsewhere."""
    write_layout(root / "data", "plain-folders", faces)
    for place, target in links:
        place, target = root / "data" / place, root / target
        if place.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            place.rename(target)
        place.symlink_to(target)
    return root / "data"


@pytest.fixture(scope="module")
def few(named_faces):
    return take(named_faces[0], np.r_[:24, 320:328, 360:368])


@pytest.mark.parametrize("links", [
    pytest.param([("train/happy", "disk/happy")], id="a class"),
    pytest.param([("train", "disk/train"), ("test/sad", "disk/sad")], id="a split and a class"),
    pytest.param([("train/happy/im1.png", "disk/1.png")], id="an image"),
    pytest.param([("train/happiness", "data/train/happy")], id="a class by another of its names"),
    pytest.param([("training", "data/train")], id="a split by another of its names"),
    pytest.param([("train/happy/again.png", "data/train/happy/im1.png")], id="an image twice"),
    pytest.param([("train/happy/up", "data/train"), ("train/loop", "data/train"), ("test/all", "data")], id="circles"),
    pytest.param([("train/happy/.hidden", "nowhere")], id="a hidden link to nothing")])
def test_links_are_followed_and_no_face_is_read_twice(tmp_path, few, links):
    expected = read_fer2013(with_links(tmp_path / "plain", few))
    root = with_links(tmp_path / "linked", few, *links)
    found = read_fer2013(root)
    for name in ("pixels", "emotion", "usage", "names"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))


@pytest.mark.parametrize(("links", "message"), [
    pytest.param([("train/contempt", "nowhere")], "train/contempt is a link to .*/nowhere, which cannot", id="class"),
    pytest.param([("validation/sad/x.png", "nowhere")], "sad/x.png is a link to .*/nowhere, which", id="image"),
    pytest.param([("val", "nowhere")], "/val is a link to .*/nowhere, which cannot be found", id="split"),
    pytest.param([("train/anger", "data/train/happy")], "are one file by a link, in two splits or class", id="as sad"),
    pytest.param([("test/anger", "data/train/angry")], "are one file by a link, in two splits", id="a class in test"),
    pytest.param([("val", "data/test")], "are one file by a link, in two splits or classes", id="test as val"),
    pytest.param([("test/sad/x.png", "data/train/sad/im3.png")], "are one file by a link, in two spl", id="one image"),
    pytest.param([("train/happy/more", "data/train/sad")], "happy/more/im.*.png is no image of FER-2013", id="deep")])
def test_links_that_would_lose_or_mix_faces_are_refused(tmp_path, few, links, message):
    root = with_links(tmp_path, few, *links)
    with pytest.raises(DataError, match=message):
        read_fer2013(root)


def test_a_picture_that_its_exif_tag_turns_is_turned(tmp_path):
    write_images(tmp_path, *WHOLE)
    stored = np.random.default_rng(1).integers(0, 256, (48, 48), np.uint8)
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(stored).save(tmp_path / WHOLE[0], exif=exif)
    np.testing.assert_array_equal(read_fer2013(tmp_path).pixels[0], np.rot90(stored, -1))
