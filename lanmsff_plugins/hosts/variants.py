"""A CNN by its name with a layer by its name, and with the initial weights of the CNN without it.

    model = build_variant("resnet18", "SAFM", num_classes=7)

So networks that differ in one layer can be compared: what they have in common starts from the same weights.
"""
from collections.abc import Callable, Sequence

import timm
from timm.layers import get_attn
from torch import nn

from ..base.errors import one_line, unknown
from ..base.imports import import_callable
from ..layers import catalog
from .table import Host, find_host

__all__ = ["NONE", "OWN", "build_variant", "find_layer"]

NONE = "none"
"""No layer: the places where one would stand are empty, also those that the CNN itself fills."""
OWN = "own"
"""The CNN as timm builds it, with whatever attention it has."""
_TIMM = ("se", "ese", "eca", "ecam", "ceca", "ge", "gc", "gca", "cbam", "lcbam", "coord", "scoord", "ela", "strip")


def find_layer(name: str) -> Callable[..., nn.Module]:
    """An attention layer by its name, as an attention slot or surgery calls it.

    Args:
        name: A layer of this package, such as 'SAFM' or 'safm'; one of timm's, such as 'se', 'cbam' or 'eca'; or
            'module:Class', built with its number of channels.

    Raises:
        ValueError: if there is none of that name.
    """
    if ":" in name:
        return catalog.slot(import_callable(name))
    if name in _TIMM:
        try:
            return get_attn(name)
        except AssertionError:
            raise ValueError(f"timm {timm.__version__} has no layer {name!r} yet; install a newer one") from None
    if catalog.attention(name) is None:
        ours = [layer.name for layer in catalog.LAYERS.values() if layer.kind == "attention"]
        raise ValueError(unknown("layer", name, [*ours, *_TIMM, NONE, OWN], f"{', '.join(ours)}; timm's "
                                 f"{', '.join(_TIMM)}; {NONE}; {OWN}; module:Class"))
    return catalog.slot(name)


def build_variant(host: str, layer: str, after: str = "", input_shape: Sequence[int] | None = None, **kwargs
                  ) -> nn.Module:
    """Build a CNN with a layer in all of its places.

    The CNN with its places empty is built first, so that torch's generator draws the same for every layer; the weights
    of the same names and shapes are then taken over from it.

    Args:
        host: timm's name of the CNN; it starts untrained.
        layer: As for :func:`find_layer`, or ``NONE`` or ``OWN``.
        after: Glob over the names of modules to insert the layer behind; by default the places are those of
            :func:`~lanmsff_plugins.hosts.table.find_host`.
        input_shape: (C, H, W) of an image; by default what timm says of the CNN.
        **kwargs: For ``timm.create_model``.

    Raises:
        ValueError: if there is no such CNN or layer, if no place takes it, or if the network cannot be built.
    """
    if "." in host:
        raise ValueError(f"{host} names pretrained weights, and hosts start untrained; leave {host[host.index('.'):]} "
                         "out")
    build = None if layer in (NONE, OWN) else find_layer(layer)
    door = Host(host, after=after) if after else find_host(host, input_shape, **kwargs)
    try:
        bare = _build(door, nn.Identity, input_shape, kwargs)
        if layer == NONE:
            return bare
        model = _build(door, build, input_shape, kwargs)
    except (AssertionError, AttributeError, RuntimeError, TypeError, ValueError) as error:
        raise ValueError(f"{host} with {layer} cannot be built: {one_line(error, 300)}") from error
    own = model.state_dict()
    shared = {name: value for name, value in bare.state_dict().items()
              if name in own and own[name].shape == value.shape}
    model.load_state_dict(shared, strict=False)
    return model


def _build(door: Host, layer: Callable[..., nn.Module] | None, input_shape: Sequence[int] | None, kwargs: dict
           ) -> nn.Module:
    if layer is nn.Identity and door.after:
        layer = None  # nothing is there to be left out
    return door.build(layer, input_shape, **kwargs)
