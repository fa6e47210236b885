"""Every setting of a config is one that something reads: names and types are checked before anything is built.

    check_settings(Config.fromfile("my_config.py"))

Keys of a dict with a ``type`` are compared with what that class or function takes; those of the others with what
MMEngine reads of them. What a value may be is said in ``values.py``.
"""
import difflib
import inspect
import math
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from importlib.util import find_spec

import torch
from mmengine import registry as root
from mmengine.config import Config
from mmengine.dist import init_dist
from mmengine.hooks import CheckpointHook, EMAHook
from mmengine.model import ExponentialMovingAverage
from mmengine.optim import DefaultOptimWrapperConstructor
from mmengine.registry import Registry, init_default_scope
from mmengine.runner import Runner
from mmengine.utils.dl_utils import set_multi_processing
from mmpretrain import registry as mmpretrain
from mmpretrain.engine import VisualizationHook
from mmpretrain.models.utils import ClsDataPreprocessor, RandomBatchAugment, SelfSupDataPreprocessor
from mmpretrain.visualization import UniversalVisualizer
from torch.distributed import init_process_group
from torch.nn.utils import clip_grad_norm_, clip_grad_value_
from torch.utils.data import DataLoader

from ...base.errors import ConfigError, unknown
from .arguments import Arguments
from .values import check_value

__all__ = ["as_list", "check_sections", "check_settings", "named_hooks"]

_OWN = "own_keys"  # lists the top-level keys that are a config's own: nothing here reads them

# What MMEngine, MMPretrain and this package read at the top level.
_TOP = {*inspect.signature(Runner).parameters, "activation_checkpointing", "compile", "custom_imports",
        "efficient_conv_bn_eval", "find_unused_parameters", "model_wrapper_cfg", "sync_bn", "tta_model", "tta_pipeline",
        "expected", "on_device", _OWN} - {"cfg"}
_NOT_BY_OPTION = {"custom_imports": "set it in the config", "launcher": "use --launcher", _OWN: "set it in the config"}
_VARIABLES = {  # what configs call their own, though it comes near a name of _TOP, and where it goes
    f"{split}_pipeline": [f"{split}_dataloader.dataset.pipeline"] for split in ("train", "val", "test")}

_REGISTRIES: dict[str, Registry] = {  # where types below a top-level key are looked up
    "custom_hooks": root.HOOKS, "default_hooks": root.HOOKS, "log_processor": root.LOG_PROCESSORS,
    "model": root.MODELS, "model_wrapper_cfg": root.MODEL_WRAPPERS, "optim_wrapper": root.OPTIM_WRAPPERS,
    "param_scheduler": root.PARAM_SCHEDULERS, "test_cfg": root.LOOPS, "test_evaluator": root.METRICS,
    "train_cfg": root.LOOPS, "tta_model": root.MODELS, "tta_pipeline": root.TRANSFORMS, "val_cfg": root.LOOPS,
    "val_evaluator": root.METRICS, "visualizer": root.VISUALIZERS}
_NESTED: dict[str, Registry | None] = {  # and below a key anywhere
    "augments": mmpretrain.BATCH_AUGMENTS, "batch_sampler": root.DATA_SAMPLERS, "collate_fn": root.FUNCTIONS,
    "data_preprocessor": root.MODELS, "dataset": root.DATASETS, "datasets": root.DATASETS,
    "init_cfg": root.WEIGHT_INITIALIZERS, "metrics": root.METRICS, "optimizer": root.OPTIMIZERS,
    "pipeline": root.TRANSFORMS, "sampler": root.DATA_SAMPLERS, "targets": None, "tokenizer": mmpretrain.TOKENIZER,
    "vis_backends": root.VISBACKENDS, "worker_init_fn": root.FUNCTIONS}
_RUNNER_HOOKS = {"runtime_info", "timer", "sampler_seed", "logger", "param_scheduler", "checkpoint"}  # by itself
_TYPE_NEEDED = {"custom_hooks", "default_hooks", "dataset", "datasets", "metrics", "model", "optimizer",
                "param_scheduler", "pipeline", "sampler", "test_evaluator", "tta_pipeline", "val_evaluator",
                "vis_backends"}
_DEFAULT_TYPES = {"log_processor": "LogProcessor", "optim_wrapper": "OptimWrapper", "test_cfg": "TestLoop",
                  "val_cfg": "ValLoop", "visualizer": "Visualizer"}
