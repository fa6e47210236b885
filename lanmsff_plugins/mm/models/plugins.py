"""The layers of the catalog as MMCV builds plugin layers, and any MMPretrain backbone with layers put into it."""
import inspect
from collections.abc import Sequence
from functools import partial

from mmpretrain.registry import MODELS as MMPRETRAIN_MODELS
from torch import nn

from ...hosts.surgery import insert_after, replace_modules
from ...layers import catalog
from ...registry import MODELS, register

__all__ = ["BackboneWithPlugins"]


def _plugin(layer: catalog.Layer) -> type[nn.Module]:
    """A layer as its own subclass, with ``_abbr_``, that also takes its channels as ``in_channels``."""
    def __init__(self, channels: int | None = None, *, in_channels: int | None = None, **kwargs):
        if (channels is None) == (in_channels is None):
            raise ValueError(f"{layer.name} needs its number of channels once, as channels or as in_channels")
        layer.build.__init__(self, in_channels if channels is None else channels, **kwargs)

    return type(layer.name, (layer.build,), {
        "__init__": __init__, "_abbr_": layer.short_name, "__module__": __name__,
        "__doc__": f":class:`lanmsff_plugins.layers.{layer.name}`, which also takes ``in_channels``."})


_PLUGINS: dict[type, type] = {}  # of a layer's class, the one that takes in_channels as well

for _layer in catalog.LAYERS.values():
    if _layer.kind in ("attention", "selection", "multi-input"):
        globals()[_layer.name] = _PLUGINS[_layer.build] = register(MODELS)(_plugin(_layer))
    elif _layer.kind == "conv":
        register(MODELS, root_too=False)(_layer.build)


@register(MODELS)
def BackboneWithPlugins(backbone: dict, plugins: Sequence[dict], input_shape: Sequence[int] | None = None) -> nn.Module:
    """Build a backbone and put layers into it: what ``plugins`` does for MMDetection's ResNet, for any CNN.

    The layers learn in a stage that the backbone freezes (``frozen_stages``) as well.

    Args:
        backbone: Config of the backbone.
        plugins: What to put where, in turn. Each is a dict of ``cfg``, the layer's config, and of one of two places:
            ``after``, a glob over the names of the backbone's modules, for
            :func:`lanmsff_plugins.hosts.surgery.insert_after`; or ``replace``, a class or the name of one, for
            :func:`lanmsff_plugins.hosts.surgery.replace_modules`. The layer's ``type`` is a name or a class; it is
            built with ``in_channels``, or with its channels as the first argument if it has no ``in_channels``.
        input_shape: (C, H, W) with which the backbone is run to see the channels.

    Returns:
        The backbone itself, so that the names in its state dict stay what they were.

    Raises:
        ValueError: if a plugin names no place or two, no layer, or if nothing is there.
    """
    for plugin in plugins:
        if plugin.keys() not in ({"cfg", "after"}, {"cfg", "replace"}):
            raise ValueError(f"a plugin is a dict of cfg and either after or replace, got {', '.join(plugin)}")
    kinds = [_layer_class(plugin["cfg"]) for plugin in plugins]
    model = MMPRETRAIN_MODELS.build(backbone)
    for plugin, kind in zip(plugins, kinds):
        factory = partial(_build_layer, kind, plugin["cfg"])
        if "after" in plugin:
            insert_after(model, plugin["after"], factory, getattr(kind, "_abbr_", "plugin"), input_shape)
        else:
            replace_modules(model, _classes_in(model, plugin["replace"]), factory, input_shape)
    return model


def _layer_class(cfg: dict) -> type[nn.Module]:
    """The class that a layer's config names, or is given itself as in pure Python configs."""
    if "type" not in cfg:
        raise ValueError(f"the cfg of a plugin has a type, got {', '.join(cfg) or 'nothing'}")
    kind = MMPRETRAIN_MODELS.get(cfg["type"]) if isinstance(cfg["type"], str) else cfg["type"]
    if not callable(kind):
        raise ValueError(f"{cfg['type']!r} is no layer: give its class, or its name in a registry")
    return _PLUGINS.get(kind, kind)


def _build_layer(kind: type[nn.Module], cfg: dict, channels: int) -> nn.Module:
    if "in_channels" in inspect.signature(kind).parameters:
        return MMPRETRAIN_MODELS.build({"in_channels": channels, **cfg, "type": kind})
    return kind(channels, **{name: value for name, value in cfg.items() if name != "type"})  # as timm's layers


def _classes_in(model: nn.Module, kind: str | type[nn.Module]) -> tuple[type[nn.Module], ...]:
    """The classes of the model's modules that ``kind`` is or names."""
    found = {type(module) for module in model.modules() if kind in (type(module), type(module).__name__)}
    if not found:
        name = kind if isinstance(kind, str) else kind.__name__
        raise ValueError(f"{type(model).__name__} has no module of type {name}")
    return tuple(found)
