"""The registries of scope ``lanmsff_plugins``: ``type='lanmsff_plugins.MassAtt'`` resolves in any config.

MMEngine imports this module by itself when it meets the scope, and with the first look-up what stands in
``lanmsff_plugins.mm``; no ``custom_imports`` are needed. After that import the bare names resolve too.
"""
import warnings
from collections.abc import Callable
from typing import TypeVar

from mmengine import registry as root
from mmengine.registry import Registry

__all__ = ["DATASETS", "HOOKS", "LOOPS", "METRICS", "MODELS", "OPTIMIZERS", "OPTIM_WRAPPERS", "TRANSFORMS", "register"]

T = TypeVar("T")
_SCOPE = {"scope": "lanmsff_plugins", "locations": ["lanmsff_plugins.mm"]}

MODELS = Registry("model", parent=root.MODELS, **_SCOPE)
DATASETS = Registry("dataset", parent=root.DATASETS, **_SCOPE)
TRANSFORMS = Registry("transform", parent=root.TRANSFORMS, **_SCOPE)
METRICS = Registry("metric", parent=root.METRICS, **_SCOPE)
HOOKS = Registry("hook", parent=root.HOOKS, **_SCOPE)
LOOPS = Registry("loop", parent=root.LOOPS, **_SCOPE)
OPTIMIZERS = Registry("optimizer", parent=root.OPTIMIZERS, **_SCOPE)
OPTIM_WRAPPERS = Registry("optim_wrapper", parent=root.OPTIM_WRAPPERS, **_SCOPE)


def register(registry: Registry, formerly: str = "", root_too: bool = True) -> Callable[[T], T]:
    """Decorator that registers a class or a function in ``registry``.

    Args:
        registry: One of this module's.
        formerly: A name that it had before; configs that have it still run, with a DeprecationWarning.
        root_too: Register it in MMEngine's root as well, where its name is free there, so that the bare name resolves.
    """
    def decorate(module: T) -> T:
        found = {module.__name__: module}
        if formerly:
            found[formerly] = _renamed(formerly, module)
        for name, target in found.items():
            registry.register_module(name=name, module=target)
            if root_too and name not in registry.parent.module_dict:
                registry.parent.register_module(name=name, module=target)
        return module
    return decorate


def _renamed(formerly: str, module: Callable[..., T]) -> Callable[..., T]:
    def build(*args, **kwargs) -> T:
        warnings.warn(f"lanmsff_plugins.{formerly} is now called lanmsff_plugins.{module.__name__} in configs",
                      DeprecationWarning, stacklevel=2)
        return module(*args, **kwargs)

    build.__name__ = formerly
    return build
