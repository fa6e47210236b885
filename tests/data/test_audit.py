"""The audit finds what was put there, agrees with brute force, and knows the real data's faults."""
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lanmsff_plugins.data.synthetic.contact_sheet import contact_sheet
from PIL import Image

from lanmsff_plugins.data.audit.copies import (
    class_balance,
    constant_rows,
    copies_across,
    exact_groups,
    fold_overlap,
    near_pairs,
)
from lanmsff_plugins.data.audit.report import audit_faces, audit_kdef
from lanmsff_plugins.data.fer2013.faces import Faces
from lanmsff_plugins.data.fer2013.reader import read_fer2013
from lanmsff_plugins.data.fer2013.writers import write_layout
from lanmsff_plugins.data.kdef.reader import read_kdef, split_folds
from lanmsff_plugins.data.synthetic.writers import write_kdef

from .conftest import take


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2)), max_size=12))
def test_copies_are_those_that_brute_force_finds(rows):
    pixels = np.array([np.full((4, 4), value) for value, _ in rows], np.uint8).reshape(-1, 4, 4)
    usage = np.array([usage for _, usage in rows], np.uint8)
    groups = exact_groups(pixels)
    expected = {tuple(j for j in range(len(rows)) if rows[j][0] == rows[i][0]) for i in range(len(rows))}
    assert {tuple(group) for group in groups} == {group for group in expected if len(group) > 1}
    for of in range(3):
        for in_ in {0, 1, 2} - {of}:
            assert copies_across(groups, usage, of, in_).tolist() == [
                i for i in range(len(rows)) if usage[i] == of
                and any(usage[j] == in_ and rows[j][0] == rows[i][0] for j in range(len(rows)))]


def correlation(a: np.ndarray, b: np.ndarray) -> float:
    return np.corrcoef(a.ravel(), b.ravel())[0, 1]


def test_near_copies_are_found_through_light_noise_and_compression(drawn_faces):
    rng = np.random.default_rng(0)
    faces = read_fer2013(drawn_faces).pixels[:40]
    changed = [(face * .7 + 30).astype(np.uint8) for face in faces[:10]]
    changed += [(face + rng.normal(0, 4, face.shape)).clip(0, 255).astype(np.uint8) for face in faces[10:20]]
    changed += [np.asarray(Image.fromarray(face).resize((40, 40)).resize((48, 48))) for face in faces[20:30]]
    pixels = np.concatenate([faces, changed])
    found = {(pair.first, pair.second) for pair in near_pairs(pixels, .95)}
    assert {(i, 40 + i) for i in range(30)} <= found
    for first, second in found:
        assert correlation(pixels[first], pixels[second]) >= .95


def test_near_pairs_are_those_of_brute_force(drawn_faces):
    pixels = read_fer2013(drawn_faces).pixels[:120]
    flat = pixels.reshape(120, -1)
    expected = np.triu(np.corrcoef(flat), 1)
    small = np.triu(np.corrcoef(pixels.reshape(120, 12, 4, 12, 4).mean((2, 4)).reshape(120, -1)), 1)
    found = near_pairs(pixels, .9)
    assert {(pair.first, pair.second) for pair in found} == {
        (i, j) for i, j in np.argwhere((expected >= .9) & (small >= .9)).tolist()}
    assert [pair.correlation for pair in found] == pytest.approx(
        sorted((expected[pair.first, pair.second] for pair in found), reverse=True), abs=1e-4)


def test_exact_copies_and_constant_pictures_are_no_near_pairs():
    rng = np.random.default_rng(0)
    face = rng.integers(0, 256, (48, 48), np.uint8)
    pixels = np.array([face, face, np.zeros((48, 48), np.uint8), np.full((48, 48), 9, np.uint8)])
    assert near_pairs(pixels, .5) == []
    assert constant_rows(pixels).tolist() == [2, 3]


def test_pictures_of_any_size_are_reduced_by_all_their_pixels():
    rng = np.random.default_rng(0)
    picture = rng.integers(0, 200, (50, 67), np.uint8)
    pixels = np.array([picture, picture + 1, rng.integers(0, 200, (50, 67), np.uint8)])
    assert [(pair.first, pair.second) for pair in near_pairs(pixels)] == [(0, 1)]


def test_the_balance_counts_every_class_of_every_split_and_what_has_none(named_faces):
    faces = replace(named_faces[0], emotion=np.where(named_faces[0].usage == 2, 255, named_faces[0].emotion))
    balance = class_balance(faces)
    assert sum(sum(counts.values()) for counts in balance.values()) == 400
    assert balance["PrivateTest"]["unlabelled"] == 40 and balance["PrivateTest"]["angry"] == 0
    assert balance["Training"]["sad"] == ((faces.usage == 0) & (faces.emotion == 4)).sum()


def test_people_in_two_folds_are_counted(drawn_kdef):
    images = read_kdef(drawn_kdef)
    assert fold_overlap(images, split_folds(images, 5, "person")) == 0
    assert fold_overlap(images, split_folds(images, 5, "image")) == 10
    one_off = split_folds(images, 5, "person")
    one_off[0] = (one_off[0] + 1) % 5
    assert fold_overlap(images, one_off) == 1


