"""Convolution, batch norm and activation, plain or depthwise separable, initialised as in Keras.

To lift these layers out, take ``checks.py`` along.
"""
import math
from collections.abc import Callable
from functools import partial
from typing import TypeGuard, cast

import torch
from timm.layers import LayerType, create_act_layer, get_norm_layer
from torch import Tensor, nn
from torch.nn.utils import parametrize, prune, remove_spectral_norm, remove_weight_norm
from torch.nn.utils.fusion import fuse_conv_bn_weights
from torch.nn.utils.spectral_norm import SpectralNorm
from torch.nn.utils.weight_norm import WeightNorm

from .checks import convolve

__all__ = ["BatchNorm2d", "ConvNormAct", "DilatedConv2d", "SeparableConv2d", "make_weights_plain"]

# Keras' defaults, which the reference keeps: a momentum of 0.99 there is 0.01 here.
BatchNorm2d = partial(nn.BatchNorm2d, eps=1e-3, momentum=0.01)


class DilatedConv2d(nn.Conv2d):
    """A dilated convolution that keeps the size, and learns in bfloat16 on a CPU too, see ``checks.convolve``.

    Args:
        in_channels: Number of input channels.
        out_channels: Number of output channels.
        kernel_size: Side of the kernel, odd.
        dilation: Dilation of the kernel.
        **kwargs: ``groups``, ``bias``, ``device`` and ``dtype`` of ``torch.nn.Conv2d``.

    Shape:
        (N, in_channels, H, W) to (N, out_channels, H, W).
    """

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int = 3, dilation: int = 2, **kwargs):
        super().__init__(in_channels, out_channels, kernel_size, padding=dilation * (kernel_size // 2),
                         dilation=dilation, **kwargs)

    def forward(self, x: Tensor) -> Tensor:
        if not torch.jit.is_scripting():
            return convolve(self, x, super().forward)
        return self._conv_forward(x, self.weight, self.bias)


def _same_conv2d(in_channels: int, out_channels: int, kernel_size: int, dilation: int, **kwargs) -> nn.Conv2d:
    """A convolution that keeps the size. Of exactly this class, since many tools go by it; see ``checks.convolve``."""
    padding = dilation * (kernel_size // 2)
    return nn.Conv2d(in_channels, out_channels, kernel_size, padding=padding, dilation=dilation, **kwargs)


def _reset(module: nn.Module) -> None:
    """Start a layer anew that knows how."""
    reset = getattr(module, "reset_parameters", None)
    if reset is not None:
        reset()


def _norm_layer(norm_layer: LayerType) -> Callable[..., nn.Module]:
    if not isinstance(norm_layer, str):
        return norm_layer
    try:
        return get_norm_layer(norm_layer)
    except KeyError:
        raise ValueError(f"unknown norm_layer {norm_layer!r}; expected a name of timm.layers.get_norm_layer, such as "
                         "'batchnorm2d', or a class") from None


class SeparableConv2d(nn.Module):
    """A depthwise convolution without bias, then a pointwise one with bias, and nothing between them.

    Args:
        in_channels: Number of input channels.
        out_channels: Number of output channels.
        kernel_size: Side of the depthwise kernel, odd.
        dilation: Dilation of the depthwise kernel.
        device: Device of the parameters.
        dtype: Type of the parameters.

    Shape:
        (N, in_channels, H, W) to (N, out_channels, H, W).
    """

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int = 3, dilation: int = 1,
                 device=None, dtype=None):
        dd = {"device": device, "dtype": dtype}
        super().__init__()
        self.conv_dw = _same_conv2d(
            in_channels, in_channels, kernel_size, dilation, groups=in_channels, bias=False, **dd)
        self.conv_pw = nn.Conv2d(in_channels, out_channels, 1, **dd)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """He uniform, with Keras' fan-in for the depthwise kernel: all the channels, not one."""
        bound = math.sqrt(6 / self.conv_dw.weight[:, 0].numel())
        nn.init.uniform_(self.conv_dw.weight, -bound, bound)
        nn.init.kaiming_uniform_(self.conv_pw.weight, nonlinearity="relu")
        assert self.conv_pw.bias is not None
        nn.init.zeros_(self.conv_pw.bias)

    def forward(self, x: Tensor) -> Tensor:
        if not torch.jit.is_scripting():
            return self.conv_pw(convolve(self.conv_dw, x, self.conv_dw))
        return self.conv_pw(self.conv_dw(x))


class ConvNormAct(nn.Module):
    """A convolution that keeps the size, a norm, and an activation.

    Args:
        in_channels: Number of input channels.
        out_channels: Number of output channels.
        kernel_size: Side of the kernel, odd.
        dilation: Dilation of the kernel.
        separable: Take a :class:`SeparableConv2d` in place of the plain convolution.
        norm_layer: The norm: a name of timm's, such as 'batchnorm2d', or a class, called with the number of channels.
        act_layer: The activation; None leaves it out.
        conv_layer: Makes the plain convolution, with the arguments of ``torch.nn.Conv2d``, which it is by default;
            such as :class:`lanmsff_plugins.layers.QuaternionConv2d`. A separable one stays.
        device: Device of the parameters.
        dtype: Type of the parameters.

    Shape:
        (N, in_channels, H, W) to (N, out_channels, H, W).
    """

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int = 3, dilation: int = 1,
                 separable: bool = False, norm_layer: LayerType = BatchNorm2d,
                 act_layer: LayerType | None = nn.ReLU, conv_layer: Callable[..., nn.Module] | None = None,
                 device=None, dtype=None):
        dd = {"device": device, "dtype": dtype}
        super().__init__()
        self.conv: nn.Module
        if separable:
            self.conv = SeparableConv2d(in_channels, out_channels, kernel_size, dilation, **dd)
        elif conv_layer is not None:
            self.conv = conv_layer(in_channels, out_channels, kernel_size, padding=dilation * (kernel_size // 2),
                                   dilation=dilation, **dd)
        else:
            self.conv = _same_conv2d(in_channels, out_channels, kernel_size, dilation, **dd)
        self.norm: nn.Module = _norm_layer(norm_layer)(out_channels).to(device, dtype)
        self.act = nn.Identity() if act_layer is None else create_act_layer(act_layer, inplace=True)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """He uniform for the kernel, zeros for its bias; their own start for other convolutions and for the norm."""
        if isinstance(self.conv, nn.Conv2d):
            nn.init.kaiming_uniform_(self.conv.weight, nonlinearity="relu")
            if self.conv.bias is not None:
                nn.init.zeros_(self.conv.bias)
        else:
            _reset(self.conv)
        _reset(self.norm)  # a fused norm has gone

    def fuse(self) -> "ConvNormAct":
        """Fold a batch norm, as its running statistics have it now, into the convolution, in place.

        A separable convolution takes it up in its pointwise half. Pruned and normed weights become plain ones first,
        see :func:`make_weights_plain`. Norms of other kinds stay, and so does one beside a convolution with a weight,
        a forward or hooks of another kind, or one that is no ``torch.nn.Conv2d``.
        """
        norm = self.norm
        if (type(norm) is nn.BatchNorm2d or type(norm) is nn.SyncBatchNorm) and norm.running_mean is not None:
            assert norm.running_var is not None  # a norm keeps both or neither
            make_weights_plain(self)
            conv = self.conv.conv_pw if isinstance(self.conv, SeparableConv2d) else self.conv
            if _is_plain(conv) and not (self.conv._forward_hooks or conv._forward_hooks or norm._forward_hooks
                                        or norm._forward_pre_hooks):
                conv.weight, conv.bias = fuse_conv_bn_weights(
                    conv.weight, conv.bias, norm.running_mean, norm.running_var, norm.eps, norm.weight, norm.bias)
                self.norm = nn.Identity()
        return self

    def forward(self, x: Tensor) -> Tensor:
        if not torch.jit.is_scripting():
            return self.act(self.norm(convolve(self.conv, x, self.conv)))
        return self.act(self.norm(self.conv(x)))


def _is_plain(conv: nn.Module) -> TypeGuard[nn.Conv2d]:
    return (type(conv) in (nn.Conv2d, DilatedConv2d) and isinstance(conv.weight, nn.Parameter)
            and (conv.bias is None or isinstance(conv.bias, nn.Parameter)))


def make_weights_plain(module: nn.Module) -> None:
    """Make the weights that are computed anew for each call plain parameters, with the values of now, in place.

    These are pruned ones (``torch.nn.utils.prune``), weight- and spectral-normed ones in both of torch's forms, and
    all others by ``torch.nn.utils.parametrize``.
    """
    for part in list(module.modules()):
        if parametrize.is_parametrized(part):
            _remove_parametrizations(part)
        for hook in reversed(list(part._forward_pre_hooks.values())):  # the last one computes from the others' values
            if isinstance(hook, prune.BasePruningMethod):
                prune.remove(part, hook._tensor_name)
            elif isinstance(hook, WeightNorm):
                remove_weight_norm(part, hook.name)
            elif isinstance(hook, SpectralNorm):
                remove_spectral_norm(part, hook.name)


@torch.no_grad()
def _remove_parametrizations(module: nn.Module) -> None:
    """What torch's function of the name does; but that breaks the module that this one is a copy of (torch 2.15)."""
    parts = cast(nn.ModuleDict, module.parametrizations)
    learns = {name: any(p.requires_grad for p in part.parameters()) for name, part in parts.items()}
    parts.eval()  # in training a spectral norm changes whenever it is looked at
    values = {name: getattr(module, name).clone() for name in learns}
    module.__class__ = parametrize.type_before_parametrizations(module)
    del module.parametrizations
    for name, value in values.items():
        module.register_parameter(name, nn.Parameter(value, learns[name]))
