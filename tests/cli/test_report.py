"""The page about a finished run is complete in itself."""
import re
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("mmpretrain")


import timm_registry  # noqa: E402, F401
from lanmsff_plugins.cli.report import distinct_names  # noqa: E402

from ..conftest import ROOT  # noqa: E402
from ..processes import MODERN, refusal, run_process  # noqa: E402
from .command import runner  # noqa: E402


def write_config(folder, data_root) -> None:
    config = (ROOT / MODERN).read_text()
    (folder / "config.py").write_text(
        re.sub(r"'_base_/", f"'{ROOT}/mm_configs/_base_/", config)
        + f"\ntest_dataloader = dict(dataset=dict(data_root={str(data_root)!r}))\n")


def test_the_report_is_one_page_that_needs_nothing_else(tested_dir, predictions, drawn_faces, last_ten):
    write_config(tested_dir, drawn_faces)
    done = run_process("report", tested_dir, "--list", f"last={last_ten}")
    assert (done.returncode, done.stdout) == (0, f"{tested_dir}/report.html\n"), done.stderr
    page = (tested_dir / "report.html").read_text()
    assert page.count("data:image/png;base64,") == 5 and not re.search(r"(src|href)=['\"]?http", page)
    assert f"<td>{100 * predictions.accuracy:.2f}</td>" in page


def test_a_work_dir_without_a_run_is_named(tmp_path):
    assert refusal(run_process("report", tmp_path)) == (
        f"error: no config in {tmp_path}; expected the work dir of `lanmsff train`")


@pytest.fixture
def report(capsys):
    return runner("report", capsys)


@pytest.fixture
def only_tested(predictions, drawn_faces, tmp_path):
    """The work dir of packaged weights, which have no training to tell of."""
    folder = tmp_path / "packaged"
    folder.mkdir()
    write_config(folder, drawn_faces)
    predictions.save(folder / "test.npz")
    return folder


def test_packaged_weights_that_were_tested_have_a_page_without_curves(report, only_tested):
    status, printed, errors = report(only_tested)
    assert (status, printed, errors) == (0, f"{only_tested}/report.html\n", "")
    assert (only_tested / "report.html").read_text().count("data:image/png;base64,") == 4


def test_the_page_goes_where_it_is_wanted(report, only_tested, tmp_path):
    assert report(only_tested, "--out", tmp_path / "pages" / "a.html")[0] == 0
    assert (tmp_path / "pages" / "a.html").is_file() and not (only_tested / "report.html").exists()


def test_a_run_is_named_by_its_folder_also_from_within_and_by_more_where_two_have_one_name(tmp_path, monkeypatch):
    for name in ("a/run", "b/run", "other"):
        (tmp_path / name).mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "a" / "run")
    paths = [Path("."), tmp_path / "b" / "run", tmp_path / "other", Path("../run")]
    assert list(distinct_names(paths).values()) == ["a/run", "b/run", "other"]
    assert list(distinct_names([Path(".")]).values()) == ["run"]


def test_weights_in_the_place_of_a_work_dir_are_told_what_to_do(report):
    status, _, errors = report("lanmsff://lanmsff_ferplus")
    assert status == 2 and errors.startswith("error: packaged weights have no work dir; test them by")


def test_predictions_of_other_faces_than_those_at_hand_are_refused(report, only_tested, predictions):
    replace(predictions, rows=predictions.rows - 300).save(only_tested / "test.npz")
    status, _, errors = report(only_tested)
    assert status == 2 and "holds other faces or labels than were tested; test the checkpoint again" in errors
