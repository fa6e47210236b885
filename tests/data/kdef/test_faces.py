"""KDEF's splits: folds, views, faces cut out by boxes, and one compact file."""
from itertools import product

import numpy as np
import pytest
from PIL import Image

from lanmsff_plugins.base.errors import DataError
from lanmsff_plugins.data.kdef.faces import KDEFFaces, save_compact
from lanmsff_plugins.data.kdef.reader import KDEF_VIEWS, read_kdef, split_folds

from ..damage import assert_refused


@pytest.mark.parametrize("by", ["person", "image"])
def test_the_splits_are_the_folds(drawn_kdef, by):
    images = read_kdef(drawn_kdef)
    fold_of = split_folds(images, 5, by, seed=3)
    folds = {"test": {4}, "val": {0}, "train": {1, 2, 3}, "train+val": {0, 1, 2, 3}}
    for split, expected in folds.items():
        found = KDEFFaces(drawn_kdef, split, fold=4, folds=5, split_by=by, seed=3).images
        assert found == [image for image, fold in zip(images, fold_of) if fold in expected]


def test_the_folds_do_not_depend_on_the_views(drawn_kdef):
    whole, front = (KDEFFaces(drawn_kdef, "test", folds=5, views=views).images for views in (KDEF_VIEWS, ("S",)))
    assert front == [image for image in whole if image.view == "S"] and len(front) == 28


def test_without_a_split_all_images_are_there(drawn_kdef):
    assert len(KDEFFaces(drawn_kdef)) == 700


def test_whole_photographs_are_grey_arrays(two_photographs):
    faces = KDEFFaces(two_photographs)
    assert [image.path for image in faces.images] == ["AF01ANFL.JPG", "AF01ANS.JPG"]
    assert faces[1].shape == (70, 50)
    assert np.abs(faces[1].astype(int) - (3 * np.arange(50) + 40)).max() < 6


@pytest.mark.parametrize(("options", "message"), [
    ({"split": "all"}, "unknown split 'all'"), ({"views": ("S", "L")}, "unknown view 'L'; expected one of FL, HL"),
    ({"fold": 10}, "fold must be 0 to 9, got 10"), ({"fold": -1}, "fold must be 0 to 9, got -1"),
    ({"views": ()}, "has no image in fold 0 of 10 for the split None")])
def test_impossible_options_are_refused(drawn_kdef, options, message):
    with pytest.raises(ValueError, match=message):
        KDEFFaces(drawn_kdef, **options)


def test_a_compact_file_gives_its_faces_with_all_that_their_names_tell(drawn_kdef, tmp_path):
    photographs = KDEFFaces(drawn_kdef, boxes="views")
    small = np.array([np.full((8, 8), i % 256) for i in range(len(photographs))], np.uint8)
    save_compact(tmp_path / "kdef.safetensors", photographs.images, small)
    for split in ("train", "test"):
        expected, found = (KDEFFaces(root, split, folds=5) for root in (drawn_kdef, tmp_path))
        assert found.images == expected.images
        rows = [photographs.images.index(image) for image in found.images]
        assert all((found[i] == rows[i] % 256).all() and found[i].shape == (8, 8) for i in range(0, len(rows), 37))
    with pytest.raises(ValueError, match="holds faces that are cut out already; give boxes when it is made"):
        KDEFFaces(tmp_path, boxes="views")


@pytest.mark.parametrize("content", ["text", "other", "cut"])
def test_a_compact_file_that_is_none_is_refused(drawn_kdef, drawn_faces, tmp_path, content):
    path = tmp_path / "kdef.safetensors"
    save_compact(path, KDEFFaces(drawn_kdef).images[:3], np.zeros((3, 8, 8), np.uint8))
    whole = path.read_bytes()
    path.write_bytes({"text": b"text", "cut": whole[:-9]}.get(content, whole.replace(b"pixels", b"pixies")))
    assert_refused(lambda _: KDEFFaces(tmp_path), path, "(was cut short|does not hold KDEF's faces)")


def test_a_compact_file_of_other_names_is_refused(drawn_kdef, tmp_path):
    path = tmp_path / "kdef.safetensors"
    save_compact(path, KDEFFaces(drawn_kdef).images[:3], np.zeros((3, 8, 8), np.uint8))
    path.write_bytes(path.read_bytes().replace(b"AF01AFHL", b"AF01XXHL"))
    assert_refused(lambda _: KDEFFaces(tmp_path), path, "AF01XXHL.JPG is not a KDEF file name")


def test_all_photographs_are_decoded_when_asked(tmp_path):
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (200, 150), np.uint8))
    for name, view in product(("AF01AN", "AF02AN"), KDEF_VIEWS):
        noise.save(tmp_path / f"{name}{view}.JPG", quality=98)
    path = tmp_path / "AF02ANS.JPG"
    assert path.stat().st_size > 20_000
    path.write_bytes(path.read_bytes()[:-5000])
    assert len(KDEFFaces(tmp_path)) == 10
    assert_refused(lambda _: KDEFFaces(tmp_path, verify=True), path, "cannot be read as an image .*; get the file anew")
    with pytest.raises(DataError, match="AF02ANS.JPG cannot be read"):
        read_kdef(tmp_path, verify=True)


def test_a_large_black_placeholder_is_found_when_all_are_decoded(tmp_path):
    black = Image.new("L", (2000, 2000))
    black.save(tmp_path / "AF01ANS.JPG", quality=95)
    Image.new("L", (50, 70), 99).save(tmp_path / "AF01ANFL.JPG")
    assert (tmp_path / "AF01ANS.JPG").stat().st_size > 20_000
    assert [len(read_kdef(tmp_path, verify)) for verify in (False, True)] == [2, 1]


def test_a_photograph_that_stands_twice_is_refused_with_both_places(two_photographs):
    (two_photographs / "AF01").mkdir()
    first, second = two_photographs / "AF01" / "AF01ANS.JPG", two_photographs / "AF01ANS.JPG"
    first.write_bytes(second.read_bytes())
    assert_refused(lambda _: read_kdef(two_photographs), second, f"and {first} .* the same photograph .* keep one of")


def test_a_compact_file_with_a_photograph_twice_is_refused(drawn_kdef, tmp_path):
    path = tmp_path / "kdef.safetensors"
    first, second = KDEFFaces(drawn_kdef).images[:2]
    save_compact(path, [first, second, first], np.zeros((3, 8, 8), np.uint8))
    assert_refused(lambda _: KDEFFaces(tmp_path), path, "AF01AFFL.JPG and .*, the same photograph by their names")


def test_the_folder_may_be_below_the_user_s_home_or_the_path_of_the_compact_file(drawn_kdef, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(drawn_kdef.parent))
    images = KDEFFaces(f"~/{drawn_kdef.name}").images
    save_compact(tmp_path / "kdef.safetensors", images, np.zeros((len(images), 8, 8), np.uint8))
    assert KDEFFaces(tmp_path / "kdef.safetensors").images == images == KDEFFaces(drawn_kdef).images
