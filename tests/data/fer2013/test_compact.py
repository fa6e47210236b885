"""FER-2013 and its votes in compact form; tests/cli/test_prepare.py has every layout."""
import numpy as np
import pytest

from lanmsff_plugins.base.errors import DataError
from lanmsff_plugins.data.fer2013.compact import prepare_fer2013
from lanmsff_plugins.data.fer2013.ferplus import read_ferplus

from ..damage import edit, spoil


def test_faces_and_votes_are_read_back_also_where_the_table_was_named(forty_faces, tmp_path):
    expected = read_ferplus(forty_faces)
    path, counts = prepare_fer2013(forty_faces / "fer2013.csv", tmp_path / "out")
    found = read_ferplus(path)
    np.testing.assert_array_equal(found[0].pixels, expected[0].pixels)
    np.testing.assert_array_equal(found[1], expected[1])
    assert sum(counts["Training"].values()) == 32 and sum(sum(row.values()) for row in counts.values()) == 40


def test_votes_of_other_faces_leave_nothing(forty_faces, tmp_path):
    spoil(forty_faces / "fer2013new.csv", edit(7, b"fer0000005", b"fer0000009"))
    with pytest.raises(DataError, match="line 7: the image fer0000009.png is out of order"):
        prepare_fer2013(forty_faces, tmp_path / "out")
    assert not (tmp_path / "out").exists()
