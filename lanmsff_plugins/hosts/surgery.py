"""Put a layer into a CNN that offers no slot for it.

    insert_after(timm.create_model("convnext_atto"), "stages.?", MassAtt)

Many CNNs hard-code their attention, or have none. :func:`replace_modules` swaps modules by type, and
:func:`insert_after` adds a layer behind modules chosen by name. The host's own weights keep their names,
so a pretrained state dict still loads (``strict=False`` leaves only the new layers out).

What stands in the module tree is what runs: there are no hooks. A plain ``nn.Sequential`` takes the layer as its last
member; any other module moves into an :class:`~.extended.Extended`, which takes its place. So the layer survives
copies, conversions of norms, folding, compilers and exporters. Methods of the host that would freeze or lose it are
guarded (:mod:`.guards`): a block that cannot be folded around a new layer stays as it is, with a warning.

Each call puts all layers in, runs the model, and checks that each is called and keeps the shape; or it raises, and the
host is what it was.
"""
import difflib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from fnmatch import fnmatchcase

import torch
from torch import nn

from ..base.errors import one_line
from .extended import FOLDS, Extended, HostName
from .guards import guard, mark
from .probe import Call, watch

__all__ = ["insert_after", "replace_modules"]

Factory = Callable[[int], nn.Module]
_FORWARD_HOOKS = ("_forward_hooks", "_forward_hooks_with_kwargs", "_forward_hooks_always_called")


def replace_modules(
        model: nn.Module,
        target_types: type[nn.Module] | tuple[type[nn.Module], ...],
        factory: Factory,
        input_shape: Sequence[int] | None = None,
) -> dict[str, nn.Module]:
    """Swap every module of some type for a new layer with the same number of channels.

    A module that stands in several places is replaced in all of them by one layer; one within another goes with it.

    Args:
        model: The CNN; it is changed in place.
        target_types: The type to look for, or several, such as timm's ``SqueezeExcite``.
        factory: Called with the number of channels that enter the module; gives a layer that keeps the
            shape, such as ``MassAtt`` or a ``functools.partial`` of it.
        input_shape: (C, H, W) of an input with which the model is run to see the channels; by
            default timm's ``pretrained_cfg`` says it, or the first convolution and 224 pixels.

    Returns:
        The new layers by the names of the modules whose places they took.

    Raises:
        ValueError: if there is no such module, if one is never called, if what enters it is not
            (N, C, H, W) or leaves it in another shape, or if the factory gives no layer that keeps the shape.
    """
    _check_not_wrapped(model)
    found = {name: module for name, module in model.named_modules(remove_duplicate=False)
             if name and isinstance(module, target_types)}
    found = {name: module for name, module in found.items()
             if not any(name.startswith(f"{other}.") for other in found)}
    if not found:
        kinds = Counter(type(module).__name__ for module in model.modules())
        raise ValueError(
            f"{type(model).__name__} has no module of type {_names_of(target_types)}; "
            f"it has {', '.join(f'{kind} ({count})' for kind, count in kinds.most_common())}")
    targets = _each_once(found)
    shapes = {name: _shape_through(name, calls) for name, calls in watch(model, targets, input_shape).items()}
    with ExitStack() as undo:
        layers = _build(model, targets, shapes, factory, undo)
        for name, layer in layers.items():
            _take_place(model, targets[name], layer, undo)
        _guard_and_check(model, layers, input_shape, undo)
        undo.pop_all()
    new = {targets[name]: layer for name, layer in layers.items()}
    return {name: new[module] for name, module in found.items()}


