"""What has been measured on photographs is read again, but not that of other weights."""
import argparse

import pytest

from lanmsff_plugins import weights

from ..processes import import_script


@pytest.fixture(scope="module")
def photographs():
    return import_script("photographs.py")


@pytest.fixture
def measured_cells(photographs, monkeypatch):
    """The sizes and rolls that have been measured, by a measurement that takes no time."""
    cells = []

    class Measurement:
        detector = argparse.Namespace(factor=1.)

        def __init__(self, args, split):
            pass

        def cell(self, size, roll, factors):
            cells.append((size, roll))
            return {"faces": 3}

    monkeypatch.setattr(photographs, "Measurement", Measurement)
    return cells


def test_a_cell_is_measured_once_for_each_version_of_the_weights(photographs, measured_cells, tmp_path, monkeypatch):
    args = argparse.Namespace(work_dir=tmp_path, yunet=None, faces=3)
    count = len(photographs.SIZES) * len(photographs.ROLLS)
    first = photographs.measured(args)
    assert photographs.measured(args) == first and len(measured_cells) == count
    card = {**weights.card(photographs.WEIGHTS), "sha256": "0" * 64}
    monkeypatch.setattr(photographs.weights, "card", lambda name: card)
    photographs.measured(args)
    assert len(measured_cells) == 2 * count
