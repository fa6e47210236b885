"""What layers share: checks at their door, and functions that torch.fx, torch.jit and torch.export can follow.

A plain ``if`` on a shape breaks symbolic tracing, so a layer calls these functions and names them to
``torch.fx.wrap`` in its own file: the traced graph then keeps the call, and the check with it.
"""
import os
import warnings
from collections.abc import Callable, Iterable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

__all__ = ["at_least", "check_alike", "check_grids", "check_nchw", "check_scales", "convolve", "exporting", "fuses",
           "resize_nearest", "set_fused", "unwatched"]


# Before torch 2.7, a compiler is all that can be told; the way for exporters is right there as well.
_is_exporting = getattr(torch.compiler, "is_exporting", torch.compiler.is_compiling)


def check_nchw(x: Tensor, channels: int, layer: str,
               hint: str = "build it with the channels of the features that enter it") -> None:
    """Raise ValueError unless ``x`` is a float tensor of shape (N, ``channels``, H, W).

    Args:
        x: What the layer was called with.
        channels: The number of channels that the layer was built for.
        layer: The layer's name, for the message.
        hint: What to do about another number of channels, for the message.
    """
    if torch.jit.is_tracing():  # sizes are tensors there, and a comparison would only warn
        return
    if x.dim() != 4:
        raise ValueError(f"{layer} expects a 4-D input (N, C, H, W), got shape {list(x.shape)}")
    if x.shape[1] != channels:
        raise ValueError(f"{layer} was built for {channels} channels, got {x.shape[1]}; {hint}")
    if not x.is_floating_point():
        raise ValueError(f"{layer} expects floating-point features, got {x.dtype}; convert them with x.float()")


def check_scales(features: list[Tensor], channels: list[int], layer: str) -> None:
    """Raise ValueError unless there is a float tensor of shape (N, C, H_i, W_i) for each C of ``channels``.

    Args:
        features: What the layer was called with.
        channels: The numbers of channels that the layer was built for.
        layer: The layer's name, for the message.
    """
    if len(features) != len(channels):
        raise ValueError(
            f"{layer} was built for {len(channels)} scales, got {len(features)}; "
            "build it with the channels of the features that enter it")
    for x, expected in zip(features, channels):
        check_nchw(x, expected, layer)


def check_grids(scales: list[Tensor], layer: str) -> None:
    """Raise ValueError unless all ``scales`` have the height and width of the last.

    Args:
        scales: The scales that the layer has pooled to one grid, and the last, whose grid that is.
        layer: The layer's name, for the message.
    """
    if torch.jit.is_tracing():
        return
    for x in scales:
        if x.shape[2:] != scales[-1].shape[2:]:
            raise ValueError(
                f"{layer} pooled a scale to {list(x.shape[2:])}, the last is {list(scales[-1].shape[2:])}; "
                "build it with the reductions of the features that enter it")


def check_alike(x: Tensor, other: Tensor, layer: str) -> None:
    """Raise ValueError unless both maps have the same batch, height and width.

    Args:
        x: The first of the maps that the layer was called with.
        other: Another one.
        layer: The layer's name, for the message.
    """
    if torch.jit.is_tracing():
        return
    if x.shape[0] != other.shape[0] or x.shape[2:] != other.shape[2:]:
        raise ValueError(
            f"{layer} expects maps of one batch, height and width, got shapes {list(x.shape)} and {list(other.shape)}; "
            "resize them to the smallest")


def at_least(size: int, least: int) -> int:
    """``max(size, least)`` for a size that may be an int, a symbol of torch.export, or a tensor of torch.jit.trace."""
    if torch.jit.is_scripting():
        return max(size, least)
    else:
        if isinstance(size, Tensor):
            return size.clamp(min=least)
        if isinstance(size, int):  # what torch.compile takes for a symbol, it writes as one
            return max(size, least)
        return torch.sym_max(size, least)  # type: ignore[return-value]


def exporting() -> bool:
    """Whether a program is being written for any size, by torch.export or for ONNX.

    Its sizes are symbols, and a size that is 1 in the example is 1 in the program: what may be 1 needs another way.
    """
    if torch.jit.is_scripting():
        return False
    else:
        return _is_exporting() or torch.onnx.is_in_onnx_export()


def unwatched(x: Tensor, modules: Iterable[nn.Module], kinds: Sequence[type]) -> bool:
    """Whether a layer may compute what its modules do without calling them.

    Not if they have been replaced or parametrised, if hooks wait for their calls, or if a program is being written:
    explainers, counters, quantisation and pruning all go by the modules.

    Args:
        x: What the layer was called with.
        modules: The modules.
        kinds: The exact class of each.
    """
    modules = list(modules)
    return (isinstance(x, Tensor) and [type(module) for module in modules] == list(kinds)
            and not any(module._forward_hooks or module._forward_pre_hooks or module._backward_hooks
                        or module._backward_pre_hooks for module in modules)
            and not torch.jit.is_tracing() and not exporting())


_fused = True
_works: dict[tuple[str, int | None], bool] = {}
_DEVICES = ("cuda", "cpu") if os.environ.get("TRITON_INTERPRET") == "1" else ("cuda",)  # Triton's interpreter


