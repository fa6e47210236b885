"""The page about a finished run is complete in itself."""
import re

import pytest

pytest.importorskip("mmpretrain")


import timm_registry  # noqa: E402, F401

from ..conftest import ROOT  # noqa: E402
from ..processes import MODERN, refusal, run_process  # noqa: E402


def test_the_report_is_one_page_that_needs_nothing_else(tested_dir, predictions, drawn_faces, last_ten, tmp_path):
    config = (ROOT / MODERN).read_text()
    (tested_dir / "config.py").write_text(
        re.sub(r"'_base_/", f"'{ROOT}/mm_configs/_base_/", config)
        + f"\ntest_dataloader = dict(dataset=dict(data_root={str(drawn_faces)!r}))\n")
    done = run_process("report", tested_dir, "--list", f"last={last_ten}", "--out", tmp_path / "report.html")
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "report.html").read_text()
    assert page.count("data:image/png;base64,") == 6 and not re.search(r"(src|href)=['\"]?http", page)
    assert f"<td>{100 * predictions.accuracy:.2f}</td>" in page


def test_a_work_dir_without_a_run_is_named(tmp_path):
    assert refusal(run_process("report", tmp_path)) == (
        f"error: no config in {tmp_path}; expected the work dir of `lanmsff train`")
