"""Kills, full disks, bad files and dying workers: a run ends by saying so, and what it had saved is good."""
import os
import random
import resource
import shutil
import signal
import time
from fnmatch import fnmatch

import pytest
import torch
from mmengine.hooks import Hook

from ..runs import finish, load, start, tiny


class At(Hook):
    """Call something at the first step of an epoch."""

    def __init__(self, epoch: int, call):
        self.epoch, self.call = epoch, call

    def before_train_epoch(self, runner):
        if runner.epoch == self.epoch:
            self.call()


def weights(work_dir):
    return load(work_dir / "epoch_6.pth")["state_dict"]


@pytest.mark.slow
@pytest.mark.timeout(840)
def test_ten_kills_at_any_moment_change_nothing(drawn_faces, tmp_path):
    settings = dict(config="lanmsff_ferplus_modern.py", train_cfg__max_epochs=6)
    began = time.monotonic()
    assert finish(tiny(drawn_faces, tmp_path / "whole", **settings)) == 0
    duration = time.monotonic() - began

    cfg = tiny(drawn_faces, tmp_path / "killed", **settings)
    cfg.resume = True
    draw = random.Random(0)
    kills = 0
    while kills < 10:
        process = start(cfg)
        process.join(draw.uniform(0, duration / 2))
        if process.is_alive():
            process.kill()
            kills += 1
        process.join()
        for path in (tmp_path / "killed").glob("*.pth"):
            assert load(path)["meta"]  # whole, each of them
        if process.exitcode == 0:
            shutil.rmtree(tmp_path / "killed")  # begin anew: there are kills left
    assert finish(cfg) == 0
    torch.testing.assert_close(weights(tmp_path / "killed"), weights(tmp_path / "whole"), rtol=0, atol=0)
    assert not list((tmp_path / "killed").glob(".*"))  # nothing half-written stays


@pytest.mark.parametrize("name", ["epoch_2.pth", "best_*.pth", "last_checkpoint"])
def test_what_a_kill_leaves_half_written_is_gone_after_the_resume(drawn_faces, tmp_path, name):
    def die_before_renaming(runner):
        replace = os.replace

        def replace_or_die(source, destination):
            if fnmatch(os.path.basename(destination), name):
                os.kill(os.getpid(), signal.SIGKILL)
            replace(source, destination)

        os.replace = replace_or_die

    cfg = tiny(drawn_faces, tmp_path, train_cfg__max_epochs=3)
    assert finish(cfg, die_before_renaming) == -signal.SIGKILL
    left, = tmp_path.glob(".*")
    assert fnmatch(left.name, f".{name}.*")
    cfg.resume = True
    assert finish(cfg) == 0
    assert not list(tmp_path.glob(".*"))


def test_a_full_disk_leaves_the_last_good_checkpoints(drawn_faces, tmp_path, capfd):
    def fill():  # as on a full disk, a write fails half-way
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, resource.RLIM_INFINITY))

    cfg = tiny(drawn_faces, tmp_path, train_cfg__max_epochs=3)
    assert finish(cfg, lambda runner: runner.register_hook(At(2, fill))) == 1
    assert "OSError: [Errno 27] File too large" in capfd.readouterr().err
    assert (tmp_path / "last_checkpoint").read_text() == str(tmp_path / "epoch_2.pth")
    assert load(tmp_path / "epoch_2.pth")["meta"]["epoch"] == 2
    best, = tmp_path.glob("best_*.pth")
    assert load(best)["state_dict"]
    assert not list(tmp_path.glob(".*"))

    cfg.resume = True
    assert finish(cfg) == 0
    assert load(tmp_path / "epoch_3.pth")["meta"]["iter"] == 12


def test_weights_that_diverge_between_two_looks_are_not_saved_over_the_last_good_ones(drawn_faces, tmp_path, capfd):
    def diverge(runner):
        def ruin():
            for parameter in runner.model.parameters():
                parameter.data.fill_(float("nan"))

        runner.register_hook(At(2, ruin))

    assert finish(tiny(drawn_faces, tmp_path), diverge) == 1
    assert "DivergenceError: the loss is nan at step 12; lower the learning rate" in capfd.readouterr().err
    assert (tmp_path / "last_checkpoint").read_text() == str(tmp_path / "epoch_2.pth")
    for path in tmp_path.glob("*.pth"):
        assert all(value.isfinite().all() for value in load(path)["state_dict"].values())


def test_a_resumed_copy_of_a_work_dir_leaves_the_original_alone(drawn_faces, tmp_path):
    def files(folder):
        return {path.name: path.read_bytes() for path in (tmp_path / folder).glob("*") if path.is_file()}

    assert finish(tiny(drawn_faces, tmp_path / "original", train_cfg__max_epochs=1)) == 0
    shutil.copytree(tmp_path / "original", tmp_path / "copy")
    before = files("original")
    cfg = tiny(drawn_faces, tmp_path / "copy", train_cfg__max_epochs=5)
    cfg.resume = True
    assert finish(cfg) == 0
    assert files("original") == before
    best, = (tmp_path / "copy").glob("best_*.pth")
    assert best.name not in before  # the copy's own first one has been replaced


@pytest.mark.parametrize("harm", ["cut", "hostile"])
def test_a_bad_checkpoint_ends_a_resume_before_it_begins(drawn_faces, tmp_path, harm):
    from lanmsff_plugins.base.errors import CheckpointError
    from lanmsff_plugins.mm.engine.launch import build_runner

    class Payload:
        def __reduce__(self):
            return os.system, (f"touch {tmp_path / 'ran'}",)

    torch.save({"state_dict": Payload() if harm == "hostile" else torch.rand(9999)}, tmp_path / "epoch_1.pth")
    if harm == "cut":
        os.truncate(tmp_path / "epoch_1.pth", 20_000)
    (tmp_path / "last_checkpoint").write_text("moved/since/epoch_1.pth")
    cfg = tiny(drawn_faces, tmp_path)
    cfg.resume = True
    with pytest.raises(CheckpointError, match=rf"{tmp_path}/epoch_1.pth is (damaged|refused)"):
        build_runner(cfg, "train", "val")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["epoch_1.pth", "last_checkpoint"]


@pytest.mark.parametrize("death", [lambda: os._exit(3), lambda: os.kill(os.getpid(), signal.SIGKILL)],
                         ids=["exits", "is killed"])
@pytest.mark.timeout(120)
def test_a_worker_that_dies_ends_the_run_with_a_message(drawn_faces, tmp_path, capfd, death):
    main = os.getpid()

    def die_in_a_worker(runner):
        dataset = runner.train_dataloader.dataset
        prepare = dataset.prepare_data

        def prepare_data(idx):
            if torch.utils.data.get_worker_info() is not None and os.getpid() != main:
                death()
            return prepare(idx)

        dataset.prepare_data = prepare_data

    cfg = tiny(drawn_faces, tmp_path, train_dataloader__num_workers=2)
    assert finish(cfg, die_in_a_worker) == 1
    assert "RuntimeError: DataLoader worker" in capfd.readouterr().err.splitlines()[-1]
