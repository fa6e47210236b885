"""Configs and checkpoints that earlier versions wrote still load, test and resume."""
import shutil
from pathlib import Path

import pytest
import timm
import torch

import timm_registry  # noqa: F401

from .conftest import ROOT

pytest.importorskip("mmpretrain")

from .mm.runs import call_command  # noqa: E402

FOLDER = ROOT / "tests" / "fixtures" / "written_by_0.1.0"


@pytest.fixture
def work_dir(tmp_path, drawn_faces) -> Path:
    """The work dir as it was, beside data."""
    (tmp_path / "data").symlink_to(drawn_faces)
    shutil.copytree(FOLDER, tmp_path / "work")
    (tmp_path / "work" / "last_checkpoint").write_text("work/epoch_1.pth")
    return tmp_path / "work"


def options(drawn_faces) -> list[str]:
    return [f"{split}_dataloader.dataset.data_root={drawn_faces}" for split in ("train", "val", "test")]


def test_a_checkpoint_is_tested_by_its_config(work_dir, drawn_faces):
    done = call_command("test", work_dir / "lanmsff_ferplus.py", work_dir / "epoch_1.pth", "--work-dir", work_dir,
                        "--cfg-options", *options(drawn_faces))
    assert done.returncode == 0 and "accuracy/top1" in done.stdout, done.stderr


def test_a_training_resumes(work_dir, drawn_faces):
    done = call_command("train", work_dir / "lanmsff_ferplus.py", "--work-dir", work_dir, "--resume", "--cfg-options",
                        *options(drawn_faces), "train_cfg.max_epochs=2", "train_dataloader.dataset.indices=32")
    assert done.returncode == 0, done.stderr
    assert torch.load(work_dir / "epoch_2.pth", weights_only=True)["meta"]["epoch"] == 2


def test_timm_loads_it():
    model = timm.create_model("lanmsff", channels=(6, 6, 6, 6), pretrained=True,
                              pretrained_cfg_overlay=dict(file=str(FOLDER / "epoch_1.pth")))
    saved = torch.load(FOLDER / "epoch_1.pth", weights_only=True)["state_dict"]
    torch.testing.assert_close(model.head.fc.weight, saved["head.fc.weight"])
