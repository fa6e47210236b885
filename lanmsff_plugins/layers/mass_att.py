"""MassAtt: channel and spatial attention at once.

Paper: `A Lightweight Attention-based Deep Network via Multi-Scale Feature Fusion for Multi-View Facial
Expression Recognition` - https://arxiv.org/abs/2403.14318

To lift this layer out, take ``checks.py`` along, and for GPUs ``fused.py`` and ``triton_kernels.py``.
"""
import torch
import torch.nn.functional as F
from timm.layers import LayerType, Sigmoid, create_act_layer
from torch import Tensor, nn

from .checks import check_nchw, exporting, fuses, unwatched

__all__ = ["MassAtt"]

torch.fx.wrap("check_nchw")

# The modules in the order of the constructor, as ``fused.py`` computes them.
_FUSED = [nn.Linear] * 2 + [nn.Conv2d] * 2 + [nn.ConvTranspose2d] * 2 + [nn.ReLU] * 4 + [Sigmoid] * 2


class MassAtt(nn.Module):
    """Mass attention: ``x * channel(x) * spatial(x)``.

    The channel branch is squeeze-and-excitation: global average pool, two dense layers, a gate. The
    spatial branch squeezes the channels to their mean and passes that one map through a small
    hourglass, two strided convolutions down and two transposed ones up, and a gate. Both branches see
    the same input, so neither waits for the other.

    The signature is the one that timm's attention slots share, so the class itself, or a
    ``functools.partial`` of it, can be given as ``attn_layer``, ``se_layer`` and the like.

    Args:
        channels: Number of input channels C; the output has as many.
        rd_ratio: Width of the squeezed vector as a share of C, rounded down. 1/4 is the paper's.
        rd_channels: Width of the squeezed vector, in place of ``rd_ratio``.
        rd_divisor: The squeezed width is a multiple of this; 1, so that C // 4 stays exact.
        act_layer: Activation inside both branches.
        gate_layer: What ends both branches.
        device: Device of the parameters.
        dtype: Type of the parameters.

    Shape:
        (N, C, H, W) to the same, for any H and W of 1 or more. The reference exists where 4 divides
        both; other sizes follow TensorFlow's "same" padding, and the map is cut to H x W. To export it
        with a dynamic size, name the sides as ``4 * Dim("h")``, or leave them to ``Dim.AUTO``.

    Raises:
        ValueError: at construction if there is no channel; at the call if the input is not a
            floating-point (N, C, H, W).
    """

    def __init__(
            self,
            channels: int,
            rd_ratio: float = 1 / 4,
            rd_channels: int | None = None,
            rd_divisor: int = 1,
            act_layer: LayerType = nn.ReLU,
            gate_layer: LayerType = "sigmoid",
            device=None,
            dtype=None,
    ):
        dd = {"device": device, "dtype": dtype}
        super().__init__()
        if channels < 1:
            raise ValueError(f"MassAtt needs at least one channel, got channels={channels}")
        if not rd_channels:
            rd_channels = max(rd_divisor, int(channels * rd_ratio) // rd_divisor * rd_divisor)
        self.channels = channels
        self.fc1 = nn.Linear(channels, rd_channels, **dd)
        self.fc2 = nn.Linear(rd_channels, channels, **dd)
        self.down1 = nn.Conv2d(1, 2, 3, stride=2, **dd)
        self.down2 = nn.Conv2d(2, 4, 3, stride=2, **dd)
        self.up1 = nn.ConvTranspose2d(4, 4, 3, stride=2, **dd)
        self.up2 = nn.ConvTranspose2d(4, 1, 3, stride=2, **dd)
        # One module for each use: whatever hooks modules, as explainers do, expects each to be called once.
        self.act = create_act_layer(act_layer)
        self.act_down1 = create_act_layer(act_layer)
        self.act_down2 = create_act_layer(act_layer)
        self.act_up1 = create_act_layer(act_layer)
        self.gate = create_act_layer(gate_layer)
        self.gate_spatial = create_act_layer(gate_layer)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Initialise as the reference does: He uniform for the convolutions, Glorot for the rest."""
        for conv in (self.down1, self.down2):
            nn.init.kaiming_uniform_(conv.weight, nonlinearity="relu")
        for layer in (self.fc1, self.fc2, self.up1, self.up2):
            nn.init.xavier_uniform_(layer.weight)
        for child in self.children():
            bias = getattr(child, "bias", None)
            if bias is not None:
                nn.init.zeros_(bias)

    def channel_attention(self, x: Tensor) -> Tensor:
        """The channel map of ``x``: (N, C, H, W) to (N, C, 1, 1)."""
        squeezed = x.mean((2, 3))  # (N, C)
        return self.gate(self.fc2(self.act(self.fc1(squeezed))))[:, :, None, None]

    def spatial_attention(self, x: Tensor) -> Tensor:
        """The spatial map of ``x``: (N, C, H, W) to (N, 1, H, W)."""
        squeezed = x.mean(1, keepdim=True)  # (N, 1, H, W)
        if torch.jit.is_scripting():
            half = self.act_down1(self.down1(_pad_same(squeezed)))  # (N, 2, ceil(H / 2), ceil(W / 2))
            quarter = self.act_down2(self.down2(_pad_same(half)))  # (N, 4, ceil(H / 4), ceil(W / 4))
        else:
            half = self.act_down1(_halve(self.down1, squeezed))
            quarter = self.act_down2(_halve(self.down2, half))
        # A transposed convolution of stride 2 gives 2n + 1 rows; TensorFlow keeps the first ones.
        half_up = self.act_up1(_crop(self.up1(quarter), half))
        return self.gate_spatial(_crop(self.up2(half_up), x))

    @torch.jit.export
    def attention_maps(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The two maps that ``forward`` multiplies ``x`` with, for looking at.

        Returns:
            The channel map (N, C, 1, 1) and the spatial map (N, 1, H, W), in the gate's range.
        """
        check_nchw(x, self.channels, "MassAtt")
        return self.channel_attention(x), self.spatial_attention(x)

    def forward(self, x: Tensor) -> Tensor:
        if not torch.jit.is_scripting():
            if fuses(x, self.fc1.weight) and unwatched(x, self.children(), _FUSED):
                check_nchw(x, self.channels, "MassAtt")
                parameters = list(self.parameters())
                if len(parameters) == 12:  # none is shared, and no bias has been taken out
                    return torch.ops.lanmsff_plugins.mass_att(x, parameters)[0]
        channel, spatial = self.attention_maps(x)
        return (x * channel).mul_(spatial)  # in place: on the CPU another full-size result costs more than the product


def _crop(x: Tensor, like: Tensor) -> Tensor:
    """The first rows and columns of a map, as many as another has."""
    if exporting():  # every exporter knows the sides of narrow; ncnn's converter knows slices alone
        return x.narrow(2, 0, like.shape[2]).narrow(3, 0, like.shape[3])
    return x[:, :, :like.shape[2], :like.shape[3]]


def _halve(conv: nn.Conv2d, x: Tensor) -> Tensor:
    """A 3x3 convolution of stride 2 with TensorFlow's "same" padding, which the convolution adds itself where it can.

    An odd side has a zero at either end. An even one has a zero at its end only: with two at either end the
    convolution computes the same sums, and one more before them, which is left out.
    """
    if not unwatched(x, [conv], [nn.Conv2d]):
        return conv(_pad_same(x))
    odd = x.shape[2] % 2, x.shape[3] % 2
    y = F.conv2d(x, conv.weight, conv.bias, stride=2, padding=(2 - odd[0], 2 - odd[1]))
    return y[:, :, 1 - odd[0]:, 1 - odd[1]:]


def _pad_same(x: Tensor) -> Tensor:
    """Pad as TensorFlow does for a 3x3 convolution of stride 2: an even side at its end only."""
    return F.pad(x, [x.shape[3] % 2, 1, x.shape[2] % 2, 1])
