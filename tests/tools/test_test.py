"""What testing leaves behind, and the page and the card that are made of it."""
import json
import re
import shutil
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
import timm
import torch

pytest.importorskip("mmpretrain")

import cv2  # noqa: E402
from safetensors.torch import load_file  # noqa: E402

import timm_registry  # noqa: E402, F401
from lanmsff_plugins import weights  # noqa: E402
from lanmsff_plugins.data.fer2013.selection import select_ferplus  # noqa: E402
from lanmsff_plugins.models.naming import to_mm  # noqa: E402
from lanmsff_plugins.scores import Predictions, summarize  # noqa: E402

from ..conftest import ROOT  # noqa: E402

CONFIG = "mm_configs/lanmsff_ferplus_modern.py"


def run(tool: str, *args, cwd: Path = ROOT) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-W", "ignore", f"tools/{tool}", *map(str, args)], capture_output=True, text=True, cwd=cwd)


def refusal(done: subprocess.CompletedProcess) -> str:
    assert done.returncode == 2 and "Traceback" not in done.stderr, done.stderr
    return done.stderr.splitlines()[-1]


@pytest.fixture(scope="module")
def work_dir(tmp_path_factory) -> Path:
    """A work dir whose best checkpoint holds the packaged weights."""
    folder = tmp_path_factory.mktemp("run")
    state_dict = to_mm(load_file(weights.weights_file("lanmsff_ferplus")))
    last = {"steps": torch.tensor(9), **{f"module.{name}": value * 0 for name, value in state_dict.items()}}
    torch.save({"state_dict": state_dict, "ema_state_dict": last, "meta": {"epoch": 3, "seed": 7}},
               folder / "best_accuracy_top1_epoch_3.pth")
    logs = folder / "20260101_000000" / "vis_data"
    logs.mkdir(parents=True)
    records = [{"loss": 2 - i / 10, "step": 50 * i} for i in range(10)] + [{"accuracy/top1": 40., "step": 1}]
    (logs / "scalars.json").write_text("".join(json.dumps(record) + "\n" for record in records) + '{"loss": 1')
    return folder


@pytest.fixture(scope="module")
def last_ten(drawn_faces, tmp_path_factory) -> Path:
    """A list of the last ten faces of the test split."""
    path = tmp_path_factory.mktemp("lists") / "last.txt"
    path.write_text("\n".join(select_ferplus(drawn_faces, "test").names[-10:]))
    return path


@pytest.fixture(scope="module")
def printed(work_dir, drawn_faces, last_ten) -> str:
    """What is printed of the test split with a list, after both splits and the mirror images have been tested too."""
    for args in (["--split", "val"], ["--tta"], ["--list", f"last={last_ten}"]):
        done = run("test.py", CONFIG, work_dir, "--work-dir", work_dir, *args, "--cfg-options", *(
            f"{split}_dataloader.dataset.data_root={drawn_faces}" for split in ("train", "val", "test")))
        assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def predictions(work_dir, printed) -> Predictions:
    return Predictions.load(work_dir / "test.npz")


def test_testing_keeps_the_scores_of_every_face(predictions, printed, drawn_faces):
    np.testing.assert_allclose(predictions.scores.sum(1), 1, atol=1e-5)
    assert predictions.scores.shape[1] == 8 and len(set(predictions.rows)) == len(predictions)
    selected = select_ferplus(drawn_faces, "test")
    assert (predictions.names == selected.names).all() and (predictions.rows == selected.rows).all()
    accuracy = float(re.search(r"accuracy/top1 ([\d.]+)", printed)[1])
    assert accuracy == pytest.approx(100 * predictions.accuracy, abs=0.05)
    balanced = float(re.search(r"balanced_accuracy ([\d.]+)", printed)[1])
    assert balanced == pytest.approx(summarize(predictions)["balanced_accuracy"], abs=0.05)


@torch.no_grad()
def test_the_scores_are_those_of_the_checkpoints_weights(predictions, drawn_faces):
    model = timm.create_model("lanmsff.ferplus", pretrained=True).eval()
    pixels = select_ferplus(drawn_faces, "test").faces.pixels[predictions.rows[:20]]
    enlarged = np.stack([cv2.resize(face, (64, 64), interpolation=cv2.INTER_LINEAR) for face in pixels])
    scores = model(torch.from_numpy(enlarged)[:, None] / 255).softmax(1)
    np.testing.assert_allclose(scores, predictions.scores[:20], atol=1e-5)


def test_testing_tells_how_listed_faces_fare_and_the_others(predictions, printed, drawn_faces):
    last = np.isin(predictions.names, select_ferplus(drawn_faces, "test").names[-10:])
    assert 0 < last.sum() < len(last)
    for part, chosen in (("listed", last), ("others", ~last)):
        printed_accuracy = float(re.search(rf"last/{part} ([\d.]+)", printed)[1])
        assert printed_accuracy == pytest.approx(100 * predictions.take(chosen).accuracy, abs=0.05)


def test_averaging_with_the_mirror_image_leaves_weights_and_faces_as_they_are(work_dir, predictions):
    """The average over a face and its mirror is within the two, so it stays near the face's own scores."""
    mirror = Predictions.load(work_dir / "test_mirror.npz")
    np.testing.assert_array_equal(mirror.rows, predictions.rows)
    assert (2 * mirror.scores - predictions.scores).min() > -1e-5  # what is left is the mirror's own, a distribution
    assert not np.allclose(mirror.scores, predictions.scores, atol=1e-3)


def test_the_other_split_has_its_own_file(work_dir, predictions):
    assert not set(Predictions.load(work_dir / "val.npz").rows) & set(predictions.rows)


