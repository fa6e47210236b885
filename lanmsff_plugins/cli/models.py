"""From what a user writes on a command line to a model: a timm name, packaged weights, a config, a dotted factory.

    model, shape, outputs = build_and_try("lanmsff.ferplus", None)
"""
import argparse
import ast
from collections.abc import Callable, Sequence

import timm
import torch
from torch import nn

import timm_registry  # noqa: F401  (timm knows lanmsff from here on)

from .. import weights
from ..base.errors import one_line, unknown
from ..base.imports import import_callable
from ..weights.loading import FOREIGN, PACKAGED, load_weights

__all__ = ["DEFAULT_SHAPE", "MODEL_HELP", "add_shape_argument", "build_and_try", "build_model", "default_shape",
           "is_untrained", "load_checkpoint", "run_once"]

DEFAULT_SHAPE = (1, 64, 64)  # of LANMSFF's faces
MODEL_HELP = ("a timm name, trained with a tag (lanmsff.ferplus) and untrained without (lanmsff); a config's file; or "
              "a factory, module:callable; names and factories can have arguments, as 'lanmsff(num_classes=7)'")


def add_shape_argument(parser: argparse.ArgumentParser) -> None:
    """The option ``--shape C H W``."""
    parser.add_argument("--shape", nargs=3, type=int, metavar=("C", "H", "W"),
                        help="shape of one image (default: the model's own, 1 64 64 where it has none)")


def build_and_try(name: str, shape: Sequence[int] | None) -> tuple[nn.Module, tuple[int, int, int], torch.Tensor]:
    """Build a model and run it once.

    Args:
        name: As for :func:`build_model`.
        shape: (C, H, W) of an image; the model's own by default.

    Returns:
        The model, the shape, and what the model gives for one blank image.

    Raises:
        FileNotFoundError: if there is no such config.
        ValueError: if there is no such model, or it does not take images of that shape.
    """
    if shape and min(shape) < 1:
        raise ValueError(f"--shape expects channels, height and width of 1 or more, got {' '.join(map(str, shape))}")
    model = build_model(name)
    shape = tuple(shape or default_shape(model))
    return model, shape, run_once(model, shape, name)


def build_model(name: str) -> nn.Module:
    """Build a model in float32 on the CPU.

    Args:
        name: One of

            - a name of timm, such as ``lanmsff`` or ``resnet18``: untrained, and with a tag, as ``lanmsff.ferplus``
              or ``resnet18.a1_in1k``, with the weights of that tag;
            - packaged weights, as ``lanmsff_ferplus`` or ``lanmsff://lanmsff_ferplus``;
            - a config, by path or as ``lanmsff_ferplus.py`` one of the package's, untrained; OpenMMLab is imported only
              then;
            - a factory by its module, as ``timm.layers:SEModule`` or ``timm.layers.SEModule``.

            Names of timm and factories can have arguments: ``lanmsff(num_classes=7)``, ``timm.layers:SEModule(72)``.

    Raises:
        FileNotFoundError: if there is no such config.
        ValueError: if there is no such model, it cannot be built, or its weights are for another number of classes.
    """
    if name.endswith(".py"):
        return _from_config(name)
    path, args, kwargs = _parse(name)
    if _is_timm(path):
        left_out = next((key for key, value in kwargs.items() if value is None), None)
        if left_out:
            raise ValueError(f"{name} would keep the default of {left_out}: timm leaves out arguments that are None")
        kwargs = {"pretrained": _has_weights(path), **kwargs}
    factory = _factory(path)
    try:
        model = factory(*args, **kwargs)
    except (AssertionError, ImportError, KeyError, OSError, RuntimeError, TypeError, ValueError) as error:
        hint = "; without its tag it is the untrained network" if _is_timm(path) and isinstance(error, OSError) else ""
        raise ValueError(f"{name} cannot be built: {one_line(error)}{hint}") from error
    if not isinstance(model, nn.Module):
        raise ValueError(f"{name} is {type(model).__name__}, expected something that makes a torch.nn.Module")
    if _is_timm(path) and kwargs["pretrained"]:
        _check_classes(model, name)
    return model.float().cpu()


def is_untrained(name: str) -> bool:
    """Whether :func:`build_model` gives a model with weights as it starts; of a factory's nobody can tell."""
    if name.endswith(".py"):
        return True
    path, _, kwargs = _parse(name)
    return _is_timm(path) and not kwargs.get("pretrained", _has_weights(path))


