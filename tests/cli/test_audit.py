"""The audit writes a report, a picture, and lists that the data sets take."""
import json

import numpy as np
import pytest
from PIL import Image

from lanmsff_plugins.data.fer2013.faces import Faces
from lanmsff_plugins.data.fer2013.reader import read_fer2013
from lanmsff_plugins.data.fer2013.selection import select_fer2013

from .command import runner


@pytest.fixture
def audit(capsys):
    return runner("audit", capsys)


@pytest.fixture
def with_copies(drawn_faces, tmp_path):
    """A folder where PrivateTest's rows 365 and 399 are copies of Training's."""
    faces = read_fer2013(drawn_faces)
    pixels = np.array(faces.pixels)
    pixels[[365, 399]] = pixels[[3, 200]]
    Faces(pixels, faces.emotion, faces.usage).save(tmp_path / "in" / "fer2013.safetensors")
    return tmp_path / "in"


def test_the_list_of_copies_leaves_them_out_of_the_test(audit, with_copies, tmp_path):
    status, printed, errors = audit(with_copies, "--out", tmp_path / "out", "--near", .99)
    assert (status, errors) == (0, "")
    assert "exact copies: across: PrivateTest in Training: 2\n" in printed
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "audit.json", "worst.png", "PrivateTest_copies.txt", "PrivateTest_near_copies.txt", "PublicTest_copies.txt",
        "PublicTest_near_copies.txt"}
    left = select_fer2013(with_copies, "test", tmp_path / "out" / "PrivateTest_copies.txt")
    assert left.rows.tolist() == [row for row in range(360, 400) if row not in (365, 399)]
    report = json.loads((tmp_path / "out" / "audit.json").read_text())
    assert report["exact copies"]["rows"] == [[3, 365], [200, 399]]
    assert Image.open(tmp_path / "out" / "worst.png").mode == "L"


def test_the_audit_of_kdef_writes_its_report(audit, drawn_kdef, tmp_path):
    status, printed, errors = audit("--kdef", drawn_kdef, "--out", tmp_path)
    assert (status, errors) == (0, "")
    assert "people in two folds: person: 0\npeople in two folds: image: 10\n" in printed
    assert json.loads((tmp_path / "audit.json").read_text())["images"] == 700


def test_what_cannot_be_read_ends_in_one_line_and_leaves_nothing(audit, tmp_path):
    status, printed, errors = audit(tmp_path / "in", "--out", tmp_path / "out")
    assert (status, printed) == (2, "") and errors.startswith("error: no FER-2013 at ") and errors.count("\n") == 1
    assert not (tmp_path / "out").exists()
