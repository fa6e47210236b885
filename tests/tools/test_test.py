"""What testing leaves behind, and the page that is made of it."""
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

pytest.importorskip("mmpretrain")

from safetensors.torch import load_file  # noqa: E402

from lanmsff_plugins import weights  # noqa: E402
from lanmsff_plugins.analysis.scores import Predictions, summarize  # noqa: E402
from lanmsff_plugins.data import FERPLUS_CLASSES  # noqa: E402
from lanmsff_plugins.data.selection import select_ferplus  # noqa: E402
from lanmsff_plugins.state_dicts import to_mm  # noqa: E402

from ..conftest import ROOT  # noqa: E402

CONFIG = "mm_configs/lanmsff_ferplus_modern.py"


def run(tool: str, *args) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-W", "ignore", f"tools/{tool}", *map(str, args)], capture_output=True, text=True, cwd=ROOT)


@pytest.fixture(scope="module")
def work_dir(tmp_path_factory) -> Path:
    """A work dir whose best checkpoint holds the packaged weights."""
    folder = tmp_path_factory.mktemp("run")
    state_dict = to_mm(load_file(weights.weights_file("lanmsff_ferplus")))
    torch.save({"state_dict": state_dict, "meta": {"epoch": 3}}, folder / "best_accuracy_top1_epoch_3.pth")
    logs = folder / "20260101_000000" / "vis_data"
    logs.mkdir(parents=True)
    records = [{"loss": 2 - i / 10, "step": 50 * i} for i in range(10)] + [{"accuracy/top1": 40., "step": 1}]
    (logs / "scalars.json").write_text("".join(json.dumps(record) + "\n" for record in records) + '{"loss": 1')
    return folder


def test_tool(work_dir, drawn_faces, *args) -> Predictions:
    done = run("test.py", CONFIG, work_dir, "--work-dir", work_dir, *args, "--cfg-options", *(
        f"{split}_dataloader.dataset.data_root={drawn_faces}" for split in ("train", "val", "test")))
    assert done.returncode == 0, done.stderr
    return done.stdout


test_tool.__test__ = False


@pytest.fixture(scope="module")
def tested(work_dir, drawn_faces) -> tuple[Predictions, str]:
    """The predictions and what was printed, with a list of ten faces."""
    printed = None
    names = select_ferplus(drawn_faces, "test").names
    listed = work_dir / "list.txt"
    listed.write_text("\n".join(names[-10:]))
    printed = test_tool(work_dir, drawn_faces, "--list", f"last={listed}")
    return Predictions.load(work_dir / "test.npz"), printed


def test_testing_keeps_the_scores_of_every_face(tested, drawn_faces):
    predictions, printed = tested
    np.testing.assert_allclose(predictions.scores.sum(1), 1, atol=1e-5)
    assert predictions.scores.shape[1] == 8 and len(set(predictions.rows)) == len(predictions)
    selected = select_ferplus(drawn_faces, "test")
    assert (predictions.names == selected.names).all() and (predictions.rows == selected.rows).all()
    accuracy = float(re.search(r"accuracy/top1 ([\d.]+)", printed)[1])
    assert accuracy == pytest.approx(100 * predictions.accuracy, abs=0.05)
    balanced = float(re.search(r"balanced_accuracy ([\d.]+)", printed)[1])
    assert balanced == pytest.approx(summarize(predictions)["balanced_accuracy"], abs=0.05)


def test_testing_tells_how_listed_faces_fare_and_the_others(tested, drawn_faces):
    predictions, printed = tested
    last = np.isin(predictions.names, select_ferplus(drawn_faces, "test").names[-10:])
    assert 0 < last.sum() < len(last)
    for part, chosen in (("listed", last), ("others", ~last)):
        printed_accuracy = float(re.search(rf"last/{part} ([\d.]+)", printed)[1])
        assert printed_accuracy == pytest.approx(100 * predictions.take(chosen).accuracy, abs=0.05)


def test_averaging_with_the_mirror_image_leaves_weights_and_faces_as_they_are(work_dir, tested, drawn_faces):
    """The average over a face and its mirror is within the two, so it stays near the face's own scores."""
    test_tool(work_dir, drawn_faces, "--tta")
    mirror, plain = Predictions.load(work_dir / "test_mirror.npz"), tested[0]
    np.testing.assert_array_equal(mirror.rows, plain.rows)
    assert (2 * mirror.scores - plain.scores).min() > -1e-5  # what is left is the mirror's own, a distribution
    assert not np.allclose(mirror.scores, plain.scores, atol=1e-3)


def test_the_other_split_has_its_own_file(work_dir, drawn_faces, tested):
    test_tool(work_dir, drawn_faces, "--split", "val")
    val = Predictions.load(work_dir / "val.npz")
    assert not set(val.rows) & set(tested[0].rows)


def test_the_report_is_one_page_that_needs_nothing_else(work_dir, tested, drawn_faces, tmp_path):
    config = (ROOT / CONFIG).read_text()
    (work_dir / "config.py").write_text(
        re.sub(r"'_base_/", f"'{ROOT}/mm_configs/_base_/", config)
        + f"\ntest_dataloader = dict(dataset=dict(data_root={str(drawn_faces)!r}))\n")
    done = run("report.py", work_dir, "--out", tmp_path / "report.html")
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "report.html").read_text()
    assert page.count("data:image/png;base64,") == 6 and not re.search(r"(src|href)=['\"]?http", page)
    assert f"<td>{100 * tested[0].accuracy:.2f}</td>" in page
    assert len(FERPLUS_CLASSES) == 8


def test_a_work_dir_without_a_run_is_named(tmp_path):
    done = run("report.py", tmp_path)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == f"error: no config in {tmp_path}; expected the work dir of tools/train.py"