_TAKEN_OUT = {  # by MMEngine or MMCV, before the class of a registry is called
    "hook": {"priority"}, "model": {"pretrained", "requires_grad"},
    "optim_wrapper": {"constructor", "optimizer", "paramwise_cfg"}, "parameter scheduler": {"convert_to_iter_based"},
    "loop": {"by_epoch"}, "policy": {"magnitude_key", "magnitude_range"}}
_SUPPLIED = {  # by MMEngine, beside what the config says
    "data sampler": {"dataset"}, "loop": {"dataloader", "evaluator", "runner"}, "optimizer": {"params"},
    "parameter scheduler": {"optimizer"}}

_ALL = [registry for registry in vars(mmpretrain).values() if isinstance(registry, Registry)]


def _read_by(*functions: Callable, leave_out: Collection[str] = ()) -> set[str]:
    return set().union(*(inspect.signature(function).parameters for function in functions)) - set(leave_out)


_LOADER = _read_by(DataLoader) | {"num_batch_per_epoch", "disable_subprocess_warning"}
_LATER = {  # what hooks hand their further arguments to when they act
    CheckpointHook: Runner.save_checkpoint, EMAHook: ExponentialMovingAverage,
    VisualizationHook: UniversalVisualizer.visualize_cls}
_READ = {  # the keys that are read of a dict without a type, by its place
    "train_dataloader": _LOADER, "val_dataloader": _LOADER, "test_dataloader": _LOADER,
    "compile": _read_by(torch.compile, leave_out=["model"]),
    "auto_scale_lr": {"base_batch_size", "enable"},
    "env_cfg": {"cudnn_benchmark", "dist_cfg", "mp_cfg", "resource_limit"},
    "env_cfg.mp_cfg": _read_by(set_multi_processing, leave_out=["distributed"]),
    "env_cfg.dist_cfg": _read_by(init_dist, init_process_group, leave_out=["launcher", "kwargs"]),
    "optim_wrapper.clip_grad": {"type"} | _read_by(clip_grad_norm_, clip_grad_value_, leave_out=["parameters"]),
    "randomness": _read_by(Runner.set_randomness, leave_out=["self"]),
    "model.train_cfg": _read_by(RandomBatchAugment),
    "model.data_preprocessor": _read_by(ClsDataPreprocessor, SelfSupDataPreprocessor),
    "model.data_preprocessor.batch_augments": _read_by(RandomBatchAugment),
}
_READ |= {place.removeprefix("model."): keys for place, keys in _READ.items() if "data_preprocessor" in place}


def check_settings(cfg: Config, options: Mapping[str, object] | None = None) -> None:
    """Refuse a config with a setting that nothing reads, or with a value that cannot be meant.

    Args:
        cfg: The config, with the options merged in.
        options: What the command line has overridden, by dotted keys. It may name own keys of the config only where
            ``own_keys`` lists them: a variable has been used by then, and overriding it would change nothing.

    Raises:
        ConfigError: on one line, with the place and the nearest known name.
    """
    scope = cfg.get("default_scope", "mmpretrain")
    if scope is not None and (not isinstance(scope, str) or find_spec(scope.partition(".")[0]) is None):
        raise ConfigError(f"default_scope is {scope!r}, expected a package with registries, such as 'mmpretrain'")
    init_default_scope(scope or "mmengine")
    content = cfg.to_dict()
    _check_top(content, options or {})
    for key in _TOP & content.keys() - {"custom_imports", "expected", _OWN}:
        _walk(content[key], key, key, _REGISTRIES.get(key))


def as_list(value: object) -> Sequence:
    """What a section holds where it may be one dict or several."""
    return () if value is None else value if isinstance(value, (list, tuple)) else [value]


def named_hooks(cfg: Config) -> list[tuple[str, object]]:
    """The hooks of a config by their places, such as 'default_hooks.logger'; one that is switched off is None."""
    return [*((f"default_hooks.{name}", hook) for name, hook in (cfg.get("default_hooks") or {}).items()),
            *((f"custom_hooks.{i}", hook) for i, hook in enumerate(cfg.get("custom_hooks") or ()))]


