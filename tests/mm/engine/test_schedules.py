"""The learning rate of the modern schedule, step by step."""
import math

import mmengine.optim  # noqa: F401
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import PARAM_SCHEDULERS

from ...conftest import ROOT

STEPS = 30  # in an epoch


def test_the_rate_warms_up_once_and_then_follows_each_cosine():
    cfg = Config.fromfile(ROOT / "mm_configs" / "_base_" / "schedules" / "modern.py")
    base, periods = 1e-2, [16 * STEPS, 20 * STEPS, 28 * STEPS]
    assert cfg.optim_wrapper.optimizer.lr == base and sum(periods) == cfg.train_cfg.max_epochs * STEPS
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=base)
    schedulers = [PARAM_SCHEDULERS.build(scheduler, default_args={"optimizer": optimizer, "epoch_length": STEPS})
                  for scheduler in cfg.param_scheduler]
    start = 0
    for period in periods:
        for step in range(period):
            warm_up = min(1, 0.05 + 0.95 * (start + step) / 199)
            expected = base * warm_up * (1 + math.cos(math.pi * step / period)) / 2
            assert optimizer.param_groups[0]["lr"] == pytest.approx(expected, rel=1e-3, abs=2e-6), start + step
            optimizer.step()
            for scheduler in schedulers:
                scheduler.step()
        start += period
