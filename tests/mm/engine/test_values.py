"""Values that would train nothing, or fail later, are refused at once; sound ones are not."""
import pytest

from lanmsff_plugins.base.errors import ConfigError
from lanmsff_plugins.mm.engine.launch import load_config
from lanmsff_plugins.mm.engine.values import check_value


@pytest.mark.parametrize(("place", "values"), [
    ("train_cfg.max_epochs", [0, -1, 1.5, "two", None, True, float("nan")]), ("train_cfg.val_interval", [0, -2, 0.5]),
    ("train_cfg.max_iters", [0, "all"]), ("train_dataloader.batch_size", [0, -8, 8.0, "eight"]),
    ("val_dataloader.num_workers", [-1, None, 1.5]), ("val_dataloader.drop_last", ["no", 2]),
    ("train_dataloader.dataset.indices", [0, []]), ("randomness.seed", [-1, 2 ** 32, 0.5, "one"]),
    ("randomness.deterministic", ["yes"]), ("auto_scale_lr.base_batch_size", [0]), ("auto_scale_lr.enable", ["on"]),
    ("optim_wrapper.optimizer.lr", [0, -1e-3, float("nan"), float("inf"), "high"]),
    ("optim_wrapper.accumulative_counts", [0]), ("optim_wrapper.clip_grad.type", ["nrom"]), ("log_level", ["LOUD", -1]),
    ("default_hooks.checkpoint.interval", [0, -2, 1.5]), ("default_hooks.logger.interval", [0, -1]),
    ("custom_hooks.3.patience", [0, -1]), ("custom_hooks.0.momentum", [0, 1, 4.]), ("param_scheduler.1.patience", [-1]),
    ("param_scheduler.rule", ["lesser"]), ("model.data_preprocessor.std", [[0.], 0, [255., 0., 255.], [-1.]]),
    ("model.head.num_classes", [0, -3, "eight", 7.5]), ("model.neck.in_channels", [[12, 0], "12"]),
    ("model.backbone.drop_rate", [1., -0.1, "half"]), ("train_dataloader.dataset.pipeline.3.prob", [1.1, -0.5]),
    ("env_cfg.mp_cfg.mp_start_method", ["frok"]), ("sync_bn", ["yes"]), ("compile", ["yes"]), ("resume", ["maybe"])])
def test_what_cannot_be_meant_is_refused(place, values):
    for value in values:
        with pytest.raises(ConfigError, match=f"^{place} is .*, expected "):
            check_value(place, value)


@pytest.mark.parametrize(("place", "values"), [
    ("train_cfg.max_epochs", [1, 100]), ("train_dataloader.num_workers", [0, 4]), ("randomness.seed", [0, None, 7]),
    ("default_hooks.checkpoint.interval", [1, -1]), ("optim_wrapper.optimizer.lr", [1e-5, 1]),
    ("default_hooks.checkpoint.rule", ["less", ["less", "greater"], None]), ("log_level", ["INFO", 20]),
    ("model.data_preprocessor.std", [[58.4, 57.1, 57.4], 255]), ("model.neck.in_channels", [[66, 72], 512]),
    ("train_dataloader.dataset.indices", [16, [0, 3], None, -5]), ("sync_bn", ["torch", None])])
def test_what_may_be_is_left_alone(place, values):
    for value in values:
        check_value(place, value)


@pytest.mark.parametrize(("default", "good", "bad"), [
    (True, [False, 1, None], ["yes"]), (3, [4, 0.5, None, "inf"], ["three"]), ("a", ["b", 3], []),
    (None, ["b", 3], [float("nan")])])
def test_elsewhere_a_value_is_of_the_kind_of_its_default(default, good, bad):
    for value in good:
        check_value("model.backbone.whatever", value, default)
    for value in bad:
        with pytest.raises(ConfigError):
            check_value("model.backbone.whatever", value, default)


def test_a_config_is_refused_by_its_values():
    with pytest.raises(ConfigError, match="^default_hooks.sampler_seed.priority|^train_dataloader.sampler.shuffle is"):
        load_config("lanmsff_ferplus", options={"train_dataloader.sampler.shuffle": "yes"})
