"""A setting that nothing reads is refused with the nearest one that is read, and no sound config is refused."""
import re
from pathlib import Path

import mmpretrain
import pytest
from mmengine.config import Config
from mmengine.registry import DATASETS

from lanmsff_plugins.base.errors import ConfigError
from lanmsff_plugins.mm.engine.launch import load_config
from lanmsff_plugins.mm.engine.settings import as_list, check_sections, check_settings

from ...conftest import ROOT
from ..openmmlab import OF_OTHERS

OURS = [path for path in sorted((ROOT / "mm_configs").rglob("*.py")) if "_base_" not in path.parts
        and path.stem not in {name.rpartition("/")[2] for name in OF_OTHERS}]
UPSTREAM = sorted((Path(mmpretrain.__file__).parent / ".mim" / "configs").glob("*/*.py"))


def refusal(options: dict, config: str = "lanmsff_ferplus") -> str:
    with pytest.raises(ConfigError) as caught:
        load_config(config, options=options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(("option", "message"), [
    ("train_cgf.max_epochs", "unknown setting 'train_cgf'; did you mean train_cfg?"),
    ("train_cfg.max_epoch", "unknown setting of train_cfg 'max_epoch'; expected one of .*max_epochs"),
    ("val_cfg.fp61", "unknown setting of val_cfg 'fp61'; expected one of .*fp16"),
    ("val_dataloader.batchsize", "unknown setting of val_dataloader 'batchsize'; did you mean batch_size"),
    ("test_dataloader.dataset.splt", "unknown setting of test_dataloader.dataset 'splt'; did you mean split"),
    ("train_dataloader.sampler.shuffel", "unknown setting of train_dataloader.sampler 'shuffel'; .*shuffle"),
    ("train_dataloader.dataset.pipeline.1.max_angel", "pipeline.1 'max_angel'; expected one of .*max_angle"),
    ("val_evaluator.0.top", "unknown setting of val_evaluator.0 'top'; expected one of .*topk"),
    ("test_evaluator.2.list", "unknown setting of test_evaluator.2 'list'; expected one of .*lists"),
    ("optim_wrapper.optimiser.lr", "unknown setting of optim_wrapper 'optimiser'; .*optimizer"),
    ("optim_wrapper.optimizer.learningrate", "unknown setting of optim_wrapper.optimizer 'learningrate'"),
    ("optim_wrapper.clip_grad.maxnorm", "unknown setting of optim_wrapper.clip_grad 'maxnorm'; .*max_norm"),
    ("optim_wrapper.paramwise_cfg.norm_decay", "paramwise_cfg 'norm_decay'; expected one of .*norm_decay_mult"),
    ("param_scheduler.patient", "unknown setting of param_scheduler 'patient'; did you mean patience"),
    ("default_hooks.checkpoint.savebest", "default_hooks.checkpoint 'savebest'; did you mean save_best"),
    ("default_hooks.loger.interval", "default_hooks.loger has no type; unknown hook 'loger'; .*logger"),
    ("custom_hooks.1.patince", "unknown setting of custom_hooks.1 'patince'; expected one of .*patience"),
    ("model.backbone.droprate", "unknown setting of model.backbone 'droprate'; did you mean drop_rate"),
    ("model.head.loss.use_sotf", "unknown setting of model.head.loss 'use_sotf'; .*use_soft"),
    ("model.head.init_cfg.distributon", "unknown setting of model.head.init_cfg 'distributon'; .*distribution"),
    ("model.data_preprocessor.numclasses", "data_preprocessor 'numclasses'; did you mean num_classes"),
    ("visualizer.vis_backend", "unknown setting of visualizer 'vis_backend'; expected one of .*vis_backends"),
    ("env_cfg.mp_cfg.mp_start", "unknown setting of env_cfg.mp_cfg 'mp_start'; .*mp_start_method"),
    ("env_cfg.dist_cfg.bakend", "unknown setting of env_cfg.dist_cfg 'bakend'; did you mean backend"),
    ("randomness.determinstic", "unknown setting of randomness 'determinstic'; expected one of deterministic"),
    ("auto_scale_lr.enabled", "unknown setting of auto_scale_lr 'enabled'; expected one of base_batch_size, enable"),
    ("log_processor.windowsize", "unknown setting of log_processor 'windowsize'; .*window_size"),
    ("compile.mod", "unknown setting of compile 'mod'; .*mode")])
def test_a_slip_at_any_level_is_answered_with_what_was_meant(option, message):
    assert re.search(message, refusal({option: 1}))


@pytest.mark.parametrize(("name", "kind", "near"), [
    ("sync_bwffers", "SyncBuffersHook", "sync_buffers"), ("chekpoint", "lanmsff_plugins.CheckpointHook", "checkpoint"),
    ("runtime_infos", "RuntimeInfoHook", "runtime_info")])
def test_a_second_hook_under_a_misspelt_name_is_refused(name, kind, near):
    message = refusal({f"default_hooks.{name}": dict(type=kind)})
    assert message == f"default_hooks.{name} would be a second hook beside {near}; did you mean {near}?"


def test_further_default_hooks_are_taken():
    load_config("lanmsff_ferplus", options={"default_hooks.profile": dict(type="ProfilerHook")})


@pytest.mark.parametrize(("option", "value", "message"), [
    ("model.type", "ImageClasifier", "model.type: unknown model 'ImageClasifier'; did you mean ImageClassifier"),
    ("model.neck.type", "lanmsff_plugins.FusionNek", "did you mean lanmsff_plugins.FusionNeck"),
    ("train_dataloader.dataset.type", "lanmsff_plugins.FERplus", "expected one of .*lanmsff_plugins.FERPlus"),
    ("optim_wrapper.type", "AmpOptimWraper", "unknown optim wrapper 'AmpOptimWraper'"),
    ("optim_wrapper.constructor", "LearningRateDecay", "optim_wrapper.constructor.type: unknown"),
    ("model.backbone.norm_cfg.type", "BachNorm", "model.backbone.norm_cfg.type: unknown model 'BachNorm'"),
    ("custom_hooks.1.type", 3, "custom_hooks.1.type is 3, expected a name or a class"),
    ("default_scope", "mmpretrian", "default_scope is 'mmpretrian', expected a package")])
def test_a_type_that_there_is_not_is_answered_with_the_nearest(option, value, message):
    settings = {"model.backbone.norm_cfg": dict(type="BN")} if "norm_cfg" in option else {}
    assert re.search(message, refusal({**settings, option: value}))


@pytest.mark.parametrize(("option", "message"), [
    ("train_pipeline.0.scale", "nothing reads train_pipeline.0.scale; set train_dataloader.dataset.pipeline"),
    ("batch_size", "nothing reads batch_size; set train_dataloader.batch_size or test_dataloader.batch_size"),
    ("launcher", "launcher has no effect by --cfg-options; use --launcher")])
def test_an_option_that_would_change_nothing_is_refused(option, message):
    assert re.search(message, refusal({option: 1}))


def test_a_variable_of_a_config_is_no_setting_on_the_command_line():
    assert refusal({"data_root": "x"}, "lanmsff_quickstart").startswith(
        "nothing reads data_root; set train_dataloader.dataset.data_root")


def test_a_config_may_have_keys_of_its_own_and_declares_those_that_look_like_slips(tmp_path):
    base = f"_base_ = {str(ROOT / 'mm_configs' / 'lanmsff_ferplus.py')!r}\n"
    path = tmp_path / "own.py"
    path.write_text(base + "note = 'mine'\nmodels = 3\n")
    with pytest.raises(ConfigError, match="unknown setting 'models'; did you mean model[?] .* list it in own_keys"):
        load_config(path)
    path.write_text(base + "note = 'mine'\nmodels = 3\nown_keys = ['models', 'note']\n")
    assert load_config(path, options={"note": "ours"}).note == "ours"
    path.write_text(base + "own_keys = 'models'\n")
    with pytest.raises(ConfigError, match="own_keys is 'models', expected a list of names"):
        load_config(path)


def test_a_pure_python_config_is_checked_by_its_classes(tmp_path):
    path = tmp_path / "pure.py"
    path.write_text("""
from mmengine.optim import OptimWrapper
from mmpretrain.models import GlobalAveragePooling, ImageClassifier, LinearClsHead, ResNet
from torch.optim import AdamW

model = dict(type=ImageClassifier, backbone=dict(type=ResNet, depth=18), neck=dict(type=GlobalAveragePooling),
             head=dict(type=LinearClsHead, num_classes=8, in_channels=512))
optim_wrapper = dict(type=OptimWrapper, optimizer=dict(type=AdamW, lr=1e-3))
""")
    assert load_config(path).model.backbone.depth == 18
    for option, near in (("model.backbone.dept", "depth"), ("optim_wrapper.optimizer.weight_deca", "weight_decay")):
        with pytest.raises(ConfigError, match=near):
            load_config(path, options={option: 1})


@pytest.mark.parametrize("path", [*OURS, *(ROOT / "tests" / "fixtures").glob("*/*.py")], ids=lambda path: path.stem)
def test_none_of_our_configs_is_refused(path):
    load_config(path)


def check_upstream(paths) -> int:
    """The number of MMPretrain's configs that pass; what is refused names a type that is not installed, or is none."""
    passed = 0
    for path in paths:
        try:
            cfg = Config.fromfile(path)
        except Exception:  # some do not read with this MMEngine
            continue
        try:
            check_settings(cfg)
            passed += 1
        except ConfigError as error:
            kind = re.search(r"unknown (?:dataset|model|tokenizer|batch augment) '(\w+)'", str(error))
            assert kind and kind[1] in str(cfg) and DATASETS.get(kind[1]) is None, f"{path}: {error}"
    return passed


def test_configs_of_mmpretrain_are_not_refused():
    sample = UPSTREAM[::20]
    assert check_upstream(sample) > 0.85 * len(sample)


@pytest.mark.slow
def test_no_config_of_mmpretrain_is_refused():
    assert check_upstream(UPSTREAM) > 0.9 * len(UPSTREAM)


@pytest.mark.parametrize(("changed", "splits", "message"), [
    ({"train_cfg": None}, ["train"], "belong together, and the config has no train_cfg"),
    ({"val_evaluator": None}, ["train", "val"], "belong together, and the config has no val_evaluator"),
    ({"test_dataloader": None, "test_cfg": None, "test_evaluator": None}, ["test"], "no test_dataloader and no"),
    ({"model": None}, ["test"], "the config has no model"),
    ({"train_cfg": dict(max_epochs=3)}, ["train"], "train_cfg needs by_epoch=True"),
    ({"train_cfg": dict(by_epoch=True, max_epochs=3, val_begin=4)}, ["train"], "val_begin is 4, and the training")])
def test_a_section_that_is_missing_is_named(changed, splits, message):
    cfg = load_config("lanmsff_ferplus")
    for key, value in changed.items():
        cfg[key] = value
    with pytest.raises(ConfigError, match=message):
        check_sections(cfg, splits)


def test_validation_may_be_left_out():
    cfg = load_config("lanmsff_ferplus")
    cfg.val_dataloader = cfg.val_cfg = cfg.val_evaluator = None
    check_sections(cfg, ["train", "val"])


def test_one_or_several_are_several():
    assert as_list(None) == () and as_list({"a": 1}) == [{"a": 1}] and as_list([1, 2]) == [1, 2]
