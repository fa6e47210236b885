"""The converter writes a file that timm loads, or one line that says why not."""

import pytest
from safetensors import safe_open
from safetensors.torch import load_file

from lanmsff_plugins.models.keras import load_keras_weights

from .command import runner


@pytest.fixture
def convert(capsys):
    """A function from arguments to exit status, output and errors."""
    return runner("convert-keras", capsys)


def test_the_file_holds_the_authors_weights(convert, keras_parity, tmp_path):
    out = tmp_path / "new" / "lanmsff.safetensors"
    status, printed, errors = convert(keras_parity / "lanmsff.weights.h5", out)
    assert (status, errors) == (0, "") and printed == f"{out}: 356,451 parameters, 8 classes\n"
    expected, written = load_keras_weights(keras_parity / "lanmsff.weights.h5"), load_file(out)
    assert written.keys() == expected.keys() and all(written[key].equal(expected[key]) for key in expected)
    assert list(out.parent.iterdir()) == [out]
    with safe_open(out, "pt") as file:
        assert file.metadata() == {"format": "pt"}


def assert_one_line(result, start):
    status, printed, errors = result
    assert (status, printed) == (2, "")
    assert errors.startswith(f"error: {start}") and errors.count("\n") == 1


def test_a_missing_file_ends_in_one_line(convert, tmp_path):
    out = tmp_path / "out.safetensors"
    assert_one_line(convert(tmp_path / "no.h5", out), f"no Keras weights at {tmp_path / 'no.h5'}; expected")
    assert not out.exists()


def test_a_truncated_file_ends_in_one_line(convert, keras_parity, tmp_path):
    half = tmp_path / "half.weights.h5"
    half.write_bytes((keras_parity / "lanmsff.weights.h5").read_bytes()[:500_000])
    assert_one_line(convert(half, tmp_path / "out.safetensors"), f"{half} is damaged")
    assert list(tmp_path.iterdir()) == [half]


def test_an_output_that_cannot_be_written_ends_in_one_line_and_leaves_nothing(convert, keras_parity, tmp_path):
    (tmp_path / "folder").mkdir()
    result = convert(keras_parity / "lanmsff.weights.h5", tmp_path / "folder")
    assert_one_line(result, "")
    assert str(tmp_path / "folder") in result[2]
    assert list(tmp_path.iterdir()) == [tmp_path / "folder"]


@pytest.mark.parametrize(("args", "missing"), [((), "weights, out"), (("only_in.h5",), "out")])
def test_missing_arguments_are_named_in_one_line(convert, args, missing):
    status, _, errors = convert(*args)
    assert status == 2
    assert errors == f"error: the following arguments are required: {missing}; see lanmsff convert-keras --help\n"