def insert_after(
        model: nn.Module,
        pattern: str,
        factory: Factory,
        name: str = "plugin",
        input_shape: Sequence[int] | None = None,
) -> dict[str, nn.Module]:
    """Add a layer behind every module whose name matches a pattern.

    The layer becomes a child of what stands in the module's place. If there is one already, from an earlier call with
    another ``name``, the new layer comes behind it.

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
        ValueError: if no name matches, if a module is not called once, if its output is not (N, C, H, W),
            if it has a child of that name already, if it is a container with a forward of its own, or if the factory
            gives no layer that keeps the shape.
    """
    _check_not_wrapped(model)
    targets = _matching(model, pattern)
    for target, host in targets.items():
        if hasattr(host, name):
            raise ValueError(f"{target} has a child {name!r} already; give the new one another name")
        if isinstance(host, (nn.Sequential, nn.ModuleList, nn.ModuleDict)) and not _is_sequential(host):
            raise ValueError(f"{target} is a {type(host).__name__}, which goes through its children in a way of its "
                             "own; choose a module within or behind it")
    shapes = {target: _shape_behind(target, calls) for target, calls in watch(model, targets, input_shape).items()}
    with ExitStack() as undo:
        layers = _build(model, targets, shapes, factory, undo)
        for target, layer in layers.items():
            _put_behind(model, targets[target], name, layer, undo)
        _guard_and_check(model, layers, input_shape, undo)
        undo.pop_all()
    return {f"{target}.{name}": layer for target, layer in layers.items()}


def _check_not_wrapped(model: nn.Module) -> None:
    wrappers = {"DistributedDataParallel", "FSDPModule", "FullyShardedDataParallel"}
    for module in model.modules():
        if any(kind.__name__ in wrappers for kind in type(module).__mro__):
            raise ValueError(f"{type(module).__name__} does not see parameters that come later; "
                             "put the layers in before the model is wrapped or sharded")


def _matching(model: nn.Module, pattern: str) -> dict[str, nn.Module]:
    named = {name: module for name, module in model.named_modules(remove_duplicate=False)
             if name and not isinstance(name, HostName)}
    found = {name: module for name, module in named.items() if fnmatchcase(name, pattern)}
    if not found:
        close = difflib.get_close_matches(pattern.replace("*", ""), named, n=8, cutoff=0.3)
        raise ValueError(f"no module of {type(model).__name__} matches {pattern!r}; "
                         f"its names look like {', '.join(close or list(named)[:8])}")
    return _each_once(found)


def _each_once(found: dict[str, nn.Module]) -> dict[str, nn.Module]:
    """Each module under the first of its names."""
    first = {module: name for name, module in reversed(found.items())}
    return {name: module for name, module in found.items() if first[module] == name}


def _is_sequential(module: nn.Module) -> bool:
    return isinstance(module, nn.Sequential) and type(module).forward is nn.Sequential.forward


def _shape_behind(name: str, calls: list[Call]) -> torch.Size:
    if not calls:
        raise ValueError(f"{name} is never called in the forward pass; choose the module that uses it")
    if len(calls) > 1:
        raise ValueError(f"{name} is called {len(calls)} times; choose another module")
    return _map_shape(calls[0].left, f"the output of {name}")


def _shape_through(name: str, calls: list[Call]) -> torch.Size:
    if not calls:
        raise ValueError(f"{name} is never called in the forward pass; choose the type of the module that uses it")
    shapes = [_map_shape(call.entered, f"the input of {name}") for call in calls]
    for call in calls:
        if call.entered != call.left:
            raise ValueError(f"{name} changes the shape of its input, {_shown(call.entered)} to {_shown(call.left)}; "
                             "only a layer that keeps it can be replaced")
    if len({shape[1] for shape in shapes}) > 1:
        raise ValueError(f"{name} is called with {' and '.join(str(shape[1]) for shape in shapes)} channels; "
                         "a new layer takes one number of them")
    return shapes[0]


def _map_shape(shape: torch.Size | str, what: str) -> torch.Size:
    if isinstance(shape, str) or len(shape) != 4:
        raise ValueError(f"{what} is not (N, C, H, W) but {_shown(shape)}; choose another module")
    return shape


def _shown(shape: torch.Size | str) -> str:
    return shape if isinstance(shape, str) else str(list(shape))


