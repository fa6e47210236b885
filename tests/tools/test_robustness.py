"""Faces are changed as the table of robustness says."""

import numpy as np
import pytest

from lanmsff_plugins.base.errors import DataError
from lanmsff_plugins.base.tables import replace_section

from ..processes import import_script


@pytest.fixture(scope="module")
def robustness():
    return import_script("robustness.py")


@pytest.fixture(scope="module")
def changes(robustness):
    return robustness.CHANGES


def face():
    """A disc that is left and above of the middle of 48 x 48 pixels."""
    y, x = np.mgrid[:48, :48]
    return np.where((x - 17) ** 2 + (y - 20) ** 2 < 36, 200, 40).astype(np.uint8)


def centre(picture):
    """Of the disc, as shares of the sides from the middle."""
    y, x = np.nonzero(picture > picture.max() * .6)
    return (x.mean() + .5) / picture.shape[1] - .5, (y.mean() + .5) / picture.shape[0] - .5


def test_a_turn_keeps_the_distance_from_the_middle_and_goes_both_ways(changes):
    x, y = centre(face())
    for degrees in (15, 30, 45):
        angle = np.deg2rad(degrees)
        expected = {i: (x * np.cos(angle) + sign * y * np.sin(angle), y * np.cos(angle) - sign * x * np.sin(angle))
                    for i, sign in ((0, 1), (1, -1))}
        for i, place in expected.items():
            assert centre(changes[f"turned by {degrees} degrees"](face(), i)) == pytest.approx(place, abs=.01)


def test_a_shift_moves_the_face_the_other_way(changes):
    x, y = centre(face())
    assert centre(changes["box shifted by 10 %"](face(), 0)) == pytest.approx((x - .1, y), abs=.02)
    assert centre(changes["box shifted by 10 %"](face(), 6)) == pytest.approx((x, y + .1), abs=.02)


def test_a_larger_box_makes_the_face_smaller(changes):
    x, y = centre(face())
    for share in (80, 120):
        found = centre(changes[f"box {share} % as large"](face(), 0))
        assert found == pytest.approx((100 * x / share, 100 * y / share), abs=.015)


def test_the_others_keep_the_place_and_do_what_they_are_named_after(changes):
    for name in ("as they are", "blurred, sigma of 1 pixels", "JPEG of quality 50", "50 % as light", "24 pixels",
                 "200 pixels"):
        assert centre(changes[name](face(), 0)) == pytest.approx(centre(face()), abs=.015), name
    assert np.array_equal(changes["as they are"](face(), 0), face())
    assert np.array_equal(changes["25 % as light"](face(), 0), np.where(face() == 200, 50, 10))
    assert changes["24 pixels"](face(), 0).shape == (24, 24) and changes["200 pixels"](face(), 0).shape == (200, 200)
    assert changes["blurred, sigma of 2 pixels"](face(), 0).max() < 200


def test_ours_and_the_others_have_a_table_each_with_a_row_for_each_change(robustness):
    ours, others = robustness.tables({
        "facex 1.1.0": {"as they are": "46.1", "24 pixels": "30.0"},
        "lanmsff_ferplus": {"as they are": "88.4", "24 pixels": "70.0"}}).split("\n\n")
    assert ours.splitlines()[::2] == ["| faces | `lanmsff_ferplus` |", "| as they are | 88.4 |"]
    assert others.splitlines()[0] == "| faces | `facex 1.1.0` |" and others.splitlines()[-1] == "| 24 pixels | 30.0 |"


def test_columns_are_read_as_they_were_written(robustness, tmp_path):
    columns = {"lanmsff_ferplus": {"as they are": "88.4", "24 pixels": "70.0"},
               "lanmsff_nano_ferplus": {"as they are": "83.3", "24 pixels": "64.4"},
               "facex 1.1.0": {"as they are": "46.1", "24 pixels": "30.0"}}
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- robustness -->\n<!-- /robustness -->\nafter\n")
    replace_section(page, "robustness", robustness.tables(columns))
    assert robustness.written(page) == columns


@pytest.mark.parametrize("same_rows", [True, False])
def test_networks_that_are_measured_alone_replace_their_columns_only(robustness, same_rows, tmp_path, monkeypatch):
    page = tmp_path / "docs" / "results.md"
    page.parent.mkdir()
    page.write_text("<!-- robustness -->\n<!-- /robustness -->\n")
    old = {name: dict.fromkeys(robustness.CHANGES if same_rows else ["as they are", "pose"], "50.0")
           for name in robustness.peers()}
    new = dict.fromkeys(robustness.CHANGES, "99.0")
    replace_section(page, "robustness", robustness.tables(old))
    monkeypatch.setattr(robustness, "ROOT", tmp_path)
    monkeypatch.setattr(robustness, "measured", lambda *_: new)
    monkeypatch.setattr(robustness, "labelled_faces", lambda *_: robustness.Faces(
        face()[None], {"FERPlus": np.array(["fear"])}, np.array([0]), np.array([""])))
    monkeypatch.setattr("sys.argv", ["robustness.py", "data", "--write", "--only", "lanmsff_nano_ferplus"])
    if same_rows:
        robustness.run()
        assert robustness.written(page) == old | {"lanmsff_nano_ferplus": new}
        assert list(robustness.written(page)) == list(old)
    else:
        before = page.read_text()
        with pytest.raises(DataError, match="other rows than would be measured; name the lists that it has"):
            robustness.run()
        assert page.read_text() == before


def test_a_network_is_judged_on_the_faces_of_a_list_too(robustness, tmp_path, monkeypatch):
    class Sure:
        """Takes every face for a happy one."""

        def __init__(self, peer, work_dir):
            pass

        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

        def __call__(self, pictures):
            return np.eye(8)[[1] * len(pictures)]

    (tmp_path / "turned.txt").write_text("7\nfer0000009.png\n")
    monkeypatch.setattr(robustness, "Classifier", Sure)
    faces = robustness.Faces(
        np.stack([face()] * 4), {"FERPlus": np.array(["happiness", "happiness", "sadness", "happiness"])},
        np.array([6, 7, 8, 9]), np.array(["fer0000006.png", "", "fer0000009.png", "fer0000010.png"]))
    lists = {"heads turned": robustness.FaceList.read(tmp_path / "turned.txt")}
    found = robustness.measured(robustness.peers()["lanmsff_ferplus"], faces, lists, tmp_path)
    assert list(found)[:3] == ["as they are", "heads turned", "turned by 5 degrees"]
    assert (found["as they are"], found["heads turned"], found["24 pixels"]) == ("75.0", "50.0", "75.0")
