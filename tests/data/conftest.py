"""Small drawn data sets, one for each test to spoil."""
import csv
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lanmsff_plugins.data.fer2013.faces import Faces
from lanmsff_plugins.data.fer2013.ferplus import read_ferplus
from lanmsff_plugins.data.synthetic.writers import write_fer2013


@pytest.fixture(scope="session")
def _forty_faces(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("forty_faces")
    write_fer2013(folder, faces=40)
    return folder


@pytest.fixture
def forty_faces(_forty_faces, tmp_path) -> Path:
    """A folder of the test's own with 40 drawn faces: lines 2 to 33 are Training, the last 4 are PrivateTest."""
    return Path(shutil.copytree(_forty_faces, tmp_path / "forty_faces"))


@pytest.fixture(scope="session")
def named_faces(drawn_faces) -> tuple[Faces, np.ndarray]:
    """The 400 drawn faces with their image names, and their votes."""
    return with_names(drawn_faces)


def with_names(folder: Path) -> tuple[Faces, np.ndarray]:
    """The faces and votes of a folder with the two CSV files, with the names that the votes have."""
    faces, votes = read_ferplus(folder)
    with open(folder / "fer2013new.csv", newline="") as file:
        names = [row["Image name"].encode() for row in csv.DictReader(file)]
    return replace(faces, names=np.array(names), path=None), votes


def take(faces: Faces, rows: np.ndarray) -> Faces:
    """Some of the faces."""
    return Faces(faces.pixels[rows], faces.emotion[rows], faces.usage[rows], names=faces.names[rows])
