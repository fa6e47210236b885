"""A run that was cut and resumed ends as one that was not: the same losses, the same weights, to the last bit."""
import os
import signal

import pytest
import torch
from mmengine.hooks import Hook

from lanmsff_plugins.mm.engine.launch import resume_last

from ...versions import needs
from ..runs import finish, load, tiny

PLAIN = dict(config="lanmsff_ferplus.py")
# Batches augmented by torch's generator, a schedule by step, a running average of the weights.
MODERN = dict(config="lanmsff_ferplus_modern.py")
muon = needs("timm", "1.0.21", "Muon")
WORKERS = dict(train_dataloader__num_workers=2)
# Each face drawn anew in each epoch, by the generators of the processes that load it.
DRAWN = dict(train_dataloader__dataset__mode="probability", train_dataloader__dataset__pipeline=[
    dict(type="Resize", scale=32), dict(type="lanmsff_plugins.FourVersions", seed=None),
    dict(type="RandomCrop", crop_size=32, padding=4), dict(type="PackInputs")])


class Cut(Hook):
    """End the process at the first step of an epoch, as a kill would."""

    def __init__(self, epoch: int):
        self.epoch = epoch

    def after_train_iter(self, runner, *args, **kwargs):
        if runner.epoch == self.epoch:
            os.kill(os.getpid(), signal.SIGKILL)


def assert_same(left, right, place="checkpoint"):
    """Compare two checkpoints at any depth, exactly; only clocks, paths and settings may differ."""
    if isinstance(left, dict):
        assert left.keys() == right.keys(), place
        for key in left:
            if key not in ("cfg", "time", "experiment_name", "best_ckpt", "last_ckpt") and "time" not in str(key):
                assert_same(left[key], right[key], f"{place}.{key}")
    elif isinstance(left, (list, tuple)):
        assert len(left) == len(right), place
        for i, pair in enumerate(zip(left, right)):
            assert_same(*pair, f"{place}.{i}")
    elif isinstance(left, torch.Tensor):
        assert torch.equal(left, right), place
    else:
        assert left == right or left != left, place


@pytest.mark.parametrize("settings", [
    pytest.param({**PLAIN, **DRAWN}, id="drawn in the main process"),
    pytest.param({**PLAIN, **DRAWN, **WORKERS}, id="drawn by two workers"),
    pytest.param({**MODERN}, id="with averaged weights", marks=muon),
    pytest.param({**MODERN, "on_device": True}, id="with the split on the device", marks=muon)])
def test_six_epochs_equal_three_and_a_resume(drawn_faces, tmp_path, settings):
    whole = tiny(drawn_faces, tmp_path / "whole", **settings)
    assert finish(whole) == 0
    cut = tiny(drawn_faces, tmp_path / "cut", **settings)
    assert finish(cut, lambda runner: runner.register_hook(Cut(epoch=3))) == -signal.SIGKILL
    assert (tmp_path / "cut" / "last_checkpoint").read_text().endswith("epoch_3.pth")
    cut.resume = True
    assert finish(cut) == 0
    for name in ("epoch_6.pth", *(path.name for path in (tmp_path / "whole").glob("best_*.pth"))):
        assert_same(load(tmp_path / "whole" / name), load(tmp_path / "cut" / name))
    losses = load(tmp_path / "cut" / "epoch_6.pth")["message_hub"]["log_scalars"]["train/loss"]["log"]
    assert len(losses) == 6 * 4 and len(set(losses)) > 1


@needs("torch", "2.6", "foreign://")
def test_a_run_that_mmengine_saved_resumes_by_the_foreign_prefix(drawn_faces, tmp_path):
    cfg = tiny(drawn_faces, tmp_path, train_cfg__max_epochs=1, custom_hooks=[],
               default_hooks__checkpoint=dict(_delete_=True, type="CheckpointHook", interval=1))
    assert finish(cfg) == 0
    assert torch.serialization.get_unsafe_globals_in_checkpoint(tmp_path / "epoch_1.pth")
    cfg = tiny(drawn_faces, tmp_path, train_cfg__max_epochs=2, load_from=f"foreign://{tmp_path / 'epoch_1.pth'}")
    cfg.resume = True
    assert finish(cfg) == 0
    resumed = load(tmp_path / "epoch_2.pth")
    assert resumed["meta"]["iter"] == 8
    assert len(resumed["message_hub"]["log_scalars"]["train/loss"]["log"]) == 8


def test_a_work_dir_that_was_moved_resumes_all_the_same(drawn_faces, tmp_path):
    assert finish(tiny(drawn_faces, tmp_path / "old", train_cfg__max_epochs=1)) == 0
    (tmp_path / "old").rename(tmp_path / "new")
    cfg = tiny(drawn_faces, tmp_path / "new", train_cfg__max_epochs=2)
    cfg.resume = True
    assert finish(cfg) == 0
    assert load(tmp_path / "new" / "epoch_2.pth")["meta"]["iter"] == 8


def test_with_nothing_to_resume_a_run_starts_from_the_weights_that_its_config_names(drawn_faces, tmp_path):
    assert finish(tiny(drawn_faces, tmp_path / "first", train_cfg__max_epochs=1)) == 0
    first = tmp_path / "first" / "epoch_1.pth"
    for epochs in (1, 2):  # the second time there is something
        cfg = tiny(drawn_faces, tmp_path / "second", train_cfg__max_epochs=epochs, load_from=str(first),
                   optim_wrapper__optimizer=dict(_delete_=True, type="SGD", lr=0.))
        resume_last(cfg)
        assert finish(cfg) == 0
        second = load(tmp_path / "second" / f"epoch_{epochs}.pth")
        assert second["meta"]["iter"] == epochs * 4
        assert torch.equal(second["state_dict"]["head.fc.weight"], load(first)["state_dict"]["head.fc.weight"])