def _build(model: nn.Module, targets: Mapping[str, nn.Module], shapes: Mapping[str, torch.Size], factory: Factory,
           undo: ExitStack) -> dict[str, nn.Module]:
    """A new layer for each target, on the device, in the type and in the mode of the module there."""
    undo.callback(torch.set_rng_state, torch.get_rng_state())
    if torch.cuda.is_initialized():
        undo.callback(torch.cuda.set_rng_state_all, torch.cuda.get_rng_state_all())
    known = set(model.modules())
    layers = {}
    for name, target in targets.items():
        layer = factory(shapes[name][1])
        if not isinstance(layer, nn.Module):
            raise ValueError(f"the factory gave {type(layer).__name__} for {name}, expected a torch.nn.Module")
        if layer in known:
            raise ValueError(f"the factory gave a {type(layer).__name__} for {name} that is in the model already; "
                             "it has to make a new one at each call")
        known.add(layer)
        reference = next(target.parameters(), next(model.parameters(), torch.empty(0)))
        layers[name] = layer.to(reference.device, reference.dtype).train(target.training)
        _check_keeps_shape(name, layer, shapes[name])
        mark(layer, name)
    return layers


def _check_keeps_shape(name: str, layer: nn.Module, shape: torch.Size) -> None:
    what = f"the {type(layer).__name__} for {name}"
    shape = torch.Size((1, *shape[1:]))  # a host that cuts the map into windows has more
    try:
        call, = watch(layer, {name: layer}, shape[1:])[name]
    except Exception as error:
        raise ValueError(f"{what} does not take {_shown(shape)}: {one_line(error)}") from error
    if call.left != shape:
        raise ValueError(f"{what} changes the shape of its input, {_shown(shape)} to {_shown(call.left)}; "
                         "a new layer has to keep it")


def _take_place(model: nn.Module, old: nn.Module, new: nn.Module, undo: ExitStack) -> None:
    """Put ``new`` into all places of ``old``, and move the forward hooks there, which see what leaves a place."""
    for name in _FORWARD_HOOKS:
        hooks, own = vars(old)[name], vars(new)[name]
        undo.callback(vars(old).__setitem__, name, hooks)
        for key in own:
            undo.callback(hooks.pop, key)
        hooks.update(own)
        vars(old)[name], vars(new)[name] = type(hooks)(), hooks  # moved itself, so that its handles stay valid
    for parent in list(model.modules()):
        for key, child in parent._modules.items():
            if child is old and parent is not new:
                undo.callback(parent._modules.__setitem__, key, old)
                parent._modules[key] = new


def _put_behind(model: nn.Module, host: nn.Module, name: str, layer: nn.Module, undo: ExitStack) -> None:
    # A Sequential takes a member more: hosts may go through its members, as gradient checkpointing does.
    if not isinstance(host, Extended) and not (
            _is_sequential(host) and not any(hasattr(host, fold) for fold in FOLDS)):
        extended = Extended(host)
        _take_place(model, host, extended, undo)
        host = extended
    elif isinstance(host, nn.Sequential) and any(isinstance(member, nn.Sequential) for member in host):
        layer = Extended(layer)  # hosts may go through the members' members, too
    host.add_module(name, layer)
    undo.callback(host._modules.pop, name)


def _guard_and_check(model: nn.Module, layers: Mapping[str, nn.Module], input_shape: Sequence[int] | None,
                     undo: ExitStack) -> None:
    """Guard the layers, run the model, and check that it calls each of them."""
    for module, method in guard(model, layers.values()):
        undo.callback(vars(module).pop, method)
    try:
        calls = watch(model, layers, input_shape)
    except Exception as error:
        raise ValueError(f"{type(model).__name__} does not run with the new layers: {one_line(error)}") from error
    for name, layer in layers.items():
        if not calls[name]:
            raise ValueError(f"{type(model).__name__} does not call the {type(layer).__name__} for {name}: it has "
                             "another way to that module than its tree; choose another module")


def _names_of(types: type | tuple[type, ...]) -> str:
    return " or ".join(kind.__name__ for kind in (types if isinstance(types, tuple) else (types,)))