def test_the_training_split_has_the_label_mode_that_the_config_trains_with(work_dir, drawn_faces, tmp_path):
    header, *votes = (drawn_faces / "fer2013new.csv").read_text().splitlines()
    votes[0] = re.sub(r"(,\d+){10}$", ",4,3,3,0,0,0,0,0,0,0", votes[0])  # of the training split, without a majority
    (tmp_path / "fer2013new.csv").write_text("\n".join([header, *votes]))
    (tmp_path / "fer2013.csv").symlink_to(drawn_faces / "fer2013.csv")
    done = run("test.py", CONFIG, work_dir, "--work-dir", tmp_path, "--split", "train", "--cfg-options",
               f"test_dataloader.dataset.data_root={tmp_path}")
    assert done.returncode == 0, done.stderr
    kept, all_of_them = (select_ferplus(tmp_path, "train", mode).rows for mode in ("majority", "cross-entropy"))
    assert 0 not in kept and (Predictions.load(tmp_path / "train.npz").rows == all_of_them).all()


def test_a_checkpoint_of_another_network_is_refused(work_dir):
    assert re.search(r"is not of this config's network: head.fc.weight should be of shape \(7, 156\), got \(8, 156\)",
                     refusal(run("test.py", "mm_configs/lanmsff_fer2013_modern.py", work_dir)))


@pytest.mark.parametrize(("args", "line"), [
    (["--list", "last.txt"], "argument --list: expected NAME=FILE, got 'last.txt'"),
    (["--list", "last=missing.txt"], "no list of faces at missing.txt"),
    (["--cfg-options", "model"], "--cfg-options takes KEY=VALUE, with the brackets of lists closed, got model"),
    (["--cfg-options", "a=[1,2"], "--cfg-options takes KEY=VALUE, with the brackets of lists closed, got a=[1,2")])
def test_an_option_that_cannot_be_is_one_line(work_dir, drawn_faces, tmp_path, args, line):
    done = run("test.py", CONFIG, work_dir, "--work-dir", tmp_path, "--cfg-options",
               f"test_dataloader.dataset.data_root={drawn_faces}", *args)
    assert line in refusal(done) and not list(tmp_path.glob("*.npz"))


def test_the_report_is_one_page_that_needs_nothing_else(work_dir, predictions, drawn_faces, last_ten, tmp_path):
    config = (ROOT / CONFIG).read_text()
    (work_dir / "config.py").write_text(
        re.sub(r"'_base_/", f"'{ROOT}/mm_configs/_base_/", config)
        + f"\ntest_dataloader = dict(dataset=dict(data_root={str(drawn_faces)!r}))\n")
    done = run("report.py", work_dir, "--list", f"last={last_ten}", "--out", tmp_path / "report.html")
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "report.html").read_text()
    assert page.count("data:image/png;base64,") == 6 and not re.search(r"(src|href)=['\"]?http", page)
    assert f"<td>{100 * predictions.accuracy:.2f}</td>" in page


def test_a_work_dir_without_a_run_is_named(tmp_path):
    assert refusal(run("report.py", tmp_path)) == (
        f"error: no config in {tmp_path}; expected the work dir of tools/train.py")


@pytest.fixture
def checkout(tmp_path, drawn_faces) -> Path:
    """A repository of the files as they are now, with the drawn faces in the place of the data."""
    folder = tmp_path / "checkout"
    for name in ("lanmsff_plugins", "mm_configs", "timm_registry", "tools"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "README.md", folder)
    author = ["-c", "user.name=Nobody", "-c", "user.email=nobody@example.org"]
    for args in (["init", "-q"], ["add", "-A"], [*author, "commit", "-qm", "All"]):
        subprocess.run(["git", *args], cwd=folder, check=True)
    (folder / "data").mkdir()
    (folder / "data" / "fer2013").symlink_to(drawn_faces)
    return folder


def test_a_checkpoint_is_published_with_its_card(checkout, work_dir, predictions, last_ten, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(checkout))
    args = ["--list", f"last={last_ten}", "--work-dir", tmp_path / "tested"]
    done = run("publish_model.py", "lanmsff_ferplus", CONFIG, work_dir, *args, cwd=checkout)
    assert done.returncode == 0, done.stderr
    folder = checkout / "lanmsff_plugins" / "weights"
    card = json.loads((folder / "lanmsff_ferplus.json").read_text())
    assert card["sha256"] == sha256((folder / "lanmsff_ferplus.safetensors").read_bytes()).hexdigest()
    published = load_file(folder / "lanmsff_ferplus.safetensors")
    for name, value in load_file(weights.weights_file("lanmsff_ferplus")).items():
        assert torch.equal(published[name], value)
    assert card["figures"]["test"]["accuracy"] == round(100 * predictions.accuracy, 2)
    mirrored = Predictions.load(work_dir / "test_mirror.npz")
    assert card["figures"]["test_with_mirror"]["macro_f1"] == round(summarize(mirrored)["macro_f1"], 2)
    assert card["figures"]["test"]["last"]["faces"] == 10 and card["recipe"]["seed"] == 7
    assert f"| {100 * predictions.accuracy:.2f} |" in (checkout / "README.md").read_text()

    def refuses(*args) -> str:
        return refusal(run("publish_model.py", "lanmsff_ferplus", *args, cwd=checkout))

    assert "no checkpoint at nowhere" in refuses(CONFIG, "nowhere")
    assert "what is published is LANMSFF" in refuses("mm_configs/resnet18_ferplus.py", work_dir)
    (checkout / "tools" / "train.py").write_text("")
    assert "commit first 'M tools/train.py'" in refuses(CONFIG, work_dir)
    assert load_file(folder / "lanmsff_ferplus.safetensors").keys() == published.keys()
