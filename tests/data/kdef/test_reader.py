"""KDEF: names tell all, placeholders are left out, and folds keep people apart."""
import io
import random
import struct
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from lanmsff_plugins.data.kdef.faces import KDEFFaces
from lanmsff_plugins.data.kdef.reader import KDEF_CLASSES, KDEF_VIEWS, KDEFImage, parse_name, read_kdef, split_folds

from ..damage import assert_refused

CODES = {"AF": "afraid", "AN": "angry", "DI": "disgusted", "HA": "happy", "NE": "neutral", "SA": "sad",
         "SU": "surprised"}
PARTS = (st.sampled_from("AB"), st.sampled_from("FM"), st.integers(1, 35), st.sampled_from([*CODES]),
         st.sampled_from(["FL", "HL", "S", "HR", "FR"]))
ALL_NAMES = {f"{session}{sex}{number:02d}{code}{view}" for session, sex, number, code, view in product(
    "AB", "FM", range(1, 36), CODES, ("FL", "HL", "S", "HR", "FR"))}


def jpeg(pixels: np.ndarray) -> bytes:
    content = io.BytesIO()
    Image.fromarray(pixels.astype(np.uint8)).save(content, "JPEG")
    return content.getvalue()


FACE = jpeg(np.linspace(0, 200, 76 * 56).reshape(76, 56))


def write(root: Path, **contents: bytes) -> Path:
    for name, content in contents.items():
        (root / f"{name}.JPG").write_bytes(content)
    return root


@given(*PARTS, st.sampled_from([".JPG", ".jpg", ".jpeg"]))
def test_a_name_gives_back_what_it_was_made_of(session, sex, number, code, view, suffix):
    name = f"{session}{sex}{number:02d}{code}{view}{suffix}"
    expected = session, sex, f"{sex}{number:02d}", KDEF_CLASSES.index(CODES[code]), view
    assert parse_name(name) == parse_name(name.lower()) == expected


def test_the_4900_names_tell_4900_different_things():
    assert len({parse_name(f"{name}.JPG") for name in ALL_NAMES}) == len(ALL_NAMES) == 4900


@settings(deadline=None)
@given(st.sampled_from(sorted(ALL_NAMES)), st.integers(0, 7), st.integers(0, 1),
       st.text(st.characters(exclude_characters="/"), max_size=2) | st.sampled_from("ABFMDHNESLR0123456789\u0663"))
def test_a_name_with_a_slip_of_the_pen_is_refused_unless_it_is_another_valid_one(name, place, cut, slip):
    wrong = name[:place] + slip + name[place + cut:]
    if wrong.upper() in ALL_NAMES:
        parse_name(f"{wrong}.JPG")
    else:
        with pytest.raises(ValueError, match="not a KDEF file name; expected one like AF01ANS.JPG"):
            parse_name(f"{wrong}.JPG")


@pytest.mark.parametrize(("misnamed", "meant"), [("AF31V.JPG", "AF31SAHL.JPG"), ("AM31H.JPG", "AM31SUHR.JPG")])
def test_the_two_misnamed_files_of_the_distribution_are_known(misnamed, meant):
    assert parse_name(misnamed) == parse_name(meant)


def test_drawn_people_are_all_there_in_both_sessions_all_expressions_and_all_views(drawn_kdef):
    images = read_kdef(drawn_kdef)
    people = [f"{sex}{number:02d}" for sex in "FM" for number in range(1, 6)]
    assert sorted((image.session, image.person, image.label, image.view) for image in images) == sorted(
        product("AB", people, range(7), KDEF_VIEWS))
    for image in images[::50]:
        assert Image.open(drawn_kdef / image.path).size == (56, 76)
        assert image.person[0] == image.sex and image.path.startswith(f"{image.session}{image.person}/")


def test_images_are_sorted_by_name_wherever_they_lie_and_other_files_do_not_matter(tmp_path):
    (tmp_path / "a" / "b").mkdir(parents=True)
    write(tmp_path, BF02HAS=FACE)
    write(tmp_path / "a", bm01sas=FACE)
    write(tmp_path / "a" / "b", AF01ANS=FACE, BF01ANS=FACE)
    (tmp_path / "README.txt").write_text("no image")
    assert [image.path for image in read_kdef(tmp_path)] == [
        "a/b/AF01ANS.JPG", "a/b/BF01ANS.JPG", "BF02HAS.JPG", "a/bm01sas.JPG"]


