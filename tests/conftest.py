"""What many tests share: the folder of real data if there is one, and drawn data sets."""
import os
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch

from lanmsff_plugins.data.synthetic.writers import write_fer2013, write_kdef

torch.set_num_threads(1)  # enough for so small a network; on a busy machine more threads wait for one another

ROOT = Path(__file__).resolve().parent.parent


def pytest_report_header() -> str | None:
    return None if find_spec("mmpretrain") else "OpenMMLab is not installed: tests/mm and tools/test_train are left out"


@pytest.fixture(scope="session")
def keras_parity() -> Path:
    """Numbers of the authors' Keras model; tests/fixtures/README.md says what they are."""
    return ROOT / "tests" / "fixtures" / "keras_parity"


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder with the real fer2013.csv and fer2013new.csv."""
    if "LANMSFF_DATA" not in os.environ:
        pytest.skip("LANMSFF_DATA does not name a folder with the real fer2013.csv and fer2013new.csv")
    return Path(os.environ["LANMSFF_DATA"])


@pytest.fixture(scope="session")
def drawn_faces(tmp_path_factory) -> Path:
    """A folder with 400 drawn faces as fer2013.csv and fer2013new.csv."""
    folder = tmp_path_factory.mktemp("faces")
    write_fer2013(folder, faces=400)
    return folder


@pytest.fixture(scope="session")
def drawn_kdef(tmp_path_factory) -> Path:
    """A folder with 10 drawn people as KDEF has them, in small pictures."""
    folder = tmp_path_factory.mktemp("kdef")
    write_kdef(folder, people=10, size=(56, 76))
    return folder
