"""Options that commands share become a config, or one line that says what is wrong with them."""
import argparse

import pytest

pytest.importorskip("mmpretrain")

from lanmsff_plugins.cli.options import (  # noqa: E402
    add_config_arguments,
    add_list_argument,
    config_from,
    read_lists,
    settings_from,
)


def parse(*args: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("config")
    add_config_arguments(parser)
    add_list_argument(parser)
    return parser.parse_args(args)


def test_settings_override_the_config_s():
    cfg = config_from(parse(
        "lanmsff_ferplus", "--cfg-options", "train_cfg.max_epochs=2",
        "optim_wrapper.optimizer.betas=[0.8,0.9]", "--work-dir", "w"))
    assert cfg.train_cfg.max_epochs == 2 and cfg.work_dir == "w"
    assert cfg.optim_wrapper.optimizer.betas == [0.8, 0.9]


def test_the_work_dir_has_the_config_s_name():
    assert config_from(parse("lanmsff_ferplus")).work_dir == "work_dirs/lanmsff_ferplus"


def test_lists_have_names(tmp_path):
    assert {name: str(path) for name, path in read_lists(parse("x", "--list", "a=b.txt", "c=d=e.txt")).items()} == {
        "a": "b.txt", "c": "d=e.txt"}


def test_lists_add_up_and_are_forgotten_by_the_next_command_line():
    parser = argparse.ArgumentParser()
    add_list_argument(parser)
    args = parser.parse_args(["--list", "a=1.txt", "b=2.txt", "--list", "c=3.txt"])
    assert list(read_lists(args)) == ["a", "b", "c"]
    assert read_lists(parser.parse_args([])) == {}


def test_settings_of_a_training_are_those_that_were_given_in_json_s_types():
    assert settings_from(parse("x")) == {}
    args = parse("x", "--amp", "--work-dir", "w", "--cfg-options", "a.b=(1,2)", "c=d")
    assert settings_from(args) == {"cfg_options": {"a.b": [1, 2], "c": "d"}, "amp": True}


@pytest.mark.parametrize(("args", "message"), [
    (["--list", "b.txt"], "expected NAME=FILE, got 'b.txt'"), (["--cfg-options", "a"], "takes KEY=VALUE"),
    (["--cfg-options", "a=[1,2"], "with the brackets of lists closed, got a=[1,2")])
def test_what_is_no_option_is_said(args, message, capsys):
    with pytest.raises(SystemExit) as end:
        parse("x", *args)
    assert end.value.code == 2 and message in capsys.readouterr().err
