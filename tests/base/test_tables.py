"""Tables, and their places in a document."""
import pytest

from lanmsff_plugins.base.tables import aligned, markdown, read_tables, replace_section


def test_numbers_stand_to_the_right():
    assert markdown(["name", "cost"], [["a", 1], ["b", "+2.5%"]]) == (
        "| name | cost |\n| --- | ---: |\n| a | 1 |\n| b | +2.5% |")


def test_a_terminal_gets_columns():
    assert aligned(["name", "cost"], [["a", 1], ["long", "+2.5%"]]) == "name   cost\na         1\nlong  +2.5%"


def test_a_section_is_replaced_and_again(tmp_path):
    path = tmp_path / "page.md"
    path.write_text("before\n<!-- t -->\n<!-- /t -->\nafter\n")
    for text in ("one\ntwo", r"three \1"):
        replace_section(path, "t", text)
        assert path.read_text() == f"before\n<!-- t -->\n{text}\n<!-- /t -->\nafter\n"


def test_the_tables_of_a_section_are_read_as_they_were_written(tmp_path):
    path = tmp_path / "page.md"
    one, two = (["name", "cost"], [["a", "1"], ["b c", "+2.5%"]]), (["x"], [["y"]])
    path.write_text("| not | this |\n\n<!-- t -->\nold\n<!-- /t -->\n| nor | this |\n")
    replace_section(path, "t", f"{markdown(*one)}\n\nIn words.\n\n{markdown(*two)}")
    assert read_tables(path, "t") == [one, two]


def test_a_missing_place_is_named(tmp_path):
    path = tmp_path / "page.md"
    path.write_text("nothing")
    with pytest.raises(ValueError, match="page.md has no place for 't'"):
        replace_section(path, "t", "text")
    with pytest.raises(ValueError, match="page.md has no place for 't'"):
        read_tables(path, "t")
