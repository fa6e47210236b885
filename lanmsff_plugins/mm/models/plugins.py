"""The layers of the catalog as MMCV builds plugin layers, and any MMPretrain backbone with layers put into it."""
from collections.abc import Sequence

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


for _layer in catalog.LAYERS.values():
    if _layer.kind in ("attention", "selection", "multi-input"):
        globals()[_layer.name] = register(MODELS)(_plugin(_layer))
    elif _layer.kind == "conv":
        register(MODELS, root_too=False)(_layer.build)


@register(MODELS)
def BackboneWithPlugins(backbone: dict, plugins: Sequence[dict], input_shape: Sequence[int] | None = None) -> nn.Module:
    """Build a backbone and put layers into it: what ``plugins`` does for MMDetection's ResNet, for any CNN.

    Args:
        backbone: Config of the backbone.
        plugins: What to put where, in turn. Each is a dict of ``cfg``, the layer's config, built with
            ``in_channels``, and of one of two places: ``after``, a glob over the names of the backbone's
            modules, for :func:`lanmsff_plugins.hosts.surgery.insert_after`; or ``replace``, the name of a class,
            for :func:`lanmsff_plugins.hosts.surgery.replace_modules`.
        input_shape: (C, H, W) with which the backbone is run once, to see the channels.

    Returns:
        The backbone itself, so that the names in its state dict stay what they were.

    Raises:
        ValueError: if a plugin names no place or two, or if nothing is there.
    """
    model = MMPRETRAIN_MODELS.build(backbone)
    for plugin in plugins:
        if plugin.keys() not in ({"cfg", "after"}, {"cfg", "replace"}):
            raise ValueError(f"a plugin is a dict of cfg and either after or replace, got {', '.join(plugin)}")

        def factory(channels: int, cfg: dict = plugin["cfg"]) -> nn.Module:
            return MMPRETRAIN_MODELS.build({"in_channels": channels, **cfg})

        if "after" in plugin:
            name = getattr(MMPRETRAIN_MODELS.get(plugin["cfg"]["type"]), "_abbr_", "plugin")
            insert_after(model, plugin["after"], factory, name, input_shape)
        else:
            kinds = {type(module) for module in model.modules() if type(module).__name__ == plugin["replace"]}
            if not kinds:
                raise ValueError(f"{type(model).__name__} has no module of type {plugin['replace']}")
            replace_modules(model, tuple(kinds), factory, input_shape)
    return model
