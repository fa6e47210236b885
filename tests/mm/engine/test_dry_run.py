"""A config is tried on two pictures: what does not fit together is refused, and nothing else changes."""
import random

import numpy as np
import pytest
import torch
from mmengine.registry import DATASETS, init_default_scope

from lanmsff_plugins.base.errors import ConfigError
from lanmsff_plugins.mm.engine.dry_run import dry_run

from ..runs import tiny


@pytest.fixture(scope="module")
def datasets(drawn_faces):
    init_default_scope("mmpretrain")
    cfg = tiny(drawn_faces, "unused")
    return {split: DATASETS.build(cfg[f"{split}_dataloader"].dataset) for split in ("train", "val")}


@pytest.fixture
def settings(drawn_faces, tmp_path):
    return lambda **changed: tiny(drawn_faces, tmp_path, **changed)


def test_a_sound_config_passes_and_leaves_everything_as_it_was(settings, datasets, tmp_path, capfd):
    cfg = settings()
    before = cfg.to_dict()
    states = random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()
    dry_run(cfg, datasets)
    assert cfg.to_dict() == before and not list(tmp_path.iterdir())
    assert states == (random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist())
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(("changed", "message"), [
    ({"model__head__in_channels": 25}, "the network does not run on the train data: .*24.*25"),
    ({"model__neck__in_channels": [12, 12, 12, 15]}, "the network does not run on the train data: "),
    ({"model__backbone__in_channels": 3}, "the network does not run on the train data: "),
    ({"model__data_preprocessor__num_classes": 7}, "data_preprocessor.num_classes is 7, but the train data have 8"),
    ({"model__head__num_classes": 7}, "7"), ({"model__head__num_classes": 9}, "9"),
    ({"model__backbone__depth": 3}, "model cannot be built: .*depth"),
    ({"train_dataloader__drop_last": True, "train_dataloader__batch_size": 33}, "no batch would be left"),
    ({"train_dataloader__persistent_workers": True}, "train_dataloader cannot be built: persistent_workers"),
    ({"optim_wrapper__optimizer__betas": [2., 3.]}, "optim_wrapper cannot be built: Invalid beta"),
    ({"param_scheduler__factor": 2.}, "param_scheduler.0 cannot be built: Factor should be < 1.0"),
    ({"default_hooks__checkpoint__rule": "smaller"}, "default_hooks.checkpoint cannot be built: .*smaller"),
    ({"default_hooks__checkpoint__save_best": "crossentropy"}, "save_best: unknown metric 'crossentropy'; .*cross_e"),
    ({"default_hooks__checkpoint__save_best": ["accuracy/top1", "top5"]}, "save_best: unknown metric 'top5'"),
    ({"custom_hooks__1__monitor": "loss"}, "custom_hooks.1.monitor: unknown metric 'loss'; .*accuracy/top1"),
    ({"param_scheduler__monitor": "accuracy"}, "param_scheduler.0.monitor: unknown metric 'accuracy'"),
    ({"val_evaluator__0__topk": "all"}, "val_evaluator fails: ")])
def test_what_does_not_fit_is_refused(settings, datasets, changed, message):
    with pytest.raises(ConfigError, match=message) as caught:
        dry_run(settings(**changed), datasets)
    assert "\n" not in str(caught.value)


def test_the_names_of_metrics_are_those_that_the_evaluators_give(settings, datasets):
    dry_run(settings(val_evaluator__0__topk=[1, 5], default_hooks__checkpoint__save_best="accuracy/top5"), datasets)


def test_a_pipeline_that_fails_is_named(settings, datasets):
    class Broken(torch.utils.data.Dataset):
        metainfo = datasets["train"].metainfo

        def __len__(self):
            return 9

        def __getitem__(self, i):
            raise ZeroDivisionError("by nothing")

    with pytest.raises(ConfigError, match="the pipeline of the train data fails: by nothing"):
        dry_run(settings(), {"train": Broken()})


def test_data_without_a_picture_are_refused(settings):
    with pytest.raises(ConfigError, match="the train data of this config are empty"):
        dry_run(settings(), {"train": []})
