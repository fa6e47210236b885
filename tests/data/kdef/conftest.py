"""Photographs whose pixels tell where they are from."""
import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def two_photographs(tmp_path):
    """A folder with two photographs of 50 x 70 pixels whose columns and rows can be told apart."""
    y, x = np.mgrid[:70, :50]
    for name, pixels in (("AF01ANS", 3 * x + 40), ("AF01ANFL", 2 * y + 40)):
        Image.fromarray(pixels.astype(np.uint8)).save(tmp_path / f"{name}.JPG", quality=98)
    return tmp_path
