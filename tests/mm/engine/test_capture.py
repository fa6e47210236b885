"""A step that is recorded once and repeated is the step that would have been run; what cannot be recorded is said.

There is no GPU in these tests: ``Tape`` records operators as a CUDA graph records kernels.
"""
import os
import signal

import pytest
import torch
from mmengine.hooks import Hook
from mmengine.registry import init_default_scope
from torch import nn

pytest.importorskip("timm", "1.0.28", reason="a capturable Muon needs timm 1.0.28")

from lanmsff_plugins.base.errors import ConfigError
from lanmsff_plugins.mm.engine.capture import WARM_UP, CapturedStep, obstacle
from lanmsff_plugins.mm.engine.checkpoint import build_network
from lanmsff_plugins.mm.engine.launch import build_runner, resume_last
from lanmsff_plugins.mm.engine.muon import Muon

from ..runs import finish, load, tiny
from ..tape import Tape
from .test_device_loop import losses
from .test_resume import Cut, assert_same

MODERN = dict(config="lanmsff_ferplus_modern.py", on_device=True)
TWO_SIZES = {**MODERN, "train_cfg__max_epochs": 4, "train_cfg__val_interval": 2,
             "train_dataloader__dataset__mode": "probability",  # draws labels in the step
             "model__data_preprocessor__augment__early_sizes": [(0.5, 24)],
             "model__data_preprocessor__augment__size": 32}


@pytest.fixture(autouse=True)
def a_processor_counts_as_capturable(monkeypatch):
    """timm refuses to keep an optimizer's counts on a CPU, where nothing could be captured."""
    monkeypatch.setattr("timm.optim._helpers._get_capturable_supported_devices", lambda **_: ["cpu"])


class Capture(Hook):
    """Record the steps of a ``DeviceTrainLoop``, or have them warm up for ever."""

    def __init__(self, recorded: int, warm_up: int = WARM_UP):
        self.recorded, self.warm_up = recorded, warm_up

    def before_train(self, runner):
        loop = runner.train_loop
        loop.captured = CapturedStep(loop.step, runner.optim_wrapper.optimizer, "cpu", Tape(), self.warm_up)

    def after_train(self, runner):
        assert len(runner.train_loop.captured.graphs) == self.recorded


@pytest.mark.slow  # five trainings
def test_recorded_steps_train_as_those_that_are_not_and_resume_exactly(drawn_faces, tmp_path):
    def run(name: str, *hooks: Hook) -> int:
        cfg = tiny(drawn_faces, tmp_path / name, **TWO_SIZES)
        resume_last(cfg)
        return finish(cfg, lambda runner: [runner.register_hook(hook) for hook in hooks])

    assert run("usual") == run("warm", Capture(0, 99)) == run("recorded", Capture(2)) == 0
    assert run("cut", Capture(2), Cut(epoch=3)) == -signal.SIGKILL
    assert run("cut", Capture(1)) == 0
    usual, warm, recorded, resumed = (losses(tmp_path / name, 4) for name in ("usual", "warm", "recorded", "cut"))
    assert torch.equal(recorded, warm) and torch.equal(resumed, warm) and len(set(warm.tolist())) == 16
    # Rates in float32 round differently, which Muon's iteration in bfloat16 enlarges from step to step.
    torch.testing.assert_close(warm[:4], usual[:4], rtol=1e-4, atol=1e-4)
    saved = [load(tmp_path / name / "epoch_4.pth") for name in ("recorded", "cut")]
    assert_same(*saved)
    assert not any(group["capturable"] for group in saved[0]["optimizer"]["param_groups"])  # so a CPU loads it


def test_a_step_needs_no_value_from_the_device(drawn_faces, tmp_path):
    """On meta tensors there are none to read, and no shape could depend on one."""
    def train_on_meta(runner):
        loop = runner.train_loop
        runner.model.to("meta")
        loop.split.pixels, loop.split.targets = loop.split.pixels.to("meta"), loop.split.targets.to("meta")
        runner.optim_wrapper = runner.build_optim_wrapper(runner.optim_wrapper)
        for size in (24, 32):
            losses = loop.step(torch.arange(8), size)
            assert losses["loss"].is_meta
        os._exit(7)

    cfg = tiny(drawn_faces, tmp_path, **TWO_SIZES)
    assert finish(cfg, train_on_meta) == 7


