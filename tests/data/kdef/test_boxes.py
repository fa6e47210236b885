"""Faces are cut out by one box for each view, or by boxes from a file."""
import numpy as np
import pytest
from PIL import Image

from lanmsff_plugins.data.kdef.faces import KDEFFaces
from lanmsff_plugins.data.kdef.reader import KDEF_VIEWS

from ..damage import assert_refused


def test_a_box_for_each_view_follows_the_face(two_photographs):
    faces = KDEFFaces(two_photographs, boxes="views")
    assert faces.boxes.tolist() == [[0, 12, 40, 52], [5, 12, 45, 52]]
    assert np.abs(faces[1].astype(int) - (3 * np.arange(5, 45) + 40)).max() < 6
    assert np.abs(faces[0].T.astype(int) - (2 * np.arange(12, 52) + 40)).max() < 6


def test_boxes_for_all_views_lie_in_a_photograph_and_turn_with_the_head(drawn_kdef):
    faces = KDEFFaces(drawn_kdef, boxes="views")
    lefts = {image.view: box[0] for image, box in zip(faces.images, faces.boxes)}
    assert [lefts[view] for view in KDEF_VIEWS] == sorted(lefts.values()) and len(set(lefts.values())) == 5
    assert (faces.boxes >= 0).all() and (faces.boxes[:, 2] <= 56).all() and (faces.boxes[:, 3] <= 76).all()


def boxes(folder, *lines: str):
    path = folder / "boxes.csv"
    path.write_text("\n".join(["image,left,top,right,bottom", *lines]) + "\n")
    return path


def test_boxes_from_a_file_are_found_by_name(two_photographs):
    path = boxes(two_photographs, "af01ans.jpg,10,20,30,60", "AF01ANFL.JPG,0,0,50,70", "BM35SUS.JPG,1,2,3,4")
    faces = KDEFFaces(two_photographs, boxes=path)
    assert faces.boxes.tolist() == [[0, 0, 50, 70], [10, 20, 30, 60]]
    assert faces[0].shape == (70, 50) and faces[1].shape == (40, 20)
    assert np.abs(faces[1].astype(int) - (3 * np.arange(10, 30) + 40)).max() < 6

GOOD = "AF01ANFL.JPG,0,0,50,70"


@pytest.mark.parametrize(("lines", "message"), [
    ([GOOD], " has no box for AF01ANS.JPG; expected one for each image"),
    ([], " has no box for AF01ANFL.JPG"),
    ([GOOD, GOOD], ", line 3: 'AF01ANFL.JPG' has a box on line 2 already"),
    ([GOOD, "AF01ANS.JPG,0,0,51,70"], ", line 3: the box ends at 51,70, beyond .*, which has 50x70 pixels"),
    ([GOOD, "AF01ANS.JPG,0,0,50,71"], ", line 3: the box ends at 50,71, beyond"),
    ([GOOD, "AF01ANS.JPG,30,0,30,70"], ", line 3: the box 30,0,30,70 is empty; expected left < right and top < bott"),
    ([GOOD, "AF01ANS.JPG,0,60,30,10"], ", line 3: the box 0,60,30,10 is empty"),
    *(([GOOD, f"AF01ANS.JPG,0,0,{side},70"], f", line 3: got '0,0,{side},70', expected left, top, right, bottom")
      for side in ("-1", "1.5", "x", "", "1e3", "9999999", "\u0663", "nan")),
    ([GOOD, "AF01ANS.JPG,0,0,50"], ", line 3: got 4 columns, expected 5"),
    ([GOOD, "", "AF01ANS.JPG,0,0,50,70"], ", line 3: got 0 columns, expected 5"),
])
def test_wrong_boxes_are_refused_by_line(two_photographs, lines, message):
    path = boxes(two_photographs, *lines)
    assert_refused(lambda _: KDEFFaces(two_photographs, boxes=path), path, message)


def test_a_file_of_boxes_with_other_columns_is_refused(two_photographs):
    path = two_photographs / "boxes.csv"
    path.write_text("image,x,y,w,h\n")
    assert_refused(lambda _: KDEFFaces(two_photographs, boxes=path), path, "line 1: got the columns 'image,x,y,w,h'")


def test_a_missing_file_of_boxes_is_refused(two_photographs):
    path = two_photographs / "no.csv"
    assert_refused(lambda _: KDEFFaces(two_photographs, boxes=path), path, "expected 'views'", FileNotFoundError)


def test_a_photograph_that_its_exif_tag_turns_has_its_box_in_the_turned_one(two_photographs):
    upright = KDEFFaces(two_photographs, boxes="views")
    exif = Image.Exif()
    exif[0x0112] = 6
    path = two_photographs / "AF01ANS.JPG"
    Image.fromarray(np.rot90(KDEFFaces(two_photographs)[1])).save(path, quality=98, exif=exif)
    turned = KDEFFaces(two_photographs, boxes="views")
    assert turned.boxes.tolist() == upright.boxes.tolist()
    assert np.abs(turned[1].astype(int) - upright[1]).max() < 6


def test_a_photograph_too_wide_for_its_box_is_refused(two_photographs):
    path = two_photographs / "AF01ANS.JPG"
    Image.new("L", (200, 70), 99).save(path)
    assert_refused(lambda _: KDEFFaces(two_photographs, boxes="views"), path, "has 200x70 pixels, in which the box of")
