"""From what a user writes on a command line to a model: a timm name, a config, a dotted factory."""
import ast
import difflib
import inspect
import pickle
import pkgutil
from collections.abc import Callable
from pathlib import Path

import timm
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from ..state_dicts import from_mm, to_mm

__all__ = ["DEFAULT_SHAPE", "build_model", "default_shape", "load_weights", "run_once"]

DEFAULT_SHAPE = (1, 64, 64)  # of LANMSFF's faces


def build_model(name: str) -> nn.Module:
    """Build a model, with weights as it starts.

    Args:
        name: One of

            - a name of timm, such as ``lanmsff`` or ``resnet18``;
            - a config of MMPretrain, ``mm_configs/lanmsff_ferplus.py`` say; OpenMMLab is imported only then;
            - a factory by its module, as ``timm.layers:SEModule`` or ``timm.layers.SEModule``.

            Names of timm and factories can have arguments: ``lanmsff(num_classes=7)``, ``timm.layers:SEModule(72)``.

    Raises:
        FileNotFoundError: if there is no such config.
        ValueError: if there is no such model, or it cannot be built.
    """
    if name.endswith(".py"):
        return _from_config(name)
    path, args, kwargs = _parse(name)
    try:
        model = _factory(path)(*args, **kwargs)
    except (AssertionError, ImportError, RuntimeError, TypeError) as error:
        raise ValueError(f"{name} cannot be built: {_first_line(error)}") from error
    if not isinstance(model, nn.Module):
        raise ValueError(f"{name} is {type(model).__name__}, expected something that makes a torch.nn.Module")
    return model


def default_shape(model: nn.Module) -> tuple[int, int, int]:
    """(C, H, W) of the image that a model is made for: what timm says of it, else one of LANMSFF's faces."""
    config = getattr(model, "pretrained_cfg", None) or {}
    shape = tuple(config.get("input_size", DEFAULT_SHAPE))
    return (getattr(model, "in_chans", shape[0]), *shape[1:])


def load_weights(model: nn.Module, path: str) -> None:
    """Load a checkpoint of ours: timm's or MMEngine's, a state dict, or safetensors, under any of their names.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it cannot be read without running code, or does not fit the model.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f"no checkpoint at {path}; expected a .pth or .safetensors file")
    try:
        found = load_file(path) if path.endswith(".safetensors") else torch.load(path, "cpu", weights_only=True)
    except (EOFError, RuntimeError, pickle.UnpicklingError, SafetensorError) as error:
        raise ValueError(f"{path} cannot be read as a checkpoint: {_first_line(error)}") from error
    state_dict = found.get("state_dict", found)
    expected = model.state_dict()
    renamed = max((rename(state_dict) for rename in (dict, from_mm, to_mm)),
                  key=lambda renamed: len(renamed.keys() & expected.keys()))
    wrong = [name for name in expected if name not in renamed or renamed[name].shape != expected[name].shape]
    if wrong or renamed.keys() != expected.keys():
        raise ValueError(f"{path} does not fit the model" + (
            f": {wrong[0]} is {list(expected[wrong[0]].shape)} there, "
            f"{list(renamed[wrong[0]].shape) if wrong[0] in renamed else 'missing'} in the file" if wrong else "")
            + "; name a model with the same layers and classes, as 'lanmsff(num_classes=7)'")
    model.load_state_dict(renamed)


def run_once(model: nn.Module, shape: tuple[int, int, int], name: str) -> torch.Tensor:
    """What the model gives for one blank image, in evaluation mode.

    Raises:
        ValueError: if the model does not take images of that shape, or gives something else than a tensor.
    """
    try:
        with torch.no_grad():
            out = model.eval()(torch.zeros(1, *shape))
    except (AssertionError, IndexError, RuntimeError, TypeError, ValueError) as error:
        raise ValueError(f"{name} does not take an image of {'x'.join(map(str, shape))}: {_first_line(error)}; "
                         "say --shape C H W") from error
    if not isinstance(out, torch.Tensor):
        raise ValueError(f"{name} gives {type(out).__name__}, expected one tensor")
    return out


def _parse(name: str) -> tuple[str, list, dict]:
    """Split ``path(arguments)``."""
    path, bracket, arguments = name.partition("(")
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


def _factory(path: str) -> Callable[..., nn.Module]:
    import timm_registry  # noqa: F401  (timm knows lanmsff from here on; at the top it would import us in a circle)

    if "." not in path.partition(":")[0] and ":" not in path or timm.is_model(path):
        if not timm.is_model(path):
            near = difflib.get_close_matches(path, timm.list_models(), n=3)
            raise ValueError(f"timm has no model {path!r}; " + (
                f"did you mean {', '.join(near)}?" if near else "see timm.list_models(), or name a factory by its "
                "module, as timm.layers:SEModule(72)"))
        return lambda *args, **kwargs: timm.create_model(path, *args, **kwargs)
    try:
        factory = pkgutil.resolve_name(path)
    except (ValueError, ImportError, AttributeError) as error:
        raise ValueError(f"nothing to import at {path!r} ({error}); expected module.path:callable") from None
    if not callable(factory) or inspect.ismodule(factory):
        raise ValueError(f"{path} is {type(factory).__name__}, expected something that makes a torch.nn.Module")
    return factory


def _from_config(path: str) -> nn.Module:
    try:
        from ..mm.zoo import build_config  # the one look up from here: only who names a config needs OpenMMLab
    except ImportError as error:
        raise ValueError(f"{path} is a config, and these need OpenMMLab ({error}): pip install '.[mm]'") from None
    return build_config(path)


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
