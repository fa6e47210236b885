"""Tables are read strictly: columns by name in any order, errors by file and line."""
import pytest

from lanmsff_plugins.base.errors import DataError
from lanmsff_plugins.data.csv_files import iterate_csv


def read(tmp_path, content: bytes) -> list:
    (tmp_path / "table.csv").write_bytes(content)
    return list(iterate_csv(tmp_path / "table.csv", ("b", "a")))


def test_columns_come_in_the_order_asked_for_with_the_number_of_the_line(tmp_path):
    assert read(tmp_path, b' a , b\n1,2\n"3\n4",5\n6,7\n') == [(2, ["2", "1"]), (3, ["5", "3\n4"]), (5, ["7", "6"])]


@pytest.mark.parametrize(("content", "message"), [
    (b"", "line 1: got the columns ''"), (b"a,c\n", "line 1: got the columns 'a,c', expected 'b,a'"),
    (b"a,b,a\n", "line 1: got the columns"), (b"a,b\n1\n", "line 2: got 1 columns, expected 2"),
    (b"a,b\n1,2\n1,2,3\n", "line 3: got 3 columns"), (b"a,b\n\xff,1\n", "line 2: not a CSV file")])
def test_what_is_no_such_table_is_refused_by_its_line(tmp_path, content, message):
    with pytest.raises(DataError, match=f"table.csv, {message}"):
        read(tmp_path, content)
