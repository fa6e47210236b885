"""Any layout becomes one compact file that reads the same, or one line says why not."""
import numpy as np
import pytest
from PIL import Image

from lanmsff_plugins.data.fer2013.ferplus import read_ferplus
from lanmsff_plugins.data.fer2013.reader import read_fer2013
from lanmsff_plugins.data.fer2013.writers import LAYOUTS
from lanmsff_plugins.data.kdef.faces import KDEFFaces
from lanmsff_plugins.data.synthetic.writers import write_fer2013

from .command import runner


@pytest.fixture
def prepare(capsys):
    return runner("prepare", capsys)


@pytest.mark.parametrize("layout", [*LAYOUTS, "fer2013.csv"])
def test_the_compact_file_of_a_layout_reads_as_the_layout(prepare, tmp_path, layout):
    write_fer2013(tmp_path / "in", faces=60, layout=layout)
    by_name = layout in ("parquet", "folders", "plain-folders")
    if by_name:
        (tmp_path / "in" / "fer2013new.csv").unlink()  # its votes cannot be joined
    status, printed, errors = prepare(tmp_path / "in", tmp_path / "out")
    assert (status, errors) == (0, "")
    names = ["fer2013.safetensors"] if by_name else ["fer2013.safetensors", "fer2013new.csv"]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == names
    read = read_fer2013 if by_name else lambda root: read_ferplus(root)[0]
    expected, found = read(tmp_path / "in"), read(tmp_path / "out")
    for name in ("pixels", "emotion", "usage"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))
    assert (found.names is None) == (expected.names is None)
    if found.names is not None:
        assert found.names.tolist() == expected.names.tolist()
    header, _, *rows = printed.splitlines()[1:]
    assert header.startswith("|  | angry | disgust | fear | happy | sad | surprise | neutral |")
    assert [int(row.split("|")[-2]) for row in rows] == np.bincount(found.usage).tolist()


def test_kdef_becomes_faces_of_one_size(prepare, drawn_kdef, tmp_path):
    status, printed, errors = prepare("--kdef", drawn_kdef, tmp_path, "--side", 20)
    assert (status, errors) == (0, "") and "700 faces" in printed
    expected, found = KDEFFaces(drawn_kdef, "test", folds=5, boxes="views"), KDEFFaces(tmp_path, "test", folds=5)
    assert found.images == expected.images
    for i in (0, 50, 139):
        assert found[i].shape == (20, 20)
        np.testing.assert_array_equal(
            found[i], Image.fromarray(expected[i]).resize((20, 20), Image.Resampling.BICUBIC))


def assert_one_line(result, start):
    status, printed, errors = result
    assert (status, printed) == (2, "")
    assert errors.startswith(f"error: {start}") and errors.count("\n") == 1


def test_what_cannot_be_read_ends_in_one_line_and_leaves_nothing(prepare, tmp_path):
    assert_one_line(prepare(tmp_path / "in", tmp_path / "out"), "no FER-2013 at ")
    write_fer2013(tmp_path / "in", faces=40)
    path = tmp_path / "in" / "fer2013new.csv"
    path.write_text(path.read_text().replace("PublicTest", "PrivateTest"))
    assert_one_line(prepare(tmp_path / "in", tmp_path / "out"), f"{path}, line ")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("options", "message"), [
    (["--side", 8], "--side must be 16 or more, got 8"), (["--boxes", "nowhere.csv"], "no boxes at nowhere.csv")])
def test_impossible_options_end_in_one_line(prepare, drawn_kdef, tmp_path, options, message):
    assert_one_line(prepare("--kdef", drawn_kdef, tmp_path / "out", *options), message)
    assert not (tmp_path / "out").exists()


def test_an_output_that_cannot_be_written_ends_in_one_line(prepare, drawn_faces, tmp_path):
    (tmp_path / "file").write_text("a file where a folder should be")
    assert_one_line(prepare(drawn_faces, tmp_path / "file"), "")
