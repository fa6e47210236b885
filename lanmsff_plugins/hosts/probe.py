"""Run a CNN once, and see how often and with what its modules are called.

    calls = watch(model, {"layer1": model.layer1}, input_shape=None)
    calls["layer1"][0].left  # torch.Size([1, 64, 56, 56])
"""
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

__all__ = ["Call", "watch"]


@dataclass(frozen=True)
class Call:
    """One call of a module.

    Attributes:
        entered: Shape of the first argument, or the name of its type where it is no tensor.
        left: The same of what the module returned.
    """

    entered: torch.Size | str
    left: torch.Size | str


def watch(model: nn.Module, modules: Mapping[str, nn.Module], input_shape: Sequence[int] | None
          ) -> dict[str, list[Call]]:
    """The calls of the named modules in one forward pass in evaluation mode, which leaves no trace in the model.

    Args:
        model: The CNN.
        modules: Modules of it by name.
        input_shape: (C, H, W) of the input, zeros; by default timm's ``pretrained_cfg`` says it, or the first
            convolution and 224 pixels.

    Raises:
        ValueError: if there is no convolution to tell the input's channels.
    """
    calls: dict[str, list[Call]] = {name: [] for name in modules}

    def note(name: str):
        def hook(module: nn.Module, args: tuple, kwargs: dict, output: object) -> None:
            calls[name].append(Call(_shape(next(iter((*args, *kwargs.values())), None)), _shape(output)))
        return hook

    with _untouched(model):
        handles = [module.register_forward_hook(note(name), with_kwargs=True) for name, module in modules.items()]
        try:
            model(_example_input(model, input_shape))
        finally:
            for handle in handles:
                handle.remove()
    return calls


def _shape(x: object) -> torch.Size | str:
    return x.shape if isinstance(x, Tensor) else type(x).__name__


@contextmanager
def _untouched(model: nn.Module) -> Iterator[None]:
    """Evaluation mode without gradients; modes, buffers and the state of the random numbers come back."""
    modes = {module: module.training for module in model.modules()}
    buffers = [(module, name, buffer, buffer.clone()) for module in modes
               for name, buffer in module._buffers.items() if buffer is not None]
    devices = {parameter.device for parameter in model.parameters() if parameter.is_cuda}
    with torch.random.fork_rng(devices), torch.no_grad():
        for module in modes:
            module.training = False
        try:
            yield
        finally:
            for module, mode in modes.items():
                module.training = mode
            for module, name, buffer, value in buffers:
                module._buffers[name] = buffer
                buffer.copy_(value)


def _example_input(model: nn.Module, input_shape: Sequence[int] | None) -> Tensor:
    reference = next(model.parameters(), torch.empty(0))
    if input_shape is None:
        first = next((module for module in model.modules() if isinstance(module, nn.Conv2d)), None)
        if first is None:
            raise ValueError(f"{type(model).__name__} has no convolution to tell its input channels; give input_shape")
        config = getattr(model, "pretrained_cfg", None) or {}
        input_shape = (first.in_channels, *config.get("input_size", (3, 224, 224))[1:])
    return torch.zeros(1, *input_shape, device=reference.device, dtype=reference.dtype)
