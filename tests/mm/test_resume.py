"""A run that was cut and resumed ends as one that was not: the same losses, the same weights, to the last bit."""
import os
import signal

import pytest
import torch
from mmengine.hooks import Hook

from .runs import finish, load, tiny

PLAIN = dict(config="lanmsff_ferplus.py")
# Batches augmented by torch's generator, a schedule by step, a running average of the weights.
MODERN = dict(config="lanmsff_ferplus_modern.py")
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
    pytest.param({**MODERN}, id="with averaged weights")])
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
