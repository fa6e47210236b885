"""Two processes learn and measure what one would with batches of twice the size."""
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

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


def test_validation_needs_no_folder_that_the_processes_share(drawn_faces, tmp_path):
    for rank in ("0", "1"):
        (tmp_path / rank).mkdir()
    cfg = tiny(drawn_faces, tmp_path / "work", train_cfg__max_epochs=1)
    assert finish_together(cfg, 2, lambda runner: os.chdir(tmp_path / os.environ["RANK"])) == [0, 0]
    assert load(tmp_path / "work" / "epoch_1.pth")["message_hub"]["log_scalars"]["val/accuracy/top1"]["log"]
    assert not any((tmp_path / rank / ".dist_test").exists() for rank in ("0", "1"))


def test_processes_with_different_checkpoints_to_resume_are_refused(drawn_faces, tmp_path, capfd):
    """As on two machines that do not share the work dir, where only the first has written one."""
    cfg = tiny(drawn_faces, tmp_path / "0", train_cfg__max_epochs=1)
    assert finish_together(cfg, 2) == [0, 0]
    cfg.merge_from_dict({"resume": True, "train_cfg.max_epochs": 2})
    assert finish_together(cfg, 2, work_dirs=[tmp_path / "0", tmp_path / "1"]) == [1, 1]
    assert f"process 0 starts from {tmp_path}/0/epoch_1.pth, process 1 from no checkpoint" in capfd.readouterr().err


def torchrun(folder: Path, nodes: int, per_node: int, config: Path, *args: str) -> list[tuple[int, str]]:
    """Train by an agent for each machine, in a folder of its own, since machines need not share one.

    Gives each agent's exit status and what it printed.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    started = []
    for node in range(nodes):
        (folder / str(node)).mkdir(parents=True, exist_ok=True)
        started.append(subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "torch.distributed.run", f"--nnodes={nodes}",
             f"--nproc_per_node={per_node}", "--rdzv_backend=c10d", f"--rdzv_endpoint=127.0.0.1:{port}",
             "--local_addr=127.0.0.1", "-m", "lanmsff_plugins", "train", config, "--launcher", "pytorch",
             "--work-dir", "work", *args],
            cwd=folder / str(node), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}))
    printed = [process.communicate()[0] for process in started]
    return [(process.returncode, text) for process, text in zip(started, printed)]


@pytest.mark.slow
def test_two_machines_with_a_process_each_train_as_one_with_two(drawn_faces, tmp_path):
    tiny(drawn_faces, tmp_path, train_cfg__max_epochs=2).dump(tmp_path / "config.py")
    checkpoints = []
    for nodes in (1, 2):
        ended = torchrun(tmp_path / f"{nodes}", nodes, 2 // nodes, tmp_path / "config.py")
        assert [status for status, _ in ended] == [0] * nodes, ended
        checkpoints.append(load(tmp_path / f"{nodes}" / "0" / "work" / "epoch_2.pth"))
    one, two = checkpoints
    torch.testing.assert_close(two["state_dict"], one["state_dict"], rtol=0, atol=0)
    for name in ("train/loss", "val/accuracy/top1", "val/cross_entropy"):
        logs = [found["message_hub"]["log_scalars"][name]["log"] for found in checkpoints]
        assert len(logs[0]) >= 2 and logs[0] == logs[1]
    first, second = (text for _, text in ended)
    assert "best checkpoint: work/best" in first and "best checkpoint" not in second
    assert not list((tmp_path / "2" / "1" / "work").glob("*.pth"))


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
