"""XMSNet's layers: multi max pooling (LGB), query attention, and all-round attentive fusion (AF0, AF).

    AF0(72)(torch.rand(1, 72, 16, 16), torch.rand(1, 72, 16, 16))

Paper: `Object Segmentation by Mining Cross-Modal Semantics` - https://arxiv.org/abs/2305.10469.
Equal to the authors' code in outputs and gradients, written from a description in words. The loss between heads of
that code is not here: it takes the softmax over one channel, so it and its gradient are always zero.

To lift these layers out, take ``checks.py`` along.
"""
import torch
import torch.nn.functional as F
from timm.layers import LayerNorm2d
from torch import Tensor, nn

from .checks import check_alike, check_nchw

__all__ = ["AF", "AF0", "LGB", "QueryAttention"]

torch.fx.wrap("check_alike")
torch.fx.wrap("check_nchw")
torch.fx.wrap("_default")

_Optional = Tensor | None  # one object: torch.fx of torch 2.6 does not trace two equal ones


class LGB(nn.Module):
    """Max pooling at four sizes, 1, 3, 5 and 7, each of another quarter of four times the channels.

    The pooling is the only non-linearity, and there is no residual: the layer replaces the features.

    Args:
        channels: Number of input channels C; the output has as many.
        device: Device of the parameters.
        dtype: Type of the parameters.

    Shape:
        (N, C, H, W) to the same, for any H and W of 1 or more.

    Raises:
        ValueError: at construction if there is no channel; at the call if the input is not a floating-point
            (N, C, H, W).
    """

    def __init__(self, channels: int, device=None, dtype=None):
        dd = {"device": device, "dtype": dtype}
        super().__init__()
        if channels < 1:
            raise ValueError(f"LGB needs at least one channel, got channels={channels}")
        self.channels = channels
        self.expand = nn.Conv2d(channels, 4 * channels, 1, **dd)
        self.conv_dw = nn.Conv2d(4 * channels, 4 * channels, 3, padding=1, groups=4 * channels, bias=False, **dd)
        self.norm = nn.BatchNorm2d(4 * channels, **dd)
        self.project = nn.Conv2d(4 * channels, channels, 1, **dd)

    def forward(self, x: Tensor) -> Tensor:
        check_nchw(x, self.channels, "LGB")
        a, b, c, d = self.expand(x).chunk(4, dim=1)
        pooled = torch.cat([a, _largest_around(b, 3), _largest_around(c, 5), _largest_around(d, 7)], dim=1)
        return self.project(self.norm(self.conv_dw(pooled)))


