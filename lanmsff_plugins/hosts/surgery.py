"""Put a layer into a CNN that offers no slot for it.

Many CNNs hard-code their attention, or have none. :func:`replace_modules` swaps modules by type, and
:func:`insert_after` adds a layer behind modules chosen by name. The host's own weights keep their names,
so a pretrained state dict still loads (``strict=False`` leaves only the new layers out).
"""
import difflib
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase

import torch
from torch import Tensor, nn

__all__ = ["insert_after", "replace_modules"]

Factory = Callable[[int], nn.Module]


def replace_modules(
        model: nn.Module,
        target_types: type[nn.Module] | tuple[type[nn.Module], ...],
        factory: Factory,
        input_shape: Sequence[int] | None = None,
) -> dict[str, nn.Module]:
    """Swap every module of some type for a new layer with the same number of channels.

    Args:
        model: The CNN; it is changed in place.
        target_types: The type to look for, or several, such as timm's ``SqueezeExcite``.
        factory: Called with the number of channels that enter the module; gives a layer that keeps the
            shape, such as ``MassAtt`` or a ``functools.partial`` of it.
        input_shape: (C, H, W) of an input with which the model is run once to see the channels; by
            default timm's ``pretrained_cfg`` says it, or the first convolution and 224 pixels.

    Returns:
        The new layers by the names of the modules whose places they took.

    Raises:
        ValueError: if there is no such module, if one is never called, or if what enters it is not
            (N, C, H, W) or leaves it in another shape.
    """
    names = [name for name, module in model.named_modules() if name and isinstance(module, target_types)]
    if not names:
        kinds = Counter(type(module).__name__ for module in model.modules())
        raise ValueError(
            f"{type(model).__name__} has no module of type {_names_of(target_types)}; "
            f"it has {', '.join(f'{kind} ({count})' for kind, count in kinds.most_common())}")
    calls = _watch(model, names, input_shape)
    for name in names:
        if calls[name].entered != calls[name].left:
            raise ValueError(f"{name} changes the shape of its input, {list(calls[name].entered)} to "
                             f"{list(calls[name].left)}; only a layer that keeps it can be replaced")
    replaced = {}
    for name in names:
        replaced[name] = _like(model.get_submodule(name), factory(calls[name].entered[1]), model)
        model.set_submodule(name, replaced[name])
    return replaced


def insert_after(
        model: nn.Module,
        pattern: str,
        factory: Factory,
        name: str = "plugin",
        input_shape: Sequence[int] | None = None,
) -> dict[str, nn.Module]:
    """Add a layer behind every module whose name matches a pattern.

    The layer becomes a child of the module, and a forward hook calls it with the module's output; a plain
    ``nn.Sequential`` takes it as its last member.

    Args:
        model: The CNN; it is changed in place.
        pattern: A glob over the dotted names of ``model.named_modules()``: ``'layer*.*.bn2'``.
        factory: Called with the number of channels of the module's output; gives a layer that keeps the
            shape, such as ``MassAtt`` or a ``functools.partial`` of it.
        name: Name of the new child.
        input_shape: As in :func:`replace_modules`.

    Returns:
        The new layers by their own names.

    Raises:
        ValueError: if no name matches, if a module is never called, if its output is not (N, C, H, W),
            if it has a child of that name already, or if it is a container with a forward of its own.
    """
    targets = [target for target, _ in model.named_modules() if target and fnmatchcase(target, pattern)]
    if not targets:
        known = [known for known, _ in model.named_modules() if known]
        close = difflib.get_close_matches(pattern.replace("*", ""), known, n=8, cutoff=0.3)
        raise ValueError(f"no module of {type(model).__name__} matches {pattern!r}; "
                         f"its names look like {', '.join(close or known[:8])}")
    calls = _watch(model, targets, input_shape)
    taken = next((target for target in targets if hasattr(model.get_submodule(target), name)), None)
    if taken is not None:
        raise ValueError(f"{taken} has a child {name!r} already; give the new one another name")
    for target in targets:
        host = model.get_submodule(target)
        if isinstance(host, (nn.Sequential, nn.ModuleList, nn.ModuleDict)) and not _is_sequential(host):
            raise ValueError(f"{target} is a {type(host).__name__}, which goes through its children in a way of its "
                             "own; choose a module within or behind it")
    inserted = {}
    for target in targets:
        host = model.get_submodule(target)
        layer = _like(host, factory(calls[target].left[1]), model)
        host.add_module(name, layer)
        if not _is_sequential(host):  # that calls its children itself
            host.register_forward_hook(_CallChild(name))
        inserted[f"{target}.{name}"] = layer
    return inserted


def _is_sequential(module: nn.Module) -> bool:
    return isinstance(module, nn.Sequential) and type(module).forward is nn.Sequential.forward


@dataclass(frozen=True)
class _CallChild:
    """A forward hook that can be copied and pickled: it finds the layer in whatever module calls it."""

    name: str

    def __call__(self, module: nn.Module, args: tuple, output: Tensor) -> Tensor:
        return getattr(module, self.name)(output)


@dataclass(frozen=True)
class _Call:
    entered: torch.Size
    left: torch.Size


def _watch(model: nn.Module, names: list[str], input_shape: Sequence[int] | None) -> dict[str, _Call]:
    """Run the model once and note the shapes that enter and leave the named modules."""
    calls: dict[str, _Call] = {}

    def note(name: str):
        def hook(module: nn.Module, args: tuple, output) -> None:
            entered = _map_shape(args[0] if args else None, f"the input of {name}")
            calls[name] = _Call(entered, _map_shape(output, f"the output of {name}"))
        return hook

    handles = [model.get_submodule(name).register_forward_hook(note(name)) for name in names]
    try:
        with _evaluating(model), torch.no_grad():
            model(_example_input(model, input_shape))
    finally:
        for handle in handles:
            handle.remove()
    for name in names:
        if name not in calls:
            raise ValueError(f"{name} is never called in the forward pass; choose the module that uses it")
    return calls


def _map_shape(x: object, what: str) -> torch.Size:
    """The shape of ``x``, which must be a feature map."""
    if not isinstance(x, Tensor) or x.dim() != 4:
        found = list(x.shape) if isinstance(x, Tensor) else type(x).__name__
        raise ValueError(f"{what} is not (N, C, H, W) but {found}; choose another module")
    return x.shape


@contextmanager
def _evaluating(model: nn.Module):
    modes = {module: module.training for module in model.modules()}
    for module in modes:
        module.training = False
    try:
        yield
    finally:
        for module, mode in modes.items():
            module.training = mode


def _example_input(model: nn.Module, input_shape: Sequence[int] | None) -> Tensor:
    reference = next(model.parameters())
    if input_shape is None:
        first = next((module for module in model.modules() if isinstance(module, nn.Conv2d)), None)
        if first is None:
            raise ValueError(f"{type(model).__name__} has no convolution to tell its input channels; give input_shape")
        config = getattr(model, "pretrained_cfg", None) or {}
        input_shape = (first.in_channels, *config.get("input_size", (3, 224, 224))[1:])
    return torch.zeros(1, *input_shape, device=reference.device, dtype=reference.dtype)


def _like(neighbour: nn.Module, layer: nn.Module, model: nn.Module) -> nn.Module:
    """``layer`` on the device, in the type and in the mode of the module beside it."""
    reference = next(neighbour.parameters(), next(model.parameters()))
    return layer.to(reference.device, reference.dtype).train(neighbour.training)


def _names_of(types: type | tuple[type, ...]) -> str:
    return " or ".join(kind.__name__ for kind in (types if isinstance(types, tuple) else (types,)))
