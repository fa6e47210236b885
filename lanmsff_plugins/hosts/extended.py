"""A module and the layers behind it, in the module's place: what :func:`~.surgery.insert_after` puts into the tree.

    model.bn = Extended(model.bn)
    model.bn.add_module("attn", MassAtt(64))  # model.bn(x) is now attn(bn(x))

The host, which is the module that stood there, is an ordinary child. So whoever walks through the tree and rebuilds
modules (SyncBN conversion, freezing, fusing) rebuilds the host, and the layers behind it stay. To everybody else the
place looks as before: the host's state-dict and parameter names have no part for the child, and the host's attributes
are read and set through it.

What differs: ``isinstance`` finds the host among ``modules()``, not in its old place; a graph of ``torch.fx`` names the
host's own weights ``PLACE._host.*``.
"""
from collections.abc import Iterator
from typing import Any

from torch import nn

from ..base.compat import on_state_dict

__all__ = ["FOLDS", "HOST", "Extended", "HostName"]

HOST = "_host"
FOLDS = ("fuse", "reparameterize", "switch_to_deploy")  # the methods of timm and OpenMMLab that fold a module into less


class HostName(str):
    """The name of a host in ``named_modules``. What is appended to it continues the name of the place.

    So ``torch.nn.Module.named_parameters``, which appends to the names of the modules, gives a host's parameters the
    names that they have without :class:`Extended`, while ``torch.fx`` finds the host itself under its full name.
    """

    def __add__(self, rest: str) -> str:
        place = self.removesuffix(HOST).removesuffix(".")
        return place + rest if place else rest.removeprefix(".")


class Extended(nn.Module):
    """A host, called with whatever the place is called with, and layers that its output goes through in turn.

    Args:
        host: The module whose place this takes.
    """

    def __init__(self, host: nn.Module):
        super().__init__()
        self.training = host.training
        self.add_module(HOST, host)
        on_state_dict(self, _name_as_before)
        self.register_load_state_dict_post_hook(_report_as_before)

    def forward(self, *args, **kwargs):
        host, *layers = self.children()
        x = host(*args, **kwargs)
        for layer in layers:
            x = layer(x)
        return x

    def __iter__(self) -> Iterator[nn.Module]:
        """For whoever calls the members of a stage in turn, as timm's gradient checkpointing does: here it is one."""
        yield self

    def __getattr__(self, name: str) -> Any:
        try:
            return super().__getattr__(name)
        except AttributeError:
            # Not the host's ways to be copied or folded: they would leave the layers out.
            if name == HOST or name in FOLDS or name.startswith("__"):
                raise
            return getattr(super().__getattr__(HOST), name)

    def __setattr__(self, name: str, value: Any) -> None:
        own = name.startswith("_") or name in vars(self) or hasattr(type(self), name)
        if own or name in self._modules or not hasattr(self._modules[HOST], name):
            super().__setattr__(name, value)
        else:
            setattr(self._modules[HOST], name, value)

    def init_weights(self, *args, **kwargs) -> None:
        """Initialise the host and the layers, as far as they have such a method: MMEngine's walk ends at the first."""
        for child in self.children():
            init_weights = getattr(child, "init_weights", None)
            if init_weights is not None:
                init_weights(*args, **kwargs)

    def named_modules(self, memo: set[nn.Module] | None = None, prefix: str = "",
                      remove_duplicate: bool = True) -> Iterator[tuple[str, nn.Module]]:
        memo = set() if memo is None else memo
        if self in memo:
            return
        if remove_duplicate:
            memo.add(self)
        yield prefix, self
        for name, child in self._modules.items():
            assert child is not None
            full = prefix + ("." if prefix else "") + name
            yield from child.named_modules(memo, HostName(full) if name == HOST else full, remove_duplicate)

    def _load_from_state_dict(self, state_dict, prefix, *args) -> None:
        for key in [key for key in state_dict if key.startswith(prefix)]:
            rest = key.removeprefix(prefix)
            if rest.split(".")[0] not in self._modules:
                state_dict[f"{prefix}{HOST}.{rest}"] = state_dict.pop(key)
        super()._load_from_state_dict(state_dict, prefix, *args)


def _name_as_before(module: nn.Module, state_dict: dict, prefix: str, local_metadata: dict) -> None:
    for key in [key for key in state_dict if key.startswith(prefix)]:  # all of them, which keeps their order
        state_dict[prefix + key.removeprefix(prefix).removeprefix(f"{HOST}.")] = state_dict.pop(key)


def _report_as_before(module: nn.Module, incompatible) -> None:
    for keys in incompatible:
        keys[:] = [key.replace(f".{HOST}.", ".").removeprefix(f"{HOST}.") for key in keys]
