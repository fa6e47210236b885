"""Drawn faces: the same for the same seed, in the official formats, and with something to learn."""
import csv
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from lanmsff_plugins.data.fer2013.faces import FER2013_CLASSES
from lanmsff_plugins.data.fer2013.ferplus import read_ferplus
from lanmsff_plugins.data.fer2013.votes import FERPLUS_CLASSES, label_distributions
from lanmsff_plugins.data.fer2013.writers import LAYOUTS
from lanmsff_plugins.data.kdef.reader import read_kdef
from lanmsff_plugins.data.synthetic.writers import draw_sheet, write_fer2013, write_kdef


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("write", [
    *(pytest.param(partial(write_fer2013, faces=40, layout=layout), id=layout) for layout in LAYOUTS),
    pytest.param(partial(write_kdef, people=1, size=(40, 56)), id="kdef"),
    pytest.param(partial(write_kdef, people=1, size=(40, 56), flat=True, errata=True), id="flat kdef")])
def test_the_same_seed_gives_the_same_bytes_and_another_seed_other_faces(tmp_path, write):
    for folder, seed in (("first", 5), ("second", 5), ("other", 6)):
        write(tmp_path / folder, seed=seed)
    first, second, other = (contents(tmp_path / folder) for folder in ("first", "second", "other"))
    assert first == second
    assert first.keys() == other.keys()
    assert all(first[name] != other[name] for name in first if name != "AF01SUFR.JPG")  # black in the errata


def test_no_two_drawn_faces_are_alike(drawn_faces):
    faces, _ = read_ferplus(drawn_faces)
    assert len(np.unique(faces.pixels.reshape(len(faces), -1), axis=0)) == 400


def test_four_fifths_are_for_training_and_every_face_has_ten_votes(drawn_faces):
    faces, votes = read_ferplus(drawn_faces)
    assert np.bincount(faces.usage).tolist() == [320, 40, 40]
    assert (votes.sum(1) == 10).all()


@pytest.mark.parametrize("faces", [120, 125, 400])
def test_every_class_is_in_every_split(tmp_path, faces):
    write_fer2013(tmp_path, faces)
    found, votes = read_ferplus(tmp_path)
    labels = label_distributions(votes, "majority")
    for usage in range(3):
        assert labels[found.usage == usage].any(0).all()
        assert set(found.emotion[found.usage == usage]) == set(range(7))


def test_the_two_files_agree_on_the_class_of_all_but_those_that_fer2013_does_not_know(drawn_faces):
    faces, votes = read_ferplus(drawn_faces)
    same = {"happy": "happiness", "sad": "sadness", "angry": "anger"}
    for emotion, label in zip(faces.emotion, label_distributions(votes, "majority")):
        name = FERPLUS_CLASSES[label.argmax()]
        if label.any() and name != "contempt":
            assert same.get(FER2013_CLASSES[emotion], FER2013_CLASSES[emotion]) == name


def test_one_face_in_fifty_is_none_and_has_no_name(drawn_faces):
    with open(drawn_faces / "fer2013new.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    nameless = [i for i, row in enumerate(rows) if not row["Image name"]]
    assert len(nameless) == 8
    assert [i for i, row in enumerate(rows) if row["NF"] == "10"] == nameless
    assert len({row["Image name"] for row in rows}) == 400 - 8 + 1


@pytest.mark.parametrize(("write", "message"), [
    (lambda folder: write_fer2013(folder, faces=39), "faces must be 40 or more, got 39"),
    (lambda folder: write_fer2013(folder, seed=-1), "seed must be 0 or more, got -1"),
    (lambda folder: write_fer2013(folder, layout="zip"), "unknown layout 'zip'; expected one of fer2013.csv, icml_.*"),
    (lambda folder: write_kdef(folder, people=0), "people must be 1 to 70, got 0"),
    (lambda folder: write_kdef(folder, people=71), "people must be 1 to 70, got 71"),
    (lambda folder: write_kdef(folder, seed=-1), "seed must be 0 or more, got -1")])
def test_impossible_numbers_are_refused_before_anything_is_written(tmp_path, write, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        write(tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_people_can_lie_in_one_folder_with_the_flaws_of_the_original(tmp_path):
    write_kdef(tmp_path, people=64, size=(24, 32), flat=True, errata=True)
    names = {path.name for path in tmp_path.iterdir()}
    assert len(names) == 64 * 70 and {"AF31V.JPG", "AM31H.JPG"} <= names
    images = read_kdef(tmp_path)
    assert len(images) == 64 * 70 - 9  # the tenth black one is of a 68th person
    told = {(image.path, image.person, image.label, image.view) for image in images}
    assert {("AF31V.JPG", "F31", 5, "HL"), ("AM31H.JPG", "M31", 6, "HR")} <= told


def test_the_sheet_shows_every_expression_and_view_of_every_person():
    sheet = draw_sheet(people=3)
    assert sheet.size == ((8 + 5) * 50, 3 * 61)
    assert draw_sheet(people=3).tobytes() == sheet.tobytes() != draw_sheet(people=3, seed=1).tobytes()
