"""Two processes learn and measure what one would with batches of twice the size."""
import os
import shutil
import subprocess

import pytest
import torch
from mmengine.hooks import Hook

from ...conftest import ROOT
from ..runs import finish, finish_together, load, tiny

# What cannot be the same on two processes is left out: statistics of a batch, what is drawn, and Adam, which
# makes the signs of gradients near zero count.
SETTINGS = dict(
    train_cfg__max_epochs=2, model__backbone__norm_eval=True, model__backbone__drop_rate=0.,
    optim_wrapper__optimizer=dict(_delete_=True, type="SGD", lr=0.1, momentum=0.9),
    train_dataloader__dataset__indices=128,
    train_dataloader__dataset__pipeline=[dict(type="Resize", scale=32), dict(type="PackInputs")],
    auto_scale_lr__enable=True)


@pytest.fixture(scope="module")
def one_and_two(drawn_faces, tmp_path_factory):
    """The last checkpoint of one process with batches of 32, and of two with 16 each.

    In double precision, so that rounding, which differs, cannot hide a mistake.
    """
    checkpoints = []
    torch.set_default_dtype(torch.float64)
    try:
        for processes in (1, 2):
            work_dir = tmp_path_factory.mktemp("work")
            cfg = tiny(drawn_faces, work_dir, **SETTINGS, train_dataloader__batch_size=32 // processes)
            cfg.auto_scale_lr.base_batch_size = 64
            assert (finish_together(cfg, 2) if processes == 2 else [finish(cfg)]) == [0] * processes
            checkpoints.append(load(work_dir / "epoch_2.pth"))
    finally:
        torch.set_default_dtype(torch.float32)
    return checkpoints


def test_gradients_are_averaged(one_and_two):
    one, two = one_and_two
    assert one["meta"]["iter"] == two["meta"]["iter"] == 8
    torch.testing.assert_close(two["state_dict"], one["state_dict"], rtol=1e-9, atol=1e-12)
    assert one["state_dict"]["head.fc.bias"].abs().max() > 1e-2  # it began at zero


def test_metrics_count_every_face_once(one_and_two):
    """33 faces do not come out even: one of them is seen twice and must count once."""
    one, two = (checkpoint["message_hub"]["log_scalars"] for checkpoint in one_and_two)
    for metric in ("val/accuracy/top1", "val/cross_entropy"):
        assert two[metric]["log"] == pytest.approx(one[metric]["log"], rel=1e-6)
    seen = [top1 * 33 / 100 for top1 in two["val/accuracy/top1"]["log"]]
    assert seen == pytest.approx([round(count) for count in seen], abs=1e-3)


def test_auto_scale_lr_counts_the_batches_of_all_processes(one_and_two):
    for checkpoint in one_and_two:
        assert checkpoint["optimizer"]["param_groups"][0]["initial_lr"] == pytest.approx(0.1 * 32 / 64)


class SaveStatistics(Hook):
    """Save what each process validates with."""

    def __init__(self, folder):
        self.folder = folder

    def before_val_epoch(self, runner):
        torch.save(dict(runner.model.module.named_buffers()), self.folder / f"{os.environ['RANK']}.pt")


def test_processes_end_an_epoch_with_the_same_statistics_also_with_a_frozen_stage(drawn_faces, tmp_path):
    cfg = tiny(drawn_faces, tmp_path, train_cfg__max_epochs=1, model__backbone__frozen_stages=0)
    assert finish_together(cfg, 2, lambda runner: runner.register_hook(SaveStatistics(tmp_path))) == [0, 0]
    first, second = (load(tmp_path / f"{rank}.pt") for rank in (0, 1))
    torch.testing.assert_close(first, second, rtol=0, atol=0)


@pytest.mark.slow
@pytest.mark.skipif(torch.cuda.device_count() < 2, reason="nccl needs two GPUs, which are not here")
def test_two_gpus_train_together_by_nccl(drawn_faces, tmp_path):
    subprocess.run(
        ["torchrun", "--nproc_per_node=2", "--master_port=29518", "tools/train.py", "mm_configs/lanmsff_ferplus.py",
         "--launcher", "pytorch", "--work-dir", tmp_path, "--cfg-options", "train_cfg.max_epochs=1",
         *(f"{split}_dataloader.dataset.data_root={drawn_faces}" for split in ("train", "val", "test"))],
        cwd=ROOT, check=True)
    assert (tmp_path / "epoch_1.pth").is_file()


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("srun") is None or not torch.cuda.is_available(),
                    reason="SLURM's srun, or a GPU for it, is not here")
def test_slurm_starts_a_training(drawn_faces, tmp_path):
    subprocess.run(
        ["srun", "--gres=gpu:1", "python", "tools/train.py", "mm_configs/lanmsff_ferplus.py", "--launcher", "slurm",
         "--work-dir", tmp_path, "--cfg-options", "train_cfg.max_epochs=1",
         *(f"{split}_dataloader.dataset.data_root={drawn_faces}" for split in ("train", "val", "test"))],
        cwd=ROOT, check=True)
    assert (tmp_path / "epoch_1.pth").is_file()
