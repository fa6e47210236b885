"""The audit finds what was put there, agrees with brute force, and knows the real data's faults."""

import numpy as np
import pytest
from PIL import Image

from lanmsff_plugins.data.audit.copies import (
    copies_across,
    exact_groups,
)
from lanmsff_plugins.data.audit.report import audit_faces, audit_kdef
from lanmsff_plugins.data.fer2013.faces import Faces
from lanmsff_plugins.data.fer2013.reader import read_fer2013
from lanmsff_plugins.data.fer2013.writers import write_layout
from lanmsff_plugins.data.synthetic.writers import write_kdef

from ..conftest import take


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
