"""A data set is chosen by its name in the catalog, and gets the options that its row takes."""
import argparse

import pytest

from lanmsff_plugins.base.errors import ConfigError
from lanmsff_plugins.cli.data_sets import add_data_set_argument, options_taken

from .command import runner


@pytest.mark.parametrize(("argv", "expected"), [
    ([], "fer2013"), (["--data-set", "kdef"], "kdef"), (["--kdef"], "kdef"), (["--data-set", "ferplus"], "ferplus")])
def test_the_name_is_read_and_the_former_option_still_works(argv, expected):
    parser = argparse.ArgumentParser()
    add_data_set_argument(parser, ["fer2013", "ferplus", "kdef"])
    assert parser.parse_args(argv).data_set == expected


def test_options_are_those_given_that_the_function_takes():
    def function(data_root, side=96, boxes="views"):
        ...

    assert options_taken(function, "kdef", side=20, boxes=None) == {"side": 20}
    assert options_taken(function, "kdef", side=None, near=None) == {}
    with pytest.raises(ConfigError, match="^--near is not for the data set kdef; leave it out"):
        options_taken(function, "kdef", near=.9)


@pytest.mark.parametrize(("command", "argv", "message"), [
    ("prepare", ["in", "out", "--side", 20], "--side is not for the data set fer2013"),
    ("audit", ["in", "--out", "out", "--data-set", "kdef", "--near", .9], "--near is not for the data set kdef"),
    ("audit", ["in", "--out", "out", "--data-set", "kdfe"], "invalid choice: 'kdfe'")])
def test_a_command_says_what_is_not_for_a_data_set(command, argv, message, capsys):
    status, printed, errors = runner(command, capsys)(*argv)
    assert (status, printed) == (2, "") and message in errors.splitlines()[-1]
