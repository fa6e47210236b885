"""What is the user's to mend is said in one line; a fault of the program keeps its traceback."""
import numpy as np
import pytest
import torch
from mmengine.registry import init_default_scope
from mmpretrain.registry import MODELS
from torch.utils.data import DataLoader

from lanmsff_plugins.base.errors import CheckpointError, ConfigError, DataError
from lanmsff_plugins.cli.shell import shell

init_default_scope("mmpretrain")


def fail(error):
    raise error


def build(**kwargs):
    return MODELS.build({"type": "lanmsff_plugins.LANMSFFBackbone", **kwargs})


def build_what_fails_inside():
    return MODELS.build({"type": lambda: len(None)})


@pytest.mark.parametrize(("call", "line"), [
    (lambda: fail(DataError("faces.csv: row 3 is short")), "faces.csv: row 3 is short"),
    (lambda: fail(CheckpointError("a.pth is damaged")), "a.pth is damaged"),
    (lambda: fail(ConfigError("no such launcher")), "no such launcher"),
    (lambda: fail(OSError(28, "No space left on device", "a.pth")), "[Errno 28] No space left on device: 'a.pth'"),
    (lambda: np.empty((10 ** 6, 10 ** 10)), "not enough memory (Unable to allocate"),
    (lambda: torch.empty(10 ** 6, 10 ** 7), "not enough memory ("),
    (lambda: build(out_indices=(9,)), "LANMSFF has blocks 0 to 3, got out_indices=(9,)"),
    (lambda: build(depth=18), "LANMSFFBackbone.__init__() got an unexpected keyword argument 'depth'"),
    (lambda: MODELS.build({"type": "LANMSF"}), "LANMSF is not in the mmpretrain::model registry.")])
def test_what_the_user_can_mend_is_one_line_and_status_2(call, line, capsys):
    with pytest.raises(SystemExit) as end:
        with shell():
            call()
    assert end.value.code == 2
    said = capsys.readouterr()
    assert not said.out
    assert said.err.startswith(f"error: {line}") and said.err.count("\n") == 1


@pytest.mark.parametrize(("call", "kind"), [
    (lambda: int("three"), ValueError), (lambda: {}["key"], KeyError), (lambda: len(None), TypeError),
    (build_what_fails_inside, TypeError), (lambda: fail(RuntimeError("no kernel")), RuntimeError)])
def test_a_fault_keeps_its_traceback(call, kind):
    with pytest.raises(kind):
        with shell():
            call()


class Unreadable:
    def __len__(self):
        return 1

    def __getitem__(self, i):
        raise DataError("AF01ANS.JPG cannot be read as an image")


def test_bad_data_found_by_a_worker_are_said_in_one_line_too(capsys):
    with pytest.raises(SystemExit):
        with shell():
            (lambda: next(iter(DataLoader(Unreadable(), num_workers=1, multiprocessing_context="fork"))))()
    assert capsys.readouterr().err == "error: AF01ANS.JPG cannot be read as an image\n"


def test_an_interruption_tells_how_to_go_on(capsys):
    with pytest.raises(SystemExit) as end:
        with shell():
            (lambda: fail(KeyboardInterrupt()))()
    assert end.value.code == 130
    assert "`train` and `predict` with --resume" in capsys.readouterr().err


def test_an_interruption_that_a_library_made_an_error_of_is_one_still(capsys):
    def wrap():
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt:
            raise RuntimeError("the export has failed")  # noqa: B904  (as libraries do)

    with pytest.raises(SystemExit) as end:
        with shell():
            wrap()
    assert end.value.code == 130 and capsys.readouterr().err.startswith("interrupted; ")


@pytest.mark.parametrize(("name", "line"), [
    ("mmengine.config", "No module; pip install 'lanmsff-plugins[mm]'"), ("fvcore", "lanmsff-plugins[tools]"),
    ("something", "error: No module\n")])
def test_a_package_that_is_missing_is_said_with_what_brings_it(name, line, capsys):
    with pytest.raises(SystemExit) as end:
        with shell():
            raise ImportError("No module", name=name)
    assert end.value.code == 2 and line in capsys.readouterr().err
