"""A sheet shows every picture in its place."""

import numpy as np
import pytest

from lanmsff_plugins.data.contact_sheet import contact_sheet


def test_a_sheet_shows_every_picture_in_its_place():
    sheet = np.asarray(contact_sheet([np.full((20, 30), 10 * i, np.uint8) for i in range(5)], ["a"] * 5, columns=3))
    assert sheet.shape == (2 * 33, 3 * 32)
    for i in range(5):
        assert (sheet[i // 3 * 33:i // 3 * 33 + 20, i % 3 * 32:i % 3 * 32 + 30] == 10 * i).all()
    with pytest.raises(ValueError, match="needs a picture, got none"):
        contact_sheet([], [])
