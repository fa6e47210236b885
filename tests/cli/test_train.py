"""Training and testing from the command line, as a user does it, on drawn faces."""
import math
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

pytest.importorskip("mmpretrain")

from ..conftest import ROOT  # noqa: E402
from ..mm.openmmlab import OF_OTHERS  # noqa: E402
from ..mm.runs import call_command, load, write_predictions  # noqa: E402
from ..versions import needs  # noqa: E402

CONFIG = "mm_configs/lanmsff_ferplus.py"


def options(data_root: Path, **more) -> list[str]:
    """A cut so small that an epoch takes seconds: 64 faces, 32 pixels a side."""
    settings = {
        **{f"{split}_dataloader.dataset.data_root": data_root for split in ("train", "val", "test")},
        "train_dataloader.dataset.indices": 64, "val_dataloader.dataset.indices": 32,
        "train_dataloader.dataset.versions": 1, "train_dataloader.batch_size": 8, "train_cfg.max_epochs": 2,
        "train_dataloader.dataset.pipeline.0.scale": 32, "val_dataloader.dataset.pipeline.1.scale": 32,
        "default_hooks.logger.interval": 4, **more}
    return ["--cfg-options", *(f"{key}={value}" for key, value in settings.items())]


@pytest.fixture(scope="module")
def trained(tmp_path_factory, drawn_faces) -> Path:
    """The work dir of two epochs in one go, with bfloat16."""
    work_dir = tmp_path_factory.mktemp("trained")
    done = call_command("train", CONFIG, "--amp", "--work-dir", work_dir, *options(drawn_faces))
    assert done.returncode == 0, done.stderr
    return work_dir


def test_training_leaves_the_last_and_the_best_checkpoint_and_nothing_half_written(trained):
    names = sorted(path.name for path in trained.iterdir() if path.is_file())
    assert [name for name in names if name.startswith("epoch")] == ["epoch_2.pth"]
    assert len([name for name in names if name.startswith("best_cross_entropy")]) == 1
    assert (trained / "last_checkpoint").read_text() == str(trained / "epoch_2.pth")
    assert not [name for name in names if name.startswith(".")]


@needs("torch", "2.6", "torch.serialization.get_unsafe_globals_in_checkpoint")
def test_checkpoints_hold_nothing_that_could_run_code(trained):
    for path in trained.glob("*.pth"):
        assert torch.serialization.get_unsafe_globals_in_checkpoint(path) == []
        assert load(path)["state_dict"]["head.fc.weight"].shape == (8, 156)


def test_the_schedule_has_seen_every_validation(trained):
    scheduler, = load(trained / "epoch_2.pth")["param_schedulers"]
    assert scheduler["_global_step"] == 2
    assert math.isfinite(scheduler["best"])


def test_testing_a_work_dir_takes_its_best_checkpoint_and_prints_the_accuracy(trained, drawn_faces, tmp_path):
    done = call_command("test", CONFIG, trained, "--work-dir", tmp_path, *options(drawn_faces))
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(rf"{trained}/best_cross_entropy_epoch_\d\.pth: accuracy/top1 [\d.]+, cross_entropy [\d.]+, "
                        r"balanced_accuracy [\d.]+, .*", done.stdout.splitlines()[-2])


def test_a_resumed_run_remembers_how_long_it_has_waited(drawn_faces, tmp_path):
    # Nothing is learned, so the validation loss stands still: the second such epoch cuts the learning rate, the
    # third ends the training. One of them lies before the cut, two behind it.
    cut = options(drawn_faces, **{
        "optim_wrapper.clip_grad.max_norm": 0., "model.backbone.norm_eval": True, "param_scheduler.patience": 1,
        "custom_hooks.1.patience": 3, "custom_hooks.1.min_delta": 1e-4})
    first = call_command("train", CONFIG, "--work-dir", tmp_path, *cut)
    assert first.returncode == 0, first.stderr
    second = call_command("train", CONFIG, "--work-dir", tmp_path, "--resume", *cut, "train_cfg.max_epochs=9")
    assert second.returncode == 0, second.stderr
    assert [path.name for path in tmp_path.glob("epoch_*.pth")] == ["epoch_4.pth"]
    assert load(tmp_path / "epoch_4.pth")["optimizer"]["param_groups"][0]["lr"] == pytest.approx(1e-4)


def test_a_run_whose_loss_is_no_number_ends_at_once(drawn_faces, tmp_path):
    done = call_command("train", CONFIG, "--work-dir", tmp_path, *options(
        drawn_faces, **{"optim_wrapper.optimizer.lr": 1e30, "default_hooks.finite_loss.interval": 1}))
    assert done.returncode == 2
    assert re.fullmatch(r"error: the loss is (nan|-?inf) at step \d+; lower the learning rate, .*",
                        done.stderr.splitlines()[-1])
    assert not list(tmp_path.glob("*.pth"))