def check_sections(cfg: Config, splits: Collection[str]) -> None:
    """Refuse a config that lacks what training or testing needs.

    Args:
        cfg: The config.
        splits: 'train', 'val', 'test': what is to be run. Without val, there must be nothing of it.

    Raises:
        ConfigError: if a section is missing.
    """
    if cfg.get("model") is None:
        raise ConfigError("the config has no model; name one of the configs that train one")
    for split in ("train", "val", "test"):
        trio = (f"{split}_dataloader", f"{split}_cfg", "optim_wrapper" if split == "train" else f"{split}_evaluator")
        missing = [key for key in trio if cfg.get(key) is None]
        if missing and (len(missing) < 3 or split in splits and split != "val"):
            raise ConfigError(f"{', '.join(trio)} belong together, and the config has no {' and no '.join(missing)}")
    if "train" not in splits:
        return
    if ("by_epoch" in cfg.train_cfg) == ("type" in cfg.train_cfg):
        raise ConfigError("train_cfg needs by_epoch=True, or False to count steps, or the type of a loop, and not both")
    end = cfg.train_cfg.get("max_epochs", cfg.train_cfg.get("max_iters", math.inf))
    if cfg.get("val_cfg") is not None and cfg.train_cfg.get("val_begin", 1) > end:
        raise ConfigError(f"train_cfg.val_begin is {cfg.train_cfg.val_begin}, and the training ends before")


def _check_top(content: dict, options: Mapping[str, object]) -> None:
    own = content.get(_OWN, [])
    if not isinstance(own, (list, tuple)) or not all(isinstance(key, str) for key in own):
        raise ConfigError(f"{_OWN} is {own!r}, expected a list of names")
    for key in content.keys() - _TOP - _VARIABLES.keys() - set(own):
        near = _near(key)
        if near:
            raise ConfigError(f"unknown setting {key!r}; did you mean {near}? If it is the config's own, list it in "
                              f"{_OWN}")
    for option in options:
        key = option.partition(".")[0]
        if key in _NOT_BY_OPTION:
            raise ConfigError(f"{option} has no effect by --cfg-options; {_NOT_BY_OPTION[key]}")
        if key not in _TOP | set(own):
            places = _VARIABLES.get(key) or _places(content, key)
            raise ConfigError(f"nothing reads {option}; set {' or '.join(places[:3])}" if places else
                              unknown("setting", key, sorted(_TOP)))
    if not isinstance(content.get("model"), (dict, type(None))):
        raise ConfigError(f"model is {content['model']!r:.80}, expected a dict with a type")


def _check_hook_name(name: str, hooks: dict) -> None:
    """Refuse a default hook without a type, and one that stands beside another of its kind, for a letter is wrong."""
    others = [other for other in hooks if other != name]
    if "type" not in hooks[name]:
        raise ConfigError(f"default_hooks.{name} has no type; {unknown('hook', name, others)}")
    before = {*hooks} - {*list(hooks)[list(hooks).index(name):]}  # what an option adds comes last
    near = difflib.get_close_matches(name, before | _RUNNER_HOOKS - {name}, n=1, cutoff=0.8)
    if near and name not in _RUNNER_HOOKS and (
            near[0] not in hooks or (hooks[near[0]] or {}).get("type") == hooks[name]["type"]):
        raise ConfigError(f"default_hooks.{name} would be a second hook beside {near[0]}; did you mean {near[0]}?")


def _near(key: str) -> str | None:
    """The setting that a top-level key is likely to be a slip of: 'trian_cfg', but not 'gallery_dataloader'."""
    def likeness(name: str) -> float:
        return difflib.SequenceMatcher(None, key, name).ratio()

    best = max(_TOP - {_OWN}, key=likeness)
    return best if likeness(best) >= (0.8 if key[:1] == best[:1] else 0.85) else None


def _places(content: dict, name: str) -> list[str]:
    """Where settings of a name, or of the nearest one, stand in the sections that are read."""
    found: dict[str, list[str]] = {}

    def gather(value: object, place: str) -> None:
        for key, item in value.items() if isinstance(value, dict) else ():
            found.setdefault(key, []).append(f"{place}.{key}")
            gather(item, f"{place}.{key}")

    for key in sorted(_TOP & content.keys(), key=lambda key: (not key.startswith("train"), key)):
        gather(content[key], key)
    near = difflib.get_close_matches(name, [key for key in found if isinstance(key, str)], n=1, cutoff=0.8)
    return found[near[0]] if near else []


