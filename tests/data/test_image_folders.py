"""Folders of pictures of a user's own: which pictures, which classes, which split."""
import os

import numpy as np
import pytest
from PIL import Image

from lanmsff_plugins.base.errors import DataError
from lanmsff_plugins.data.image_folders import find_images, select_folders
from lanmsff_plugins.pictures import read_picture

from ..comparison.pictures import CLASSES, draw_folders


def picture(path, colour=(200, 100, 50)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (20, 10), colour).save(path)


@pytest.fixture
def root(tmp_path):
    return draw_folders(tmp_path / "pictures")


def test_every_picture_is_in_one_split_and_a_fifth_of_each_class_in_val(root):
    found = find_images(root)
    assert found.classes == tuple(sorted(CLASSES)) and len(found.paths) == len(set(found.paths)) == 30
    assert [path.name for path in found.left_out] == ["notes.txt"]
    for label, name in enumerate(found.classes):
        assert all(path.is_relative_to(root / name) for path in np.array(found.paths)[found.labels == label])
        assert found.val[found.labels == label].sum() == 2
    train, val, both = (select_folders(root, split, side=16) for split in ("train", "val", "train+val"))
    assert sorted([*train.rows, *val.rows]) == both.rows.tolist() == list(range(30))
    assert find_images(root).val.tolist() == found.val.tolist()


@pytest.mark.parametrize("name", ["val", "Validation", "test"])
def test_splits_of_the_user_s_own_are_kept(tmp_path, name):
    for split, number in (("train", 3), (name, 1)):
        for label in ("a", "b"):
            for i in range(number):
                picture(tmp_path / split / label / f"{i}.png")
    found = find_images(tmp_path)
    assert found.classes == ("a", "b") and found.labels.tolist() == [0] * 4 + [1] * 4
    assert [path.parts[-3] for path in np.array(found.paths)[found.val]] == [name, name]
    assert select_folders(tmp_path, "test", 8).names.tolist() == [f"{name}/a/0.png", f"{name}/b/0.png"]


@pytest.mark.parametrize("colour", [True, False])
def test_pictures_are_decoded_once_and_are_what_pillow_makes_of_them(root, tmp_path, colour):
    fresh = select_folders(root, "val", 16, colour)
    kept = select_folders(root, "val", 16, colour, cache=tmp_path)
    shape = (16, 16, 3) if colour else (16, 16)
    for i, name in enumerate(fresh.names):
        expected = Image.fromarray(read_picture(root / name, colour)).resize((16, 16), Image.Resampling.BILINEAR)
        assert fresh.pictures[i].shape == shape and (fresh.pictures[i] == np.asarray(expected)).all()
        assert (kept.pictures[i] == fresh.pictures[i]).all()
    file, = tmp_path.glob("pictures_16*.safetensors")
    before = file.stat().st_mtime_ns
    select_folders(root, "train", 16, colour, cache=tmp_path)
    assert file.stat().st_mtime_ns == before
    picture(root / fresh.names[0], (0, 0, 255))
    assert (select_folders(root, "val", 16, colour, cache=tmp_path).pictures[0] != kept.pictures[0]).any()


def test_a_photograph_on_its_side_is_put_upright(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        pixels = np.zeros((20, 20, 3), np.uint8)
        pixels[:10] = 255
        for i in range(2):
            Image.fromarray(pixels).save(tmp_path / name / f"{i}.png", exif=exif)
    upright = select_folders(tmp_path, "val", 20).pictures[0]
    assert (upright[:, 11:] == 255).all() and (upright[:, :9] == 0).all()


def damaged(root):
    path = root / CLASSES[0] / "0.PNG"
    path.write_bytes(path.read_bytes()[:60])


def without(root, name):
    for path in sorted((root / name).rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()


@pytest.mark.parametrize(("change", "message"), [
    (damaged, "disc/0.PNG cannot be read as an image"),
    (lambda root: without(root, "Square"), "Square holds no pictures; expected some of the class 'Square'"),
    (lambda root: os.symlink(root / "nowhere", root / "disc" / "x.png"), "is a link to"),
    (lambda root: picture(root / "one" / "a.png"), "one holds one picture; expected two or more"),
    (lambda root: root.joinpath("train").mkdir(), "has train and no val"),
    (lambda root: [root.joinpath(name).mkdir() for name in ("train", "val")], "train holds no folders; expected one")])
def test_what_cannot_be_used_is_named(root, change, message):
    change(root)
    with pytest.raises(DataError, match=message):
        select_folders(root, "train", 16)


def test_splits_have_the_same_classes(tmp_path):
    for place in ("train/a", "train/b", "val/a", "val/c"):
        picture(tmp_path / place / "0.png")
    with pytest.raises(DataError, match="have other classes: b, c in one of them only"):
        find_images(tmp_path)


def test_a_folder_that_there_is_not_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="no folder of pictures at .*nowhere"):
        find_images(tmp_path / "nowhere")
