"""Methods of a host that would undo surgery in the modules below it, and what stands in for them.

A stage that is frozen by the host's ``train()`` freezes whatever was put into it, and a block that folds its branches
into one convolution drops what stands between them. :func:`guard` sets an attribute of the method's name on each such
module, which calls the method and keeps the new layers as they were.

    mark(layer, "layer1.0.bn2")
    guard(model, [layer])
"""
import copy
import logging
from collections.abc import Iterable, Iterator

import torch
from torch import nn

from ..base.errors import one_line
from .extended import FOLDS, Extended

__all__ = ["guard", "mark"]

_logger = logging.getLogger(__name__)
_MARK = "put_at"


def mark(layer: nn.Module, place: str) -> None:
    """Note on a new layer where surgery put it."""
    vars(layer)[_MARK] = place


def _new_layers(module: nn.Module) -> Iterator[nn.Module]:
    return (each for each in module.modules() if _MARK in vars(each))


def guard(model: nn.Module, layers: Iterable[nn.Module]) -> list[tuple[nn.Module, str]]:
    """Guard the methods of all modules that hold one of the layers.

    Returns:
        The modules and the names of the methods that are guarded from now on.
    """
    new = set(layers)
    guarded = []
    for module in model.modules():
        if module in new or new.isdisjoint(module.modules()):
            continue
        kinds: dict[str, type[_Guard]] = {name: _Fold for name in FOLDS if hasattr(type(module), name)}
        if type(module).train is not nn.Module.train:
            kinds["train"] = _Train
        for name, kind in kinds.items():
            if name not in vars(module):
                vars(module)[name] = kind(module, name)
                guarded.append((module, name))
    return guarded


class _Guard:
    """Stands in for a method of ``module``; it is copied and pickled with the module."""

    def __init__(self, module: nn.Module, name: str):
        self.module = module
        self.name = name

    def method(self, module: nn.Module, *args, **kwargs):
        return getattr(type(module), self.name)(module, *args, **kwargs)


class _Train(_Guard):
    """``train()`` of a host that freezes parts of itself there: the new layers go on learning."""

    def __call__(self, mode: bool = True) -> nn.Module:
        layers = list(_new_layers(self.module))
        learns = [(parameter, parameter.requires_grad) for layer in layers for parameter in layer.parameters()]
        self.method(self.module, mode)
        for layer in layers:
            layer.train(mode)
        for parameter, flag in learns:
            parameter.requires_grad_(flag)
        return self.module


class _Opaque(Extended):
    """An extended module whose host cannot be read through it."""

    __getattr__ = nn.Module.__getattr__


class _Fold(_Guard):
    """A folding that is left out where it would lose a new layer, as it turns out on a copy."""

    def __call__(self, *args, **kwargs):
        obstacle = "" if args or kwargs else self._obstacle()  # with arguments it is no folding: necks fuse features
        if not obstacle:
            return self.method(self.module, *args, **kwargs)
        places = ", ".join(vars(layer)[_MARK] for layer in _new_layers(self.module))
        _logger.warning("%s is not folded by %s(), which cannot keep the layers put at %s: %s",
                        type(self.module).__name__, self.name, places, obstacle)
        return self.module

    def _obstacle(self) -> str:
        trial = copy.deepcopy(self.module)
        for module in trial.modules():
            if isinstance(module, Extended):
                module.__class__ = _Opaque
        try:
            with torch.random.fork_rng(devices=[]):
                folded = self.method(trial)
        except Exception as error:  # it asked for the weights or the class of what stood in a place before
            return one_line(error)
        left = sum(1 for _ in _new_layers(trial if folded is None else folded))
        return "" if left == sum(1 for _ in _new_layers(self.module)) else f"{left} would be left"