def _walk(value: object, place: str, key: str, registry: Registry | None, default: object = None) -> None:
    """Check a setting and all below it.

    Args:
        value: What it is set to.
        place: Its dotted name.
        key: The last part of that which is no index.
        registry: Where types are looked up.
        default: What its class has where it is not set.
    """
    if key in _TYPE_NEEDED and (isinstance(value, (str, int, float)) or value is None and (
            place.endswith((".dataset", ".optimizer")) or place.rpartition(".")[2].isdigit())):
        raise ConfigError(f"{place} is {value!r}, expected a dict with a type")
    if isinstance(value, (list, tuple)) and (key in _TYPE_NEEDED or any(
            isinstance(item, (dict, list, tuple)) for item in value)):
        for i, item in enumerate(value):
            _walk(item, f"{place}.{i}", key, registry)
    elif not isinstance(value, dict):
        check_value(place, value, default)
    elif place == "default_hooks":
        for name, hook in value.items():
            if isinstance(hook, dict):
                _check_hook_name(name, value)
            _walk(hook, f"{place}.{name}", key, registry)
    else:
        known = _known(value, place, key, registry)
        if not known.open:
            for name in sorted(value.keys() - known.names - {"type", "_scope_"}):
                raise ConfigError(unknown(f"setting of {place}", name, sorted(known.names)))
        for name, item in value.items():
            if name != "type":
                _walk(item, f"{place}.{name}", name, _NESTED.get(name, registry), known.defaults.get(name))


def _known(value: dict, place: str, key: str, registry: Registry | None) -> Arguments:
    """What is read of a dict of settings; open where nobody can tell."""
    kind = value.get("type", _DEFAULT_TYPES.get(place))
    if place in _READ and (kind is None or "type" in _READ[place]):
        return Arguments(dict.fromkeys(_READ[place]))
    if place == "optim_wrapper.paramwise_cfg":
        return Arguments(open=True)  # checked with the constructor
    if place == "train_cfg" and kind is None:
        kind = "EpochBasedTrainLoop" if value.get("by_epoch", "max_iters" not in value) else "IterBasedTrainLoop"
    if kind is None or registry is None:
        if kind is None and key in _TYPE_NEEDED:
            raise ConfigError(f"{place} has no type, only {', '.join(map(str, value)) or 'nothing'}")
        return Arguments(open=True)
    target = _resolve(kind, registry, place, value.get("_scope_"))
    known = Arguments.of(target)
    known.add(Arguments(dict.fromkeys(_TAKEN_OUT.get("policy" if key == "policies" else registry.name, ()))))
    for name in _SUPPLIED.get(registry.name, ()):
        known.defaults.pop(name, None)
    if place == "optim_wrapper":
        _check_constructor(value, known)
    for hook, function in _LATER.items() if inspect.isclass(target) else ():
        if issubclass(target, hook):
            rest = _resolve(value.get("ema_type", function), root.MODELS, place) if hook is EMAHook else function
            known.add(Arguments.of(rest))
            known.open = Arguments.of(rest).open
    return known


def _resolve(kind: object, registry: Registry, place: str, scope: str | None = None) -> Callable:
    """The class or function that a type names.

    Raises:
        ConfigError: if there is none.
    """
    if callable(kind):
        return kind
    if not isinstance(kind, str):
        raise ConfigError(f"{place}.type is {kind!r}, expected a name or a class")
    # Some models build parts of themselves that are no models, such as optimizers' or data sets' relatives.
    for candidate in (registry, *(_ALL if registry is root.MODELS else ())):
        with candidate.switch_scope_and_registry(scope) as here:
            try:
                found = here.get(kind)
            except RuntimeError:  # what MMEngine raises of names that it cannot import
                found = None
            if found is not None:
                return found
    scope, dot, _ = kind.rpartition(".")
    with registry.switch_scope_and_registry(scope or None) as here:
        known = here.module_dict if scope else {**registry.module_dict, **here.module_dict}
    names = [f"{scope}{dot}{name}" for name in known]
    see = "its documentation, and custom_imports for classes of your own" if len(names) > 8 else ""
    raise ConfigError(f"{place}.type: " + unknown(registry.name.replace("_", " "), kind, sorted(names), see))


def _check_constructor(value: dict, known: Arguments) -> None:
    """The optimizer's constructor reads ``paramwise_cfg``; one that is not MMEngine's may read other keys as well."""
    constructor = _resolve(value.get("constructor", "DefaultOptimWrapperConstructor"), root.OPTIM_WRAPPER_CONSTRUCTORS,
                           "optim_wrapper.constructor")
    if not (inspect.isclass(constructor) and issubclass(constructor, DefaultOptimWrapperConstructor)):
        known.open = True
        return
    source = "".join(inspect.getsource(base) for base in constructor.__mro__[:-1])
    read = set(re.findall(r"""paramwise_cfg(?:\.get\(|\.pop\(|\[)\s*['"](\w+)""", source))
    for name in (value.get("paramwise_cfg") or {}).keys() - read:
        if name.startswith("_"):  # MMPretrain's configs have a _delete there
            continue
        raise ConfigError(unknown("setting of optim_wrapper.paramwise_cfg", name, sorted(read)))
