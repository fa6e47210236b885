"""KDEF's faces in one file, cut out of the photographs."""
import numpy as np
import pytest

from lanmsff_plugins.data.kdef.compact import prepare_kdef
from lanmsff_plugins.data.kdef.faces import KDEFFaces


def test_the_file_holds_every_face_in_its_size_and_the_counts_are_theirs(two_photographs, tmp_path):
    path, counts = prepare_kdef(two_photographs, tmp_path / "out", side=16)
    found = KDEFFaces(path)
    assert path == tmp_path / "out" / "kdef.safetensors" and [found[i].shape for i in range(2)] == [(16, 16)] * 2
    assert counts["angry"] == {"FL": 1, "HL": 0, "S": 1, "HR": 0, "FR": 0}
    assert sum(sum(row.values()) for row in counts.values()) == 2
    np.testing.assert_allclose(np.diff(found[1].mean(0))[2:-2], 3 * 40 / 16, atol=2)  # 40 columns, 3 brighter each


def test_faces_too_small_to_see_are_refused(two_photographs, tmp_path):
    with pytest.raises(ValueError, match="side must be 16 or more, got 15"):
        prepare_kdef(two_photographs, tmp_path / "out", side=15)
    assert not (tmp_path / "out").exists()