def set_fused(enable: bool) -> None:
    """Let MassAtt and PWFS use kernels of their own on a GPU, as they do by default where Triton is; or PyTorch's."""
    global _fused
    _fused = enable


def fuses(x: Tensor, parameter: Tensor | None = None) -> bool:
    """Whether an operator of ``fused.py`` may compute a layer: on a GPU, where Triton works and nobody traces.

    Args:
        x: What the layer was called with.
        parameter: One of the layer's, which are of the same type outside of autocast.
    """
    return (_fused and type(x) in (Tensor, nn.Parameter) and x.device.type in _DEVICES
            and x.dim() == 4 and x.numel() > 0 and x.dtype in (torch.float32, torch.bfloat16, torch.float16)
            and (parameter is None or parameter.dtype is x.dtype or torch.is_autocast_enabled(x.device.type))
            and not (torch.jit.is_tracing() or exporting() or torch._C._are_functorch_transforms_active())
            and _triton_works(x.device.type, x.device.index))


def _triton_works(device: str, index: int | None) -> bool:
    """Whether the kernels run on a device, tried once: Triton may be missing, and so may a compiler that it needs."""
    place = (device, index)
    if place not in _works:
        try:
            from . import fused  # noqa: F401  # registers the operators

            where = torch.device(device) if index is None else torch.device(device, index)
            torch.ops.lanmsff_plugins.pwfs(torch.zeros(1, 3, 1, 1, device=where))
            _works[place] = True
        except ImportError:
            _works[place] = False
        except Exception as error:  # of Triton's, of the compiler's, of the driver's
            warnings.warn(f"Triton's kernels do not run on {device}, so layers use PyTorch's: {error}", stacklevel=2)
            _works[place] = False
    return _works[place]


_triton_works._dynamo_marked_constant = True  # type: ignore[attr-defined]  # torch.compiler.assume_constant_result


def resize_nearest(x: Tensor, rows: int, columns: int, like: Tensor) -> Tensor:
    """Resize the first rows and columns of a map to the height and width of another, by nearest neighbours.

    Args:
        x: (N, C, rows or more, columns or more).
        rows: How many rows count.
        columns: How many columns count.
        like: The map with the height and width to resize to.
    """
    if exporting():  # in integers, for the runtimes of ONNX round a scale in float
        height, width = like.shape[2], like.shape[3]
        x = x.index_select(2, torch.arange(height, device=x.device) * rows // height)
        return x.index_select(3, torch.arange(width, device=x.device) * columns // width)
    return F.interpolate(x, size=like.shape[2:], mode="nearest")


def convolve(conv: nn.Module, x: Tensor, call: Callable[[Tensor], Tensor]) -> Tensor:
    """``call(x)``, the call of ``conv``, with gradients that are right in bfloat16 on a CPU too.

    There oneDNN, as of torch 2.15, gets the gradient of a dilated kernel wrong in channels last where a row is
    longer than 32 with its padding: it holds what was in memory before. So in that case the same sums are taken
    without dilation, over the ``dilation ** 2`` coarser images that interleave to the given one. The convolution
    itself stays an ``nn.Conv2d``, and is called as one: counters, quantisation and pruning go by that.
    """
    if not isinstance(conv, nn.Conv2d) or conv.dilation[0] == 1 or not _loses_gradients(x, conv.weight):
        return call(x)
    padding, dilation = conv.padding, conv.dilation
    try:
        conv.padding, conv.dilation = (int(padding[0]) // dilation[0],) * 2, (1, 1)
        y = call(_deinterleave(x, dilation[0]))
    finally:
        conv.padding, conv.dilation = padding, dilation
    return _interleave(y, dilation[0])[:, :, :x.shape[2], :x.shape[3]]


def _loses_gradients(x: Tensor, weight: Tensor) -> bool:
    """Whether oneDNN is about to get the gradient of a dilated kernel wrong. FX traces on without an answer."""
    return (isinstance(x, Tensor) and torch.is_grad_enabled() and x.device.type == "cpu"
            and (x.dtype == torch.bfloat16 or torch.is_autocast_enabled("cpu"))
            and not (x.is_contiguous() and weight.is_contiguous()))


def _deinterleave(x: Tensor, step: int) -> Tensor:
    """Take every ``step``-th row and column: (N, C, H, W) to (N * step ** 2, C, ceil(H / step), ceil(W / step))."""
    rows, columns = -x.shape[2] % step, -x.shape[3] % step
    if rows or columns:
        x = F.pad(x, [0, columns, 0, rows])
    x = x.unflatten(3, (-1, step)).unflatten(2, (-1, step))
    return x.permute(0, 3, 5, 2, 4, 1).flatten(0, 2).permute(0, 3, 1, 2)  # channels last, at the cost of one copy


def _interleave(x: Tensor, step: int) -> Tensor:
    """The way back, with the padding."""
    x = x.permute(0, 2, 3, 1).unflatten(0, (-1, step, step))  # (N, step, step, H, W, C)
    return x.permute(0, 3, 1, 4, 2, 5).flatten(3, 4).flatten(1, 2).permute(0, 3, 1, 2)
