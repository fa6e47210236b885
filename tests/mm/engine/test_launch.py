"""From a name to a config that a Runner takes; which checkpoint a work dir means."""
import os

import pytest

from lanmsff_plugins.base.errors import ConfigError
from lanmsff_plugins.mm.engine.launch import build_runner, find_checkpoint, load_config, resume_last


def test_a_config_gets_what_loaders_need_and_keeps_what_it_says():
    cfg = load_config("lanmsff_ferplus", options={"val_dataloader.pin_memory": True})
    assert cfg.work_dir == "work_dirs/lanmsff_ferplus" and cfg.launcher == "none"
    assert cfg.train_dataloader.persistent_workers is False and cfg.val_dataloader.persistent_workers is True
    assert cfg.val_dataloader.pin_memory is True and cfg.train_dataloader.collate_fn.type == "default_collate"


def test_mixed_precision_without_a_gpu_is_bfloat16():
    assert load_config("lanmsff_ferplus", amp=True).optim_wrapper.type == "lanmsff_plugins.CPUAmpOptimWrapper"


def test_the_best_checkpoint_of_a_work_dir_is_the_newest_of_that_name(tmp_path):
    for time, name in enumerate(("best_a_epoch_9.pth", "best_a_epoch_2.pth", "epoch_9.pth")):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (time, time))
    assert find_checkpoint(tmp_path) == str(tmp_path / "best_a_epoch_2.pth")
    assert find_checkpoint("some.pth") == "some.pth"


def test_a_work_dir_without_a_best_checkpoint_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=f"no best_\\*.pth in {tmp_path}; name a checkpoint file"):
        find_checkpoint(tmp_path)


def test_what_was_last_is_resumed_also_where_the_work_dir_has_moved(tmp_path):
    cfg = load_config("lanmsff_ferplus", str(tmp_path))
    resume_last(cfg)
    assert cfg.resume is False and cfg.load_from is None
    (tmp_path / "last_checkpoint").write_text("/elsewhere/epoch_3.pth")
    (tmp_path / "epoch_3.pth").touch()
    resume_last(cfg)
    assert cfg.resume is True and cfg.load_from == str(tmp_path / "epoch_3.pth")


def test_a_launcher_that_needs_a_gpu_is_refused_without_one():
    with pytest.raises(ConfigError, match="without a GPU only --launcher pytorch works, got mpi"):
        build_runner(load_config("lanmsff_ferplus", launcher="mpi"))
