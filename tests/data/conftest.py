"""Small drawn data sets, one for each test to spoil."""
import shutil
from pathlib import Path

import pytest

from lanmsff_plugins.data.synthetic import write_fer2013


@pytest.fixture(scope="session")
def _forty_faces(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("forty_faces")
    write_fer2013(folder, faces=40)
    return folder


@pytest.fixture
def forty_faces(_forty_faces, tmp_path) -> Path:
    """A folder of the test's own with 40 drawn faces: lines 2 to 33 are Training, the last 4 are PrivateTest."""
    return Path(shutil.copytree(_forty_faces, tmp_path / "forty_faces"))
