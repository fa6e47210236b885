"""Messages name what was given, what there is, and what comes nearest."""
from lanmsff_plugins.base.errors import one_line, unknown


def test_few_known_names_are_all_told():
    assert unknown("split", "valid", ["train", "val", "test"]) == (
        "unknown split 'valid'; expected one of train, val, test")


def test_of_many_known_names_the_nearest_are_told():
    known = [f"config_{i}" for i in range(20)] + ["lanmsff_ferplus"]
    assert unknown("config", "lanmsff_ferpluss", known) == (
        "unknown config 'lanmsff_ferpluss'; did you mean lanmsff_ferplus?")


def test_an_error_becomes_one_line_and_says_its_class_where_it_says_nothing():
    assert one_line(ValueError("a\n  b\tc")) == "a b c"
    assert one_line(KeyError()) == "KeyError"
    assert len(one_line(ValueError("x" * 999))) == 200