def load_checkpoint(model: nn.Module, path: str) -> None:
    """Load a checkpoint as :func:`~lanmsff_plugins.weights.loading.load_weights` does, by ``foreign://PATH`` too."""
    if path.startswith(FOREIGN):
        from ..mm.engine.checkpoint import read_checkpoint  # it knows what MMEngine writes, and needs OpenMMLab

        load_weights(model, path, read_checkpoint)
    else:
        load_weights(model, path)


def default_shape(model: nn.Module) -> tuple[int, int, int]:
    """(C, H, W) of the image that a model is made for: what timm says of it, else one of LANMSFF's faces."""
    config = getattr(model, "pretrained_cfg", None) or {}
    shape = tuple(config.get("input_size", DEFAULT_SHAPE))
    return (getattr(model, "in_chans", shape[0]), *shape[1:])


def run_once(model: nn.Module, shape: tuple[int, int, int], name: str) -> torch.Tensor:
    """What the model gives for one blank image, in evaluation mode.

    Raises:
        ValueError: if the model does not take images of that shape, or gives something else than a tensor.
    """
    try:
        with torch.no_grad():
            out = model.eval()(torch.zeros(1, *shape))
    except (AssertionError, IndexError, RuntimeError, TypeError, ValueError) as error:
        raise ValueError(f"{name} does not take an image of {'x'.join(map(str, shape))}: {one_line(error)}; "
                         "say --shape C H W") from error
    if not isinstance(out, torch.Tensor):
        raise ValueError(f"{name} gives {type(out).__name__}, expected one tensor")
    return out


def _parse(name: str) -> tuple[str, list, dict]:
    """Split ``path(arguments)``; packaged weights have timm's name in the path."""
    path, bracket, arguments = name.partition("(")
    if path.startswith(PACKAGED) or path in weights.names():
        card = weights.card(path.removeprefix(PACKAGED))
        path = f"{card['model']}.{card['tag']}"
    if not bracket:
        return path, [], {}
    try:
        call = ast.parse(f"f({arguments}", mode="eval").body
        if not isinstance(call, ast.Call) or any(keyword.arg is None for keyword in call.keywords):
            raise ValueError("it is no call")
        return (path, [ast.literal_eval(arg) for arg in call.args],
                {keyword.arg: ast.literal_eval(keyword.value) for keyword in call.keywords})
    except (SyntaxError, ValueError):
        raise ValueError(f"{name!r} cannot be read: expected NAME(ARGUMENTS) with plain values, "
                         "such as lanmsff(num_classes=7)") from None


def _is_timm(path: str) -> bool:
    return ":" not in path and timm.is_model(path)


def _has_weights(path: str) -> bool:
    """Whether a name of timm has a tag, and the tag has weights."""
    name, dot, _ = path.partition(".")
    if not dot:
        return False
    try:
        return timm.get_pretrained_cfg(path).has_weights
    except RuntimeError:
        raise ValueError(unknown("weights", path, timm.list_pretrained(f"{name}.*"))) from None


def _check_classes(model: nn.Module, name: str) -> None:
    """Refuse a model whose weights are all trained but those of its classifier."""
    trained, classes = model.pretrained_cfg["num_classes"], getattr(model, "num_classes", 0)
    if classes not in (0, trained):
        raise ValueError(f"{name} has weights for {trained} classes, got num_classes={classes}; leave num_classes out, "
                         "or name the model without its tag")


def _factory(path: str) -> Callable[..., nn.Module]:
    if "." not in path.partition(":")[0] and ":" not in path or _is_timm(path):
        if not _is_timm(path):
            see = "timm.list_models(), or name a factory by its module, as timm.layers:SEModule(72)"
            raise ValueError(unknown("timm model", path, timm.list_models(), see))
        return lambda *args, **kwargs: timm.create_model(path, *args, **kwargs)
    return import_callable(path)


def _from_config(path: str) -> nn.Module:
    try:
        from ..mm.models.zoo import build_config  # only who names a config needs OpenMMLab
    except ImportError as error:
        raise ValueError(f"{path} is a config, and these need OpenMMLab ({error}): "
                         "pip install 'lanmsff-plugins[mm]'") from None
    return build_config(path)