def test_a_row_that_copies_two_others_is_listed_once():
    usage = np.array([0, 0, 2, 2])
    assert copies_across([[0, 2], [1, 2], [2, 3]], usage, of=2, in_=0).tolist() == [2]


def planted(faces: Faces) -> Faces:
    """PrivateTest's rows 360 and 361 are copies of Training's, with another label; 362 nearly one; 5 is black."""
    pixels, emotion = faces.pixels.copy(), faces.emotion.copy()
    pixels[360], pixels[361], pixels[5] = pixels[10], pixels[11], 0
    pixels[362] = pixels[12] * .8 + 20
    emotion[360] = (emotion[10] + 1) % 7
    emotion[361] = emotion[11]
    return Faces(pixels, emotion, faces.usage, names=faces.names)


def test_the_audit_reports_what_was_planted(named_faces):
    audit = audit_faces(planted(named_faces[0]), near=.97)
    exact = audit.report["exact copies"]
    assert exact["rows"] == [[10, 360], [11, 361]] and exact["groups with two labels"] == 1
    assert exact["across"] == {
        "PrivateTest in Training": 2, "PublicTest in Training": 0, "PrivateTest in PublicTest": 0}
    assert [12, 362] in [row[:2] for row in audit.report["near copies"]["rows"]]
    assert audit.report["constant pictures"] == {"faces": 1, "rows": [5]}
    assert audit.lists["PrivateTest_copies"].tolist() == [360, 361]
    near = audit.lists["PrivateTest_near_copies"].tolist()
    assert {360, 361, 362} <= set(near) and near == sorted(set(near))
    captions = [caption for _, caption in audit.worst]
    assert captions[0].startswith("5 ") and [caption.split()[0] for caption in captions[1:3]] == ["10", "360"]
    assert audit.sheet().width == len(audit.worst) * 50


def test_faces_without_faults_have_no_list_and_no_sheet(named_faces):
    audit = audit_faces(take(named_faces[0], np.array([0, 1, 330, 370])), near=.999)
    assert audit.sheet() is None and all(len(rows) == 0 for rows in audit.lists.values())


def test_the_audit_of_kdef_names_every_fault_and_goes_on(tmp_path):
    write_kdef(tmp_path, people=2, size=(56, 76), errata=True)  # AF01SUFR is black
    (tmp_path / "portrait.jpg").write_bytes(b"no name")
    damaged = tmp_path / "BM01" / "BM01SUS.JPG"
    damaged.write_bytes(damaged.read_bytes()[:400])
    grey = tmp_path / "AM01" / "AM01NES.JPG"
    Image.new("L", (56, 76), 120).save(grey)
    copy = tmp_path / "AM01" / "AM01HAS.JPG"
    copy.write_bytes((tmp_path / "AM01" / "AM01SAS.JPG").read_bytes())
    report = audit_kdef(tmp_path, folds=2).report
    assert report["misnamed"] == ["portrait.jpg"] and report["black"] == ["AF01/AF01SUFR.JPG"]
    assert len(report["damaged"]) == 1 and report["damaged"][0].startswith(f"{damaged} cannot be read")
    assert report["constant pictures"] == ["AM01/AM01NES.JPG"]
    assert report["copies"] == [["AM01/AM01HAS.JPG", "AM01/AM01SAS.JPG"]]
    assert report["images"] == 2 * 2 * 35 - 2 and report["people"] == 2
    assert report["people in two folds"] == {"person": 0, "image": 2}
    assert report["views"] == {"FL": 28, "HL": 28, "S": 27, "HR": 28, "FR": 27}


def test_a_sheet_shows_every_picture_in_its_place():
    sheet = np.asarray(contact_sheet([np.full((20, 30), 10 * i, np.uint8) for i in range(5)], ["a"] * 5, columns=3))
    assert sheet.shape == (2 * 33, 3 * 32)
    for i in range(5):
        assert (sheet[i // 3 * 33:i // 3 * 33 + 20, i % 3 * 32:i % 3 * 32 + 30] == 10 * i).all()
    with pytest.raises(ValueError, match="needs a picture, got none"):
        contact_sheet([], [])


def test_the_audit_finds_the_289_copies_of_the_real_faces(real_data):
    faces = read_fer2013(real_data)
    training = {face.tobytes() for face in faces.pixels[faces.usage == 0]}
    expected = [row for row in np.flatnonzero(faces.usage == 2).tolist() if faces.pixels[row].tobytes() in training]
    assert copies_across(exact_groups(faces.pixels), faces.usage, 2, 0).tolist() == expected
    assert len(expected) == 289


@pytest.mark.slow
def test_the_audit_of_all_real_faces(real_data):
    audit = audit_faces(read_fer2013(real_data))
    assert audit.report["exact copies"]["across"]["PrivateTest in Training"] == 289
    assert len(audit.lists["PrivateTest_near_copies"]) == 395
    assert len(audit.report["constant pictures"]["rows"]) == 12


def test_the_audit_takes_every_layout(named_faces, tmp_path):
    write_layout(tmp_path, "ferplus-folders", named_faces[0])
    report = audit_faces(read_fer2013(tmp_path), near=.999).report
    assert report["faces"] == 392 and report["classes"]["Training"]["unlabelled"] == 314