def test_training_goes_without_validation(drawn_faces, tmp_path):
    done = call_command("train", CONFIG, "--no-validate", "--auto-scale-lr", "--work-dir", tmp_path,
               *options(drawn_faces, **{"train_cfg.max_epochs": 1}))
    assert done.returncode == 0, done.stderr
    assert load(tmp_path / "epoch_1.pth")["optimizer"]["param_groups"][0]["lr"] == pytest.approx(1e-3 * 8 / 32)


def test_two_processes_train_together_on_the_cpu(drawn_faces, tmp_path):
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "torch.distributed.run", "--nproc_per_node=2", "--master_port=29517",
         "tools/train.py", CONFIG, "--launcher", "pytorch", "--work-dir", str(tmp_path),
         *options(drawn_faces, **{"train_cfg.max_epochs": 1})],
        capture_output=True, text=True, cwd=ROOT, env={**os.environ, "CUDA_VISIBLE_DEVICES": ""})
    assert done.returncode == 0, done.stderr
    assert load(tmp_path / "epoch_1.pth")["meta"]["iter"] == 4  # 64 faces, 8 for each of two


@pytest.mark.parametrize(("args", "message"), [
    (["mm_configs/nothing.py"], "error: no config at mm_configs/nothing.py; unknown config 'nothing'"),
    ([CONFIG, "--cfg-options", "train_dataloader.dataset.data_root=nowhere"],
     "error: no FER-2013 at nowhere/fer2013.csv: get fer2013.csv from Kaggle")])
def test_what_is_missing_is_named_in_one_line(args, message, tmp_path):
    done = call_command("train", *args, "--work-dir", tmp_path)
    assert done.returncode == 2 and not done.stdout
    line, = done.stderr.splitlines()
    assert line.startswith(message)


def test_a_config_that_is_none_is_named_in_one_line(tmp_path):
    config = tmp_path / "broken.py"
    config.write_text("model = dict(\n")
    done = call_command("train", config)
    assert done.returncode == 2
    assert done.stderr.startswith(f"error: {config} cannot be read as a config: ") and "Traceback" not in done.stderr


def test_a_missing_checkpoint_is_named(tmp_path):
    done = call_command("test", CONFIG, tmp_path)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == (
        f"error: no best_*.pth in {tmp_path}; name a checkpoint file, or train with validation")


@pytest.mark.parametrize("config", sorted(
    path.relative_to(ROOT / "mm_configs").as_posix() for path in (ROOT / "mm_configs").rglob("*.py")
    if "_base_" not in path.parts and f"plugins/{path.stem}" not in OF_OTHERS))
def test_every_config_builds_and_takes_a_step(config, drawn_faces, drawn_kdef, tmp_path):
    from mmengine.config import Config
    from mmpretrain.registry import DATASETS, MODELS

    cfg = Config.fromfile(ROOT / "mm_configs" / config)
    if "ViewContrastiveLoss" in str(cfg.model):
        pytest.importorskip("pytorch_metric_learning")
    model = MODELS.build(cfg.model)
    data_root = drawn_kdef if "kdef" in config else drawn_faces
    for split in ("train", "val", "test"):
        faces = cfg[f"{split}_dataloader"].dataset
        inner = faces.get("dataset", faces)  # one data set may stand in another
        inner.data_root = str(data_root)
        if "teacher" in inner:
            selected = DATASETS.build({**inner, "teacher": None, "pipeline": []}).selected
            write_predictions(tmp_path / "train.npz", np.arange(400), cfg.model.head.num_classes, selected=selected)
            inner.teacher = [str(tmp_path / "train.npz")] * len(inner.teacher)
        dataset = DATASETS.build(faces)
        assert getattr(dataset, "dataset", dataset).split == split
        batch = model.data_preprocessor(
            {"inputs": [dataset[0]["inputs"]], "data_samples": [dataset[0]["data_samples"]]}, training=split == "train")
        assert 0 < batch["inputs"].max() <= 1 and batch["inputs"].shape[:2] == (1, 1)
        assert model.eval()(batch["inputs"], mode="tensor").shape == (1, len(dataset.metainfo["classes"]))
        if split == "train":
            losses = model.train()(batch["inputs"].repeat(2, 1, 1, 1), batch["data_samples"] * 2, mode="loss")
            sum(losses.values()).backward()
            assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters() if p.requires_grad)
