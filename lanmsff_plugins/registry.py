"""The registries of scope ``lanmsff_plugins``: ``type='lanmsff_plugins.MassAtt'`` resolves in any config.

MMEngine imports this module by itself when it meets the scope, and with the first look-up what stands in
``lanmsff_plugins.mm``; no ``custom_imports`` are needed. After that import the bare names resolve too.
"""
from mmengine import registry as root
from mmengine.registry import Registry

__all__ = ["DATASETS", "HOOKS", "METRICS", "MODELS", "OPTIMIZERS", "OPTIM_WRAPPERS", "TRANSFORMS", "register"]

_SCOPE = {"scope": "lanmsff_plugins", "locations": ["lanmsff_plugins.mm"]}

MODELS = Registry("model", parent=root.MODELS, **_SCOPE)
DATASETS = Registry("dataset", parent=root.DATASETS, **_SCOPE)
TRANSFORMS = Registry("transform", parent=root.TRANSFORMS, **_SCOPE)
METRICS = Registry("metric", parent=root.METRICS, **_SCOPE)
HOOKS = Registry("hook", parent=root.HOOKS, **_SCOPE)
OPTIMIZERS = Registry("optimizer", parent=root.OPTIMIZERS, **_SCOPE)
OPTIM_WRAPPERS = Registry("optim_wrapper", parent=root.OPTIM_WRAPPERS, **_SCOPE)


def register(registry: Registry):
    """Register a class or a function in ``registry`` and, if its name is free there, in MMEngine's root."""
    def decorate(cls):
        registry.register_module(module=cls)
        if cls.__name__ not in registry.parent.module_dict:
            registry.parent.register_module(module=cls)
        return cls
    return decorate