def small(groups: int = 1):
    """A step whose gradients are drawn, around a Muon of one group or two with rates of their own."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(6, 8), nn.LayerNorm(8), nn.Linear(8, 4))
    params = list(model.parameters())
    optimizer = Muon([dict(params=params[i::groups], lr=1e-2 / (i + 1)) for i in range(groups)], nesterov=True)

    def step(indices, size):
        for p in params:
            p.grad = torch.randn_like(p) * indices.sum()
        optimizer.step()
        optimizer.zero_grad()
        return {"loss": sum(p.square().sum() for p in params).detach()}
    return model, optimizer, step


@pytest.mark.parametrize("groups", [1, 2])
def test_rates_that_change_are_those_of_each_repetition(groups):
    found = []
    for recorded in (False, True):
        model, optimizer, step = small(groups)
        call = CapturedStep(step, optimizer, "cpu", Tape()) if recorded else step
        for i in range(WARM_UP + 4):
            for k, group in enumerate(optimizer.param_groups):
                group["lr"] = 1e-2 / (i + 1) / (k + 1)
            found.append(call(torch.tensor([i, 1]), None)["loss"])
        assert all(isinstance(group["lr"], float) for group in optimizer.param_groups)
        found += [*model.state_dict().values()]
    half = len(found) // 2
    torch.testing.assert_close(found[half:], found[:half], rtol=1e-5, atol=1e-6)


def test_losses_of_earlier_steps_stay_what_they_were():
    _, optimizer, step = small()
    captured = CapturedStep(step, optimizer, "cpu", Tape())
    found = [captured(torch.tensor([i]), None)["loss"] for i in range(WARM_UP + 5)]
    assert len({float(loss) for loss in found}) == WARM_UP + 5


def test_a_step_that_cannot_be_recorded_is_run_as_it_is():
    found = []
    for recorded in (False, True):
        _, optimizer, step = small()

        def reading(indices, size, step=step):
            loss = step(indices, size)
            return {"loss": torch.tensor(float(loss["loss"]))}

        call = CapturedStep(reading, optimizer, "cpu", Tape()) if recorded else reading
        found.append([float(call(torch.tensor([i]), None)["loss"]) for i in range(WARM_UP + 4)])
    assert found[1] == pytest.approx(found[0])


@pytest.mark.parametrize(("settings", "message"), [
    (dict(), None),
    (dict(launcher="pytorch"), "several processes train together"),
    (dict(optim_wrapper__type="AmpOptimWrapper"), "AmpOptimWrapper reads from the device at each step"),
    (dict(optim_wrapper__type="lanmsff_plugins.BFloat16OptimWrapper"), None),
    (dict(optim_wrapper__accumulative_counts=2), "optim_wrapper accumulates or clips gradients"),
    (dict(optim_wrapper__clip_grad=dict(max_norm=1.)), "optim_wrapper accumulates or clips gradients"),
    (dict(optim_wrapper__optimizer=dict(_delete_=True, type="AdamW", lr=1e-3)), "the optimizer is AdamW, not"),
    (dict(param_scheduler=[dict(type="CosineAnnealingMomentum", T_max=4)]), "param_scheduler changes other settings"),
    (dict(model__train_cfg=dict(augments=dict(type="Mixup", alpha=0.5))), "data_preprocessor mixes pictures")])
def test_what_stands_in_the_way_of_capturing_is_named(drawn_faces, tmp_path, settings, message):
    init_default_scope("mmpretrain")
    cfg = tiny(drawn_faces, tmp_path, **MODERN, **settings)
    found = obstacle(cfg, build_network(cfg))
    assert found is None if message is None else found.startswith(message)


def test_to_insist_on_capturing_without_a_gpu_is_refused(drawn_faces, tmp_path):
    cfg = tiny(drawn_faces, tmp_path, config="lanmsff_ferplus_modern.py", on_device="captured")
    with pytest.raises(ConfigError, match="^on_device='captured' cannot be: there is no GPU; on_device=True captures"):
        build_runner(cfg, "train", "val")
    cfg.on_device = None
    cfg.train_cfg = dict(type="lanmsff_plugins.DeviceTrainLoop", max_epochs=1, capture=True)
    with pytest.raises(ConfigError, match="^DeviceTrainLoop cannot capture: there is no GPU; leave capture out$"):
        build_runner(cfg, "train", "val").train()
