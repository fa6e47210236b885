"""The hooks alone, with what of a Runner they look at."""
import json
from types import SimpleNamespace

import pytest
import torch
from mmengine.logging import MessageHub
from mmengine.registry import HOOKS

from lanmsff_plugins.base.errors import ConfigError, DivergenceError


def hook(kind: str, **kwargs):
    return HOOKS.build({"type": f"lanmsff_plugins.{kind}", **kwargs})


@pytest.fixture
def runner():
    hub = MessageHub("test")
    return SimpleNamespace(message_hub=hub, train_loop=SimpleNamespace(stop_training=False), seed=0, iter=0,
                           logger=SimpleNamespace(info=print),
                           train_dataloader=torch.utils.data.DataLoader([0], worker_init_fn=print))


def early_stopping(**kwargs):
    return hook("EarlyStoppingHook", monitor="loss", min_delta=0., patience=2, **kwargs)


@pytest.mark.parametrize("rule", ["less", "greater"])
def test_a_value_equal_to_the_best_is_no_better_as_in_keras(runner, rule):
    stopping = early_stopping(rule=rule)
    for waited, _ in enumerate(range(3)):
        assert not runner.train_loop.stop_training
        stopping.after_val_epoch(runner, {"loss": 1.})
        assert stopping.wait_count == waited
    assert runner.train_loop.stop_training


@pytest.mark.parametrize(("rule", "better"), [("less", 0.5), ("greater", 1.5)])
def test_a_better_value_starts_the_count_anew(runner, rule, better):
    stopping = early_stopping(rule=rule)
    for value in (1., 1., better):
        stopping.after_val_epoch(runner, {"loss": value})
    assert stopping.wait_count == 0 and stopping.best_score == better


def test_a_run_that_had_ended_early_does_not_go_on_when_resumed(runner):
    for _ in range(3):
        early_stopping_hook = early_stopping(rule="less")
        early_stopping_hook.before_train(runner)
        early_stopping_hook.after_val_epoch(runner, {"loss": 1.})
    runner.train_loop.stop_training = False
    early_stopping(rule="less").before_train(runner)
    assert runner.train_loop.stop_training
    patient = early_stopping(rule="less")
    patient.patience = 3
    patient.before_train(runner)
    assert not runner.train_loop.stop_training


def test_an_epoch_draws_the_same_whatever_was_drawn_before_it(runner):
    seeding = hook("EpochSeedHook")
    draws = []
    for wasted, step in ((0, 5), (7, 5), (0, 6)):
        torch.rand(wasted)
        runner.iter = step
        seeding.before_train_epoch(runner)
        draws.append(torch.rand(3))
    assert torch.equal(draws[0], draws[1]) and not torch.equal(draws[0], draws[2])


@pytest.mark.parametrize("each_step", [False, True])
def test_a_step_draws_the_same_whatever_was_drawn_before_it_where_that_is_asked_for(runner, each_step):
    seeding = hook("EpochSeedHook", each_step=each_step)
    draws = []
    for wasted in (0, 7):
        seeding.before_train_epoch(runner)
        torch.rand(wasted)
        seeding.before_train_iter(runner, 0)
        draws.append(torch.rand(3))
    assert torch.equal(*draws) == each_step


def test_the_times_of_a_training_are_written_with_the_median_of_all_steps(runner, tmp_path):
    runner.work_dir = str(tmp_path)
    timing = hook("StepTimeHook")
    timing.before_train(runner)
    for seconds in (9., 1., 2., 4., 3.):  # the first of them before a resume, or not
        runner.message_hub.update_scalar("train/time", seconds)
    timing.after_train(runner)
    times = json.loads((tmp_path / "step_times.json").read_text())
    assert times["step"] == 3 and 0 <= times["training"] < 60


def test_workers_get_their_seed_from_the_epoch_and_may_not_outlive_it(runner):
    hook("EpochSeedHook").before_train(runner)
    assert runner.train_dataloader.worker_init_fn is None
    runner.train_dataloader = torch.utils.data.DataLoader([0], num_workers=1, persistent_workers=True)
    with pytest.raises(ConfigError, match="persistent_workers=True; make it False"):
        hook("EpochSeedHook").before_train(runner)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_what_has_diverged_is_neither_validated_nor_saved(runner, value):
    finite = hook("FiniteLossHook", interval=50)
    runner.model = torch.nn.Linear(2, 2)
    finite.after_train_iter(runner, 0, outputs={"loss": torch.tensor(value)})  # between two looks
    with pytest.raises(DivergenceError, match="the loss is .* at step 0"):
        finite.after_train_epoch(runner)
    finite.after_train_iter(runner, 0, outputs={"loss": torch.tensor(1.)})
    finite.after_train_epoch(runner)
    runner.model.bias.data[1] = value
    for look in (finite.after_train_epoch, finite.before_val_epoch):
        with pytest.raises(DivergenceError, match="weights are not finite .* such as bias"):
            look(runner)
    for kind in ("state_dict", "ema_state_dict"):
        with pytest.raises(DivergenceError, match="such as bias"):
            finite.before_save_checkpoint(runner, {"state_dict": {}, kind: runner.model.state_dict()})


def test_a_validation_alone_is_not_looked_at(runner):
    hook("FiniteLossHook").before_val_epoch(runner)


def test_a_monitored_value_that_is_no_number_is_no_early_stop(runner):
    runner.epoch = 3
    with pytest.raises(DivergenceError, match="loss is nan after epoch 3"):
        early_stopping(rule="less").after_val_epoch(runner, {"loss": float("nan")})


def test_losses_are_read_before_they_are_logged_and_saved(runner):
    """By two at a time where the logger looks at every second step, and never later than an epoch or a checkpoint."""
    runner.hooks, runner.train_dataloader = [HOOKS.build(dict(type="LoggerHook", interval=2))], range(5)
    info = hook("RuntimeInfoHook")
    read = []
    for step in range(5):
        runner.iter = step
        info.after_train_iter(runner, step, outputs={"loss": torch.tensor(float(step))})
        scalars = runner.message_hub.log_scalars
        read.append(len(scalars["train/loss"].data[0]) if scalars else 0)
    assert read == [0, 2, 2, 4, 5]
    info.after_train_iter(runner, 0, outputs={"loss": torch.tensor(5.)})
    info.before_save_checkpoint(runner, {})
    assert runner.message_hub.log_scalars["train/loss"].data[0].tolist() == [0, 1, 2, 3, 4, 5]