def noise(low: int, high: int, shape=(762, 562)) -> np.ndarray:
    return np.random.default_rng(0).integers(low, high + 1, shape)


@pytest.mark.parametrize("placeholder", [
    np.zeros((762, 562)), np.zeros((762, 562, 3)), np.zeros((76, 56)), noise(0, 1, (76, 56, 3))],
    ids=["grey", "colour", "small", "not quite black"])
def test_a_black_placeholder_is_left_out(tmp_path, placeholder):
    write(tmp_path, AF01ANS=FACE, AF01SUFR=jpeg(placeholder))
    assert [image.path for image in read_kdef(tmp_path)] == ["AF01ANS.JPG"]


@pytest.mark.parametrize("pixels", [
    np.full((76, 56), 128), np.linspace(0, 40, 76 * 56).reshape(76, 56), noise(0, 255, (24, 24))],
    ids=["grey", "dark", "tiny"])
def test_a_small_picture_that_is_not_black_is_kept(tmp_path, pixels):
    assert len(read_kdef(write(tmp_path, AF01SUFR=jpeg(pixels)))) == 1


def test_a_folder_without_images_is_refused_with_where_to_get_them(tmp_path):
    (tmp_path / "README.txt").write_text("no image")
    assert_refused(lambda _: read_kdef(tmp_path), tmp_path, "register at kdef.se, .* or draw", FileNotFoundError)
    with pytest.raises(FileNotFoundError, match="register at kdef.se"):
        read_kdef(tmp_path / "missing")


@pytest.mark.parametrize("name", ["CF01ANS", "AX01ANS", "AF00ANS", "AF36ANS", "AF1ANS", "AF01XXS", "AF01ANX", "AF01AN",
                                  "AF01ANS (1)", "._AF01ANS", "portrait", "AF1\u0663ANS"])
def test_a_wrong_name_is_refused_with_what_a_name_is(tmp_path, name):
    write(tmp_path, AF01ANS=FACE, **{name: FACE})
    assert_refused(read_kdef, tmp_path / f"{name}.JPG", "not a KDEF file name; expected one like AF01ANS.JPG: session")


def of_size(width: int, height: int) -> bytes:
    """The face with another size in its header."""
    start = FACE.index(b"\xff\xc0") + 5
    return FACE[:start] + struct.pack(">HH", height, width) + FACE[start + 4:]