def _largest_around(x: Tensor, size: int) -> Tensor:
    """Max pooling with stride 1, along the rows and then the columns: 14 comparisons for a size of 7, not 49.

    The gradient too goes where that of one pooling would, to the first of equal values in reading order.
    """
    rows = F.max_pool2d(x, (1, size), stride=1, padding=(0, size // 2))
    return F.max_pool2d(rows, (size, 1), stride=1, padding=(size // 2, 0))


class QueryAttention(nn.Module):
    """Specificity-aware querying: two maps ask a third by attention over channels, then a linear layer; with residuals.

    Named ``MaskAttentionTransformerBlock`` in the authors' code. With one map it is transposed attention. The inputs
    enter without a norm, and the feed-forward part is one linear layer without activation.

    Args:
        channels: Number of input channels C, even; the output has as many.
        num_heads: Number of heads, a divisor of C. 2 is the paper's.
        bias: Give the 1x1 convolutions of the attention a bias. The paper's have none.
        device: Device of the parameters.
        dtype: Type of the parameters.

    Shape:
        - x, y: (N, C, H, W), the maps that make the query; y is x by default.
        - z: (N, C, H, W), the map that is mixed, to which the residual goes; x by default.
        - Output: (N, C, H, W), for any H and W of 1 or more.

    Raises:
        ValueError: at construction if C is odd or ``num_heads`` does not divide it; at the call if the maps are not
            floating-point (N, C, H, W) of one shape.
    """

    def __init__(self, channels: int, num_heads: int = 2, bias: bool = False, device=None, dtype=None):
        dd = {"device": device, "dtype": dtype}
        super().__init__()
        if channels < 2 or channels % 2 or num_heads < 1 or channels % num_heads:
            raise ValueError(f"QueryAttention needs channels divisible by 2 and by num_heads={num_heads}, got "
                             f"channels={channels}")
        self.channels = channels
        self.num_heads = num_heads
        self.q_x = nn.Conv2d(channels, channels // 2, 1, bias=bias, **dd)
        self.q_y = nn.Conv2d(channels, channels // 2, 1, bias=bias, **dd)
        self.q = nn.Conv2d(channels, channels, 1, bias=bias, **dd)
        self.k = nn.Conv2d(channels, channels, 1, bias=bias, **dd)
        self.v = nn.Conv2d(channels, channels, 1, bias=bias, **dd)
        self.proj = nn.Conv2d(channels, channels, 1, bias=bias, **dd)
        self.norm = LayerNorm2d(channels, eps=1e-5).to(device, dtype)
        self.fc = nn.Conv2d(channels, channels, 1, **dd)
        self.temperature = nn.Parameter(torch.ones(num_heads, 1, 1, **dd))

    def reset_parameters(self) -> None:
        """Start anew: torch's defaults, a temperature of 1."""
        for layer in (self.q_x, self.q_y, self.q, self.k, self.v, self.proj, self.norm, self.fc):
            layer.reset_parameters()
        nn.init.ones_(self.temperature)

    def forward(self, x: Tensor, y: _Optional = None, z: _Optional = None) -> Tensor:
        y, z = _default(y, x), _default(z, x)
        check_nchw(x, self.channels, "QueryAttention")
        for other in (y, z):
            check_nchw(other, self.channels, "QueryAttention")
            check_alike(x, other, "QueryAttention")
        q = self.q(torch.cat([self.q_x(x), self.q_y(y)], dim=1))
        q = F.normalize(self._heads(q), dim=-1)  # (N, heads, C / heads, H * W)
        k = F.normalize(self._heads(self.k(z)), dim=-1)
        attention = (q @ k.transpose(2, 3) * self.temperature).softmax(dim=-1)  # (N, heads, C / heads, C / heads)
        out = z + self.proj((attention @ self._heads(self.v(z))).reshape(x.shape))
        return out + self.fc(self.norm(out))

    def _heads(self, x: Tensor) -> Tensor:
        return x.flatten(2).unflatten(1, (self.num_heads, -1))


def _default(x: Tensor | None, default: Tensor) -> Tensor:
    return default if x is None else x


class _GatedChannelTransformation(nn.Module):
    """A gate for each channel from its energy beside that of the others: (N, C, H, W) to (N, C), 0 at first."""

    def __init__(self, channels: int, **dd):
        super().__init__()
        self.alpha = nn.Parameter(torch.ones(channels, **dd))
        self.gamma = nn.Parameter(torch.zeros(channels, **dd))
        self.beta = nn.Parameter(torch.zeros(channels, **dd))

    def reset_parameters(self) -> None:
        nn.init.ones_(self.alpha)
        nn.init.zeros_(self.gamma)
        nn.init.zeros_(self.beta)

    def forward(self, x: Tensor) -> Tensor:
        energy = self.alpha * (x.square().sum((2, 3)) + 1e-5).sqrt()  # (N, C)
        norm = self.gamma / (energy.square().mean(1, keepdim=True) + 1e-5).sqrt()
        return (energy * norm + self.beta).tanh()


class _Gates(nn.Module):
    """What both modalities pass before their gates are made together: the part of one map.

    (N, channels, H, W) to the projected map (N, C, H, W), the query of its proportion (N, C // 4), a region map
    (N, 1, H, W), the features of the region, and those of the pattern, both (N, C, H, W).
    """

    def __init__(self, channels: int, out_channels: int, **dd):
        super().__init__()
        half, quarter = out_channels // 2, out_channels // 4
        self.proj = nn.Conv2d(channels, out_channels, 3, padding=1, **dd)
        self.proportion = nn.Sequential(nn.Linear(out_channels, half, **dd), nn.Linear(half, quarter, **dd))
        self.region = nn.Conv2d(out_channels, out_channels, 3, padding=1, **dd)
        self.region_head = nn.Sequential(
            nn.Conv2d(out_channels, half, 3, padding=1, **dd), nn.BatchNorm2d(half, **dd), nn.ReLU(),
            nn.Conv2d(half, 1, 3, padding=1, **dd), nn.BatchNorm2d(1, **dd), nn.ReLU())
        self.pattern = nn.Conv2d(out_channels, out_channels, 3, padding=1, **dd)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        x = self.proj(x)
        mean = x.mean((2, 3))
        residual = x - mean[:, :, None, None]
        region = self.region(residual)
        return x, self.proportion(mean), self.region_head(region), region, self.pattern(residual)


class AF0(nn.Module):
    """All-round attentive fusion of two maps: each is gated by a proportion, a region and a pattern of both.

    The proportion is one number for each sample: the ratio of a cosine to the sum of two. It is unbounded, and not
    finite where the sum vanishes. The region gate is between 0.5 and 1, for a ReLU stands before its sigmoid; the
    pattern gate is a ReLU, often 0. In training a batch of one is an error of the pattern's batch norm. The authors'
    code holds further layers that it never calls; they are left out.

    Args:
        channels: Number of channels of each map.
        out_channels: Number of output channels, 4 or more; that of the maps by default.
        device: Device of the parameters.
        dtype: Type of the parameters.

    Attributes:
        out_channels: Number of output channels.

    Shape:
        Two of (N, channels, H, W) to (N, out_channels, H, W), for any H and W of 1 or more.

    Raises:
        ValueError: at construction if there are fewer channels; at the call if the maps are not floating-point
            (N, channels, H, W) of one shape.
    """

    def __init__(self, channels: int, out_channels: int | None = None, device=None, dtype=None):
        dd = {"device": device, "dtype": dtype}
        super().__init__()
        out_channels = channels if out_channels is None else out_channels
        if channels < 1 or out_channels < 4:
            raise ValueError(f"{type(self).__name__} needs out_channels of at least 4, got channels={channels}, "
                             f"out_channels={out_channels}")
        self.channels = channels
        self.out_channels = out_channels
        self.rgb = _Gates(channels, out_channels, **dd)
        self.depth = _Gates(channels, out_channels, **dd)
        self.proportion = nn.Linear(out_channels // 4, out_channels // 4, **dd)
        self.region = nn.Sequential(nn.Conv2d(6, 2, 3, padding=1, **dd), nn.BatchNorm2d(2, **dd), nn.ReLU())
        self.gct = _GatedChannelTransformation(out_channels, **dd)
        self.pattern = nn.Sequential(
            nn.Conv2d(6 * out_channels, 2 * out_channels, 1, **dd), nn.BatchNorm2d(2 * out_channels, **dd), nn.ReLU())
        self.fuse = nn.Conv2d(2 * out_channels, out_channels, 1, **dd)

    def forward(self, rgb: Tensor, depth: Tensor) -> Tensor:
        check_nchw(rgb, self.channels, "AF0")
        check_nchw(depth, self.channels, "AF0")
        check_alike(rgb, depth, "AF0")
        return self.fuse_gated(rgb, depth)

    def fuse_gated(self, rgb: Tensor, depth: Tensor) -> Tensor:
        """The fusion without the checks, which :class:`AF` shares."""
        r, query_r, head_r, region_r, pattern_r = self.rgb(rgb)
        d, query_d, head_d, region_d, pattern_d = self.depth(depth)
        mix = self.proportion(query_r * query_d)
        alpha = F.cosine_similarity(query_r, mix, dim=1, eps=1e-6)[:, None, None, None]
        beta = F.cosine_similarity(query_d, mix, dim=1, eps=1e-6)[:, None, None, None]
        mean_r = region_r.mean(1, keepdim=True)
        # The mean of the first map stands twice in the authors' code, and that of the second not at all.
        region = self.region(torch.cat([
            head_r, head_d, region_r.amax(1, keepdim=True), region_d.amax(1, keepdim=True), mean_r, mean_r], dim=1))
        region = region.sigmoid()  # (N, 2, H, W)
        energy = self.gct(torch.cat([pattern_r, pattern_d]))  # as one batch, so that the module is called once
        statistics = torch.stack([
            energy[:rgb.shape[0]], energy[rgb.shape[0]:], pattern_r.mean((2, 3)), pattern_d.mean((2, 3)),
            pattern_r.amax((2, 3)), pattern_d.amax((2, 3))], dim=2)  # (N, C, 6)
        gate_r, gate_d = self.pattern(statistics.flatten(1)[:, :, None, None]).chunk(2, dim=1)  # (N, C, 1, 1)
        r = r * (alpha / (alpha + beta)) * region[:, :1] * gate_r
        d = d * (beta / (alpha + beta)) * region[:, 1:] * gate_d
        return self.fuse(torch.cat([r, d], dim=1))


class AF(AF0):
    """:class:`AF0` for the deeper levels, which joins the map that the level before has made; it ends in a ReLU.

    Args:
        channels: Number of channels of each of the two maps.
        out_channels: Number of output channels, 4 or more; that of the maps by default.
        previous_channels: Number of channels of the third map; ``out_channels`` by default.
        device: Device of the parameters.
        dtype: Type of the parameters.

    Shape:
        Two of (N, channels, H, W) and one of (N, previous_channels, H, W) to (N, out_channels, H, W). The authors'
        network halves the third by max pooling before.

    Raises:
        ValueError: as :class:`AF0`.
    """

    def __init__(self, channels: int, out_channels: int | None = None, previous_channels: int | None = None,
                 device=None, dtype=None):
        dd = {"device": device, "dtype": dtype}
        super().__init__(channels, out_channels, **dd)
        self.previous_channels = self.out_channels if previous_channels is None else previous_channels
        self.join = nn.Sequential(
            nn.Conv2d(self.out_channels + self.previous_channels, self.out_channels, 3, padding=1, **dd),
            nn.BatchNorm2d(self.out_channels, **dd), nn.ReLU())

    def forward(self, rgb: Tensor, depth: Tensor, previous: Tensor) -> Tensor:  # type: ignore[override]
        check_nchw(rgb, self.channels, "AF")
        check_nchw(depth, self.channels, "AF")
        check_nchw(previous, self.previous_channels, "AF")
        check_alike(rgb, depth, "AF")
        check_alike(rgb, previous, "AF")
        return self.join(torch.cat([self.fuse_gated(rgb, depth), previous], dim=1))
