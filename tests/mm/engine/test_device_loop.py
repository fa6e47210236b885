"""A training on tensors alone is the same training, in operators that do not grow with the batch."""
import json

import pytest
import torch
from mmengine.config import Config

from lanmsff_plugins.base import compat
from lanmsff_plugins.base.errors import ConfigError
from lanmsff_plugins.measure.dispatch import count_operators
from lanmsff_plugins.mm.engine.capture import obstacle
from lanmsff_plugins.mm.engine.checkpoint import build_network
from lanmsff_plugins.mm.engine.device_loop import DeviceTrainLoop
from lanmsff_plugins.mm.engine.launch import build_runner, load_config

from ...versions import needs
from ..runs import finish, finish_together, load, tiny

pytestmark = needs("timm", "1.0.21", "Muon")  # which the modern recipe takes

MODERN = dict(config="lanmsff_ferplus_modern.py", train_cfg__max_epochs=13, train_cfg__val_interval=13)


def losses(work_dir, epochs: int) -> torch.Tensor:
    checkpoint = load(work_dir / f"epoch_{epochs}.pth")
    return torch.tensor(checkpoint["message_hub"]["log_scalars"]["train/loss"]["log"])


@pytest.mark.parametrize("settings", [
    dict(),
    dict(train_dataloader__dataset__mode="majority", model__train_cfg=dict(augments=dict(type="Mixup", alpha=0.5)))])
def test_the_losses_of_fifty_steps_are_those_of_the_usual_loop(drawn_faces, tmp_path, settings):
    for on_device in (False, True):
        cfg = tiny(drawn_faces, tmp_path / str(on_device), on_device=on_device, **MODERN, **settings)
        assert finish(cfg) == 0
    usual, ours = (losses(tmp_path / str(on_device), 13) for on_device in (False, True))
    assert len(ours) == 52 and len(set(ours.tolist())) == 52
    torch.testing.assert_close(ours, usual, rtol=1e-4, atol=1e-4)


def test_two_processes_train_together(drawn_faces, tmp_path):
    cfg = tiny(drawn_faces, tmp_path, config="lanmsff_ferplus_modern.py", on_device=True, train_cfg__max_epochs=2,
               train_cfg__val_interval=2)
    assert finish_together(cfg, 2) == [0, 0]
    assert load(tmp_path / "epoch_2.pth")["meta"]["iter"] == 4


def test_the_operators_of_a_step_do_not_grow_with_the_batch(drawn_faces, tmp_path):
    def count(runner):
        loop = runner.train_loop
        assert isinstance(loop, DeviceTrainLoop)
        runner.optim_wrapper = runner.build_optim_wrapper(runner.optim_wrapper)
        loop.step(torch.arange(8))  # the optimizer makes its states
        for batch in (8, 128):
            found = count_operators(lambda batch=batch: loop.step(torch.arange(batch)))
            (tmp_path / f"{batch}.json").write_text(json.dumps(found))

    cfg = tiny(drawn_faces, tmp_path, config="lanmsff_ferplus_modern.py", on_device=True, train_cfg__max_epochs=1,
               train_dataloader__dataset__indices=128)
    assert finish(cfg, count) == 0
    small, large = (json.loads((tmp_path / f"{batch}.json").read_text()) for batch in (8, 128))
    assert small == large and sum(small.values()) > 100


def test_the_default_leaves_a_cpu_with_the_usual_loop(drawn_faces, tmp_path):
    cfg = tiny(drawn_faces, tmp_path, config="lanmsff_ferplus_modern.py")
    build_runner(cfg, "train", "val")
    assert "type" not in cfg.train_cfg


@pytest.mark.parametrize(("config", "settings", "message"), [
    ("lanmsff_ferplus.py", {}, "its pipeline has transforms of single pictures"),
    ("lanmsff_ferplus_modern.py", dict(model__data_preprocessor=dict(_delete_=True, type="ClsDataPreprocessor")),
     "the data preprocessor is not a lanmsff_plugins.FacePreprocessor"),
    ("lanmsff_fer2013_modern.py", dict(model__head__cal_acc=True),
     "the head, LinearClsHead, has a loss of its own or measures accuracy")])
def test_what_the_loop_cannot_train_is_said_in_one_line(drawn_faces, tmp_path, config, settings, message):
    cfg = tiny(drawn_faces, tmp_path, config=config, on_device=True, **settings)
    with pytest.raises(ConfigError, match=f"^on_device=True cannot be: {message}.*; leave it out$"):
        build_runner(cfg, "train", "val")


def test_a_value_that_is_no_switch_is_refused():
    with pytest.raises(ConfigError, match="on_device is 'yes', expected"):
        load_config("lanmsff_ferplus_modern", options={"on_device": "yes"})
    assert isinstance(load_config("lanmsff_ferplus_modern", options={"on_device": True}), Config)


@pytest.mark.skipif(compat.captures_muon(), reason="this timm's Muon can be captured")
def test_with_an_older_timm_a_step_is_not_captured(drawn_faces, tmp_path):
    cfg = tiny(drawn_faces, tmp_path, config="lanmsff_ferplus_modern.py", on_device=True)
    assert obstacle(cfg, build_network(cfg)).endswith("not lanmsff_plugins.Muon with timm 1.0.28 or newer")