@pytest.mark.parametrize("content", [
    b"", b"no image", FACE[:200], FACE[:len(FACE) // 2], b"\xff\xd8" + random.Random(0).randbytes(1000),
    of_size(65_000, 65_000), jpeg(np.zeros((4, 4)))[:-40]],
    ids=["empty", "text", "cut in the header", "cut in the picture", "noise", "boundless", "cut placeholder"])
def test_a_small_file_that_is_no_whole_image_is_refused(tmp_path, content):
    write(tmp_path, AF01ANS=FACE, AF01SUFR=content)
    assert_refused(read_kdef, tmp_path / "AF01SUFR.JPG", "cannot be read as an image .*; get the file anew")


@pytest.fixture(scope="module")
def images(drawn_kdef) -> list[KDEFImage]:
    return read_kdef(drawn_kdef)


@settings(deadline=None, max_examples=30)
@given(folds=st.integers(2, 10), seed=st.integers(0, 2**32))
def test_folds_by_person_never_share_a_person_and_are_nearly_equal(images, folds, seed):
    fold = split_folds(images, folds, seed=seed)
    people = [{image.person for image, f in zip(images, fold) if f == i} for i in range(folds)]
    assert len(fold) == len(images)
    assert sum(map(len, people)) == len(set.union(*people)) == 10
    assert max(map(len, people)) - min(map(len, people)) <= 1


@settings(deadline=None, max_examples=30)
@given(folds=st.integers(2, 700), seed=st.integers(0, 2**32))
def test_folds_by_image_differ_by_one_image_at_most(images, folds, seed):
    sizes = np.bincount(split_folds(images, folds, split_by="image", seed=seed), minlength=folds)
    assert len(sizes) == folds and sizes.max() - sizes.min() <= 1


@pytest.mark.parametrize("by", ["person", "image"])
def test_folds_depend_on_the_seed_and_not_on_the_order_of_the_images(images, by):
    order = np.random.default_rng(0).permutation(len(images))
    fold = split_folds(images, 5, by, seed=3)
    np.testing.assert_array_equal(split_folds([images[i] for i in order], 5, by, seed=3), fold[order])
    assert (split_folds(images, 5, by, seed=4) != fold).any()


def test_folds_by_image_mix_people(images):
    fold = split_folds(images, 5, split_by="image")
    assert all(len({image.person for image, f in zip(images, fold) if f == i}) == 10 for i in range(5))


@pytest.mark.parametrize(("options", "message"), [
    ({"folds": 1}, "cannot split 10 persons into 1 folds; expected 2 to 10"),
    ({"folds": 11}, "cannot split 10 persons into 11 folds; expected 2 to 10"),
    ({"folds": 701, "split_by": "image"}, "cannot split 700 images into 701 folds; expected 2 to 700"),
    ({"folds": 5, "split_by": "sex"}, "unknown way to split 'sex'; expected person or image")])
def test_impossible_folds_are_refused(images, options, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        split_folds(images, **options)


def saved(image: Image.Image, form: str = "JPEG", **options) -> bytes:
    content = io.BytesIO()
    image.save(content, form, **options)
    return content.getvalue()


def huge(width: int, height: int) -> bytes:
    """A JPEG whose header claims a size that its data do not have."""
    small = bytearray(FACE)
    place = small.index(b"\xff\xc0") + 5
    small[place:place + 4] = struct.pack(">HH", height, width)
    return bytes(small)


@pytest.mark.parametrize(("content", "message"), [
    (jpeg(np.full((1, 1), 90)), "has 1x1 pixels; expected a photograph of at least 16x16"),
    (jpeg(np.zeros((1, 1))), "has 1x1 pixels"), (jpeg(np.full((15, 300), 90)), "has 300x15 pixels; expected"),
    (huge(12_000, 12_000), "has 12000x12000 pixels; expected from 1 to 134,217,728 in all"),
    (huge(60_000, 60_000) + bytes(30_000), "cannot be read as an image .* or scale it down"),
    (jpeg(np.full((1, 1), 90)) + bytes(30_000), "has 1x1 pixels"),
    (bytes(30_000), "cannot be read as an image"),
    (saved(Image.fromarray(np.full((76, 56), .5, np.float32)), "TIFF"), "has floating-point values")])
def test_a_photograph_that_is_none_is_refused_before_anything_else(tmp_path, content, message):
    write(tmp_path, AF01ANS=FACE, AF01ANFL=content)
    assert_refused(lambda _: read_kdef(tmp_path), tmp_path / "AF01ANFL.JPG", message)


@pytest.mark.parametrize("content", [
    saved(Image.fromarray(np.tile(np.linspace(0, 255, 56), (76, 1)).astype(np.uint8)).convert("CMYK")),
    saved(Image.fromarray((np.tile(np.linspace(0, 255, 56), (76, 1)) * 257).astype(np.uint16)), "PNG")],
    ids=["CMYK", "16 bits"])
def test_a_photograph_of_another_kind_is_read_as_the_same_grey(tmp_path, content):
    faces = KDEFFaces(write(tmp_path, AF01ANS=content))
    assert np.abs(faces[0].astype(int) - np.linspace(0, 255, 56)).max() < 8


def test_people_on_another_disk_are_found_by_links_and_each_photograph_once(drawn_kdef, tmp_path):
    expected = read_kdef(drawn_kdef)
    (tmp_path / "kdef").mkdir()
    for folder in drawn_kdef.iterdir():
        (tmp_path / "kdef" / folder.name).symlink_to(folder)
    (tmp_path / "kdef" / "again").symlink_to(drawn_kdef / "AF01")
    (tmp_path / "kdef" / "circle").symlink_to(tmp_path)
    found = read_kdef(tmp_path / "kdef")
    assert sorted(Path(image.path).name for image in found) == [Path(image.path).name for image in expected]


def test_a_person_whose_link_leads_nowhere_is_named(tmp_path):
    write(tmp_path, AF01ANS=FACE)
    (tmp_path / "AF02").symlink_to("nowhere")
    assert_refused(lambda _: read_kdef(tmp_path), tmp_path / "AF02", "is a link to nowhere, which cannot be found")


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path):
    path = write(tmp_path, AF01ANS=FACE) / "AF01ANS.JPG"
    assert_refused(lambda _: read_kdef(path), path, "is a file; expected the folder of KDEF's photographs")
