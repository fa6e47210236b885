"""How a layer of ours is built and named in its authors' code, so that their checkpoints load.

    Official({"dim": "channels"}).load(CCM, {"dim": 12, "growth_rate": 2.0}, state_dict)
"""
import difflib
import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from .quaternion import QuaternionConv1d, QuaternionConv2d

__all__ = ["Official", "nearest", "quaternion"]


@dataclass(frozen=True)
class Official:
    """A class of the authors' code beside ours.

    Attributes:
        arguments: Its constructor's arguments, and our name of each; '' for one that has no effect there.
        only: The value of each argument that has just one that works.
        names: Regular expressions over its state-dict names, applied in turn, and what stands there in ours.
        unused: Regular expression over the state-dict names of what it registers and never uses.
        adapt: For what is no PyTorch module: makes our class, its arguments and our state dict of both.
    """

    arguments: Mapping[str, str] = field(default_factory=dict)
    only: Mapping[str, object] = field(default_factory=dict)
    names: tuple[tuple[str, str], ...] = ()
    unused: str = "$^"
    adapt: Callable[..., tuple[Callable[..., nn.Module], dict[str, Any], dict[str, Tensor]]] | None = None

    def load(self, build: Callable[..., nn.Module], constructor: Any, state_dict: Mapping[str, Tensor]) -> nn.Module:
        """Our module with the official weights, in the type of these.

        Args:
            build: Our class.
            constructor: The official constructor's arguments by name.
            state_dict: The official weights by name.

        Raises:
            ValueError: if an argument or a weight is unknown, missing, or does not fit.
        """
        if self.adapt is not None:
            build, arguments, weights = self.adapt(constructor, state_dict)
        else:
            arguments = self._translate(build, constructor)
            weights = {self._rename(name): value for name, value in state_dict.items()
                       if not re.search(self.unused, name)}
        dtype = next((value.dtype for value in weights.values() if value.is_floating_point()), None)
        module = build(**arguments, dtype=dtype)
        module.load_state_dict(_fit(module.state_dict(), weights, type(module).__name__))
        return module

    def _translate(self, build: Callable[..., nn.Module], constructor: Mapping[str, Any]) -> dict[str, Any]:
        arguments: dict[str, Any] = {}
        for name, value in constructor.items():
            if name in self.only:
                if value != self.only[name]:
                    raise ValueError(f"the official code works with {name}={self.only[name]!r} only, got {value!r}")
            elif name not in self.arguments:
                raise ValueError(nearest("official argument", name, [*self.arguments, *self.only]))
            elif ours := self.arguments[name]:
                if arguments.setdefault(ours, value) != value:
                    said_by = [other for other in constructor if self.arguments.get(other) == ours]
                    raise ValueError(f"{' and '.join(said_by)} have to be equal, got "
                                     f"{' and '.join(repr(constructor[other]) for other in said_by)}")
        for parameter in inspect.signature(build).parameters.values():
            if parameter.default is parameter.empty and parameter.name not in arguments:
                needed = [name for name, ours in self.arguments.items() if ours == parameter.name]
                raise ValueError(f"the official argument {' or '.join(needed)} is missing")
        return arguments

    def _rename(self, name: str) -> str:
        for pattern, ours in self.names:
            name = re.sub(pattern, ours, name)
        return name


def nearest(what: str, name: object, known: Iterable[str]) -> str:
    """The message for a name that does not exist, with those that do, the nearest first."""
    names = list(known)
    near = difflib.get_close_matches(str(name), names, n=3) or names
    return f"unknown {what} {name!r}; did you mean {' or '.join(near)}?"


def _fit(expected: Mapping[str, Tensor], weights: Mapping[str, Tensor], layer: str) -> dict[str, Tensor]:
    """``weights`` in the shapes that are expected: a linear layer over the channels of a pixel is a 1x1 convolution."""
    missing = [name for name in expected if name not in weights and not name.endswith("num_batches_tracked")]
    unexpected = [name for name in weights if name not in expected]
    if missing or unexpected:
        raise ValueError(f"the official weights do not fit {layer}: missing are {', '.join(missing) or 'none'}, "
                         f"unexpected are {', '.join(unexpected) or 'none'} (our names)")
    fitted = dict(expected)
    for name, value in weights.items():
        shape = expected[name].shape
        if [side for side in value.shape if side > 1] != [side for side in shape if side > 1]:
            raise ValueError(f"the official weight {name} (our name) has shape {list(value.shape)}, and {layer} built "
                             f"with these arguments has {list(shape)}")
        fitted[name] = value.reshape(shape)
    return fitted


def quaternion(constructor: Any, state_dict: Mapping[str, Tensor]) -> tuple[
        Callable[..., nn.Module], dict[str, Any], dict[str, Tensor]]:
    """A quaternion convolution, whose official code is in Keras.

    Args:
        constructor: Any of ``stride``, ``dilation``, ``padding`` or ``pad_lo_hi`` (a pair for each axis), 'same' by
            default as in Keras, and ``groups`` or ``quaternion_groups``. What the shapes of the weights say may be
            there too. Anything but a mapping says nothing.
        state_dict: The real arrays ``r``, ``i``, ``j`` and ``k`` (Co, Ci / groups, *kernel), and perhaps ``bias``.

    Returns:
        The class for the number of axes that the kernel has, its arguments, and its weights.
    """
    given = dict(constructor) if isinstance(constructor, Mapping) else {}
    if not {*"rijk"} <= state_dict.keys() <= {*"rijk", "bias"}:
        raise ValueError(f"the official weights of a quaternion convolution are r, i, j, k and bias, got "
                         f"{', '.join(state_dict)}")
    weights = {"weight": torch.cat([state_dict[part] for part in "rijk"])}
    if "bias" in state_dict:
        weights["bias"] = state_dict["bias"]
    out_quaternions, in_quaternions, *kernel = state_dict["r"].shape
    groups = given.pop("quaternion_groups", given.pop("groups", 1))
    arguments = {"in_channels": 4 * groups * in_quaternions, "out_channels": 4 * out_quaternions,
                 "kernel_size": kernel, "groups": groups, "bias": "bias" in weights,
                 "stride": given.pop("stride", 1), "dilation": given.pop("dilation", 1),
                 "padding": given.pop("pad_lo_hi", given.pop("padding", "same"))}
    of_shapes = {**arguments, "kernel": kernel, "quaternion_out": out_quaternions, "in_shape": given.get("in_shape")}
    for name, value in given.items():
        if name not in of_shapes:
            raise ValueError(nearest("official argument", name, ["quaternion_groups", "pad_lo_hi", *of_shapes]))
        if value != of_shapes[name] and [value] * len(kernel) != of_shapes[name]:
            raise ValueError(f"the shapes of the official weights say {name}={of_shapes[name]}, got {value}")
    return QuaternionConv2d if len(kernel) == 2 else QuaternionConv1d, arguments, weights
