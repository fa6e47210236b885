"""From a name to a config that a Runner takes; which checkpoint a work dir means."""
import multiprocessing
import os

import pytest

from lanmsff_plugins.base.errors import CheckpointError, ConfigError
from lanmsff_plugins.base.locks import FolderInUseError, folder_lock
from lanmsff_plugins.mm.engine.launch import build_runner, find_checkpoint, load_config, resume_last, train

from ...conftest import ROOT


def test_a_config_gets_what_loaders_need_and_keeps_what_it_says():
    cfg = load_config("lanmsff_ferplus", options={"val_dataloader.pin_memory": True})
    assert cfg.work_dir == "work_dirs/lanmsff_ferplus" and cfg.launcher == "none"
    assert cfg.train_dataloader.persistent_workers is False and cfg.val_dataloader.persistent_workers is True
    assert cfg.val_dataloader.pin_memory is True and cfg.train_dataloader.collate_fn.type == "default_collate"


def test_workers_of_a_training_stay_where_no_hook_seeds_each_epoch():
    """Workers that are started anew for each epoch would draw the same augmentations in all of them."""
    cfg = load_config(ROOT / "docs" / "examples" / "configs" / "own_images.py")
    assert cfg.train_dataloader.num_workers > 0 and cfg.train_dataloader.persistent_workers is True


def test_a_scaled_rate_with_accumulated_batches_is_refused():
    cfg = load_config("lanmsff_ferplus", options={"auto_scale_lr.enable": True, "optim_wrapper.accumulative_counts": 4})
    with pytest.raises(ConfigError, match="auto_scale_lr leaves accumulative_counts out"):
        build_runner(cfg, "train")


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


def test_a_copied_work_dir_is_resumed_from_its_own_checkpoint(tmp_path):
    for folder in ("original", "copy"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "epoch_3.pth").touch()
    (tmp_path / "copy" / "last_checkpoint").write_text(f"{tmp_path}/original/epoch_3.pth\n")
    cfg = load_config("lanmsff_ferplus", str(tmp_path / "copy"))
    resume_last(cfg)
    assert cfg.load_from == str(tmp_path / "copy" / "epoch_3.pth")


def test_what_a_kill_left_without_a_name_is_resumed_too(tmp_path):
    for name in ("epoch_9.pth", "epoch_10.pth", "best_a_epoch_11.pth"):
        (tmp_path / name).touch()
    cfg = load_config("lanmsff_ferplus", str(tmp_path))
    resume_last(cfg)
    assert cfg.load_from == str(tmp_path / "epoch_10.pth")


@pytest.mark.parametrize("content", [b"", b"\n", b"\x00\xff\x80", b"a.pth\nb.pth"])
def test_a_damaged_last_checkpoint_is_named(tmp_path, content):
    (tmp_path / "last_checkpoint").write_bytes(content)
    with pytest.raises(CheckpointError, match=f"{tmp_path}/last_checkpoint is damaged: expected the path"):
        resume_last(load_config("lanmsff_ferplus", str(tmp_path)))


def test_a_folder_in_the_place_of_last_checkpoint_is_named(tmp_path):
    (tmp_path / "last_checkpoint").mkdir()
    with pytest.raises(CheckpointError, match=f"{tmp_path}/last_checkpoint is a folder, expected a file"):
        resume_last(load_config("lanmsff_ferplus", str(tmp_path)))


def test_options_that_do_not_fit_the_config_are_one_line():
    for option in ("train_cfg.max_epochs.x", "custom_hooks.9.type"):
        with pytest.raises(ConfigError, match="the options do not fit the config: "):
            load_config("lanmsff_ferplus", options={option: 1})


def test_a_second_training_in_a_work_dir_is_refused_and_leaves_it_alone(tmp_path):
    def second(found):
        try:
            train(load_config("lanmsff_ferplus", str(tmp_path / "work")))
        except FolderInUseError as error:
            found.put(str(error))

    context = multiprocessing.get_context("fork")
    found = context.Queue()
    with folder_lock(tmp_path / "work"):
        process = context.Process(target=second, args=(found,))
        process.start()
        assert found.get(timeout=60).startswith("a training is running in")
        process.join()
        assert [path.name for path in (tmp_path / "work").iterdir()] == ["in_use.lock"]
