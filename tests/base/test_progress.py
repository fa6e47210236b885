"""The count on stderr: for who looks, and for nobody else."""
import sys

import pytest

from lanmsff_plugins.base.progress import progress


def test_where_nobody_looks_nothing_is_written(capsys):
    assert list(progress(range(5), "counting", 5)) == [0, 1, 2, 3, 4]
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(("total", "last"), [(250, "counting: 250/250"), (None, "counting: 250")])
def test_on_a_terminal_the_count_ends_with_all(capsys, monkeypatch, total, last):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert list(progress(iter(range(250)), "counting", total)) == list(range(250))
    written = capsys.readouterr().err
    assert written.endswith(f"\r{last}\n") and written.count("\n") == 1


def test_what_goes_wrong_with_an_item_goes_on(capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)

    def broken():
        yield 1
        raise ValueError("an item is wrong")
    with pytest.raises(ValueError, match="an item is wrong"):
        list(progress(broken(), "counting"))
