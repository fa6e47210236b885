"""Convolution, batch norm and activation, plain or depthwise separable, initialised as in Keras."""
import math
from functools import partial

from timm.layers import LayerType, create_act_layer
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_weights

__all__ = ["BatchNorm2d", "ConvNormAct", "SeparableConv2d"]

# Keras' defaults, which the reference keeps: a momentum of 0.99 there is 0.01 here.
BatchNorm2d = partial(nn.BatchNorm2d, eps=1e-3, momentum=0.01)


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
        self.conv_dw = nn.Conv2d(in_channels, in_channels, kernel_size, padding=dilation * (kernel_size // 2),
                                 dilation=dilation, groups=in_channels, bias=False, **dd)
        self.conv_pw = nn.Conv2d(in_channels, out_channels, 1, **dd)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """He uniform, with Keras' fan-in for the depthwise kernel: all the channels, not one."""
        bound = math.sqrt(6 / self.conv_dw.weight[:, 0].numel())
        nn.init.uniform_(self.conv_dw.weight, -bound, bound)
        nn.init.kaiming_uniform_(self.conv_pw.weight, nonlinearity="relu")
        nn.init.zeros_(self.conv_pw.bias)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv_pw(self.conv_dw(x))


class ConvNormAct(nn.Module):
    """A convolution that keeps the size, a norm, and an activation.

    Args:
        in_channels: Number of input channels.
        out_channels: Number of output channels.
        kernel_size: Side of the kernel, odd.
        dilation: Dilation of the kernel.
        separable: Take a :class:`SeparableConv2d` in place of the plain convolution.
        norm_layer: Called with the number of channels.
        act_layer: The activation; None leaves it out.
        device: Device of the parameters.
        dtype: Type of the parameters.

    Shape:
        (N, in_channels, H, W) to (N, out_channels, H, W).
    """

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int = 3, dilation: int = 1,
                 separable: bool = False, norm_layer: LayerType = BatchNorm2d, act_layer: LayerType | None = nn.ReLU,
                 device=None, dtype=None):
        dd = {"device": device, "dtype": dtype}
        super().__init__()
        if separable:
            self.conv = SeparableConv2d(in_channels, out_channels, kernel_size, dilation, **dd)
        else:
            self.conv = nn.Conv2d(in_channels, out_channels, kernel_size, padding=dilation * (kernel_size // 2),
                                  dilation=dilation, **dd)
        self.norm = norm_layer(out_channels, **dd)
        self.act = nn.Identity() if act_layer is None else create_act_layer(act_layer, inplace=True)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """He uniform for the kernel, zeros for its bias; the norm's own start for the norm."""
        if isinstance(self.conv, SeparableConv2d):
            self.conv.reset_parameters()
        else:
            nn.init.kaiming_uniform_(self.conv.weight, nonlinearity="relu")
            nn.init.zeros_(self.conv.bias)
        if hasattr(self.norm, "reset_parameters"):  # a fused norm has gone
            self.norm.reset_parameters()

    def fuse(self) -> "ConvNormAct":
        """Fold a batch norm, as its running statistics have it now, into the convolution, in place.

        A separable convolution takes it up in its pointwise half. Norms of other kinds stay.
        """
        if type(self.norm) in (nn.BatchNorm2d, nn.SyncBatchNorm) and self.norm.running_mean is not None:
            conv = self.conv.conv_pw if isinstance(self.conv, SeparableConv2d) else self.conv
            conv.weight, conv.bias = fuse_conv_bn_weights(
                conv.weight, conv.bias, self.norm.running_mean, self.norm.running_var, self.norm.eps,
                self.norm.weight, self.norm.bias)
            self.norm = nn.Identity()
        return self

    def forward(self, x: Tensor) -> Tensor:
        return self.act(self.norm(self.conv(x)))
