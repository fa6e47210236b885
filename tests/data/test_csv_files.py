"""Tables are read strictly: columns by name in any order, errors by file and line."""
import pytest

from lanmsff_plugins.base.errors import DataError
from lanmsff_plugins.data.csv_files import iterate_csv, text_lines
from lanmsff_plugins.data.face_list import FaceList


def read(tmp_path, content: bytes) -> list:
    (tmp_path / "table.csv").write_bytes(content)
    return list(iterate_csv(tmp_path / "table.csv", ("b", "a")))


def test_columns_come_in_the_order_asked_for_with_the_number_of_the_line(tmp_path):
    assert read(tmp_path, b' a , b\n1,2\n"3\n4",5\n6,7\n') == [(2, ["2", "1"]), (3, ["5", "3\n4"]), (5, ["7", "6"])]


@pytest.mark.parametrize(("content", "message"), [
    (b"", "line 1: got the columns ''"), (b"a,c\n", "line 1: got the columns 'a,c', expected 'b,a'"),
    (b"a,b,a\n", "line 1: got the columns"), (b"a,b\n1\n", "line 2: got 1 columns, expected 2"),
    (b"a,b\n1,2\n1,2,3\n", "line 3: got 3 columns"), (b"a,b\n\xff,1\n", "line 2: not a CSV file"),
    (b"a;b\n1;2\n", "line 1: the columns are separated by semicolons; save the file with commas, expected 'b,a'"),
    ("a\tb\n1\t2\n".encode("utf-16"), "line 1: the columns are separated by tabs"),
    (b"a,b\n1,2\n\n3,4\n", "line 3: got 0 columns, expected 2; remove the empty line if no row was lost there"),
    (b"a,b\n , \n,\n3,4\n", "line 2: got 0 columns"), ("a,b\n1,2\n".encode("utf-16")[:-1], "line .*not a CSV file")])
def test_what_is_no_such_table_is_refused_by_its_line(tmp_path, content, message):
    with pytest.raises(DataError, match=f"table.csv, {message}"):
        read(tmp_path, content)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("end", ["", "\n", "\r\n\r\n", ",\n,\n", " , \n\n"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_what_office_programs_save_is_read_alike(tmp_path, encoding, end, newline):
    text = newline.join(["a,b", "1,é", '"3\n4",5', ""]) + end
    assert read(tmp_path, text.encode(encoding)) == [(2, ["é", "1"]), (3, ["5", "3\n4"])]


def test_lists_of_faces_are_read_from_notepad_too(tmp_path):
    for encoding in ("utf-8-sig", "utf-16"):
        (tmp_path / "list.txt").write_text("# copies\n3\n5\n", encoding=encoding)
        assert "".join(text_lines(tmp_path / "list.txt")).split() == ["#", "copies", "3", "5"]
        assert FaceList.read(tmp_path / "list.txt").rows == {3, 5}
