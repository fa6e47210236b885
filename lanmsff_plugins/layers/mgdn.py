"""MGDN's layers for two maps: mutual-guided attention (MGCA), dynamic filter (MGDF) and feature fusion (MGFF).

    MGDF(72)(torch.rand(1, 72, 16, 16), torch.rand(1, 72, 16, 16))

Paper: `Mutual-Guided Dynamic Network for Image Fusion` - https://arxiv.org/abs/2308.12538.
Equal to the authors' code in outputs and gradients, written from a description in words.

To lift these layers out, take ``checks.py`` along.
"""
import torch
import torch.nn.functional as F
from timm.layers import DropPath
from torch import Tensor, nn

from .checks import check_alike, check_nchw, check_scales, convolve, exporting

__all__ = ["MGCA", "MGDF", "MGFF"]

torch.fx.wrap("check_alike")
torch.fx.wrap("check_nchw")
torch.fx.wrap("check_scales")
torch.fx.wrap("_crop")
torch.fx.wrap("_default")
torch.fx.wrap("_filter")
torch.fx.wrap("_position_bias")
torch.fx.wrap("_shift_mask")

HEADS = 6  # of the paper's networks


class MGCA(nn.Module):
    """Mutual-guided cross-attention over channels, of one map or of one guided by another.

    The query comes from the guide, key and value from the other map, so the result is a remix of the other map's
    channels. With one map it is the transposed attention of Restormer. No residual.

    Args:
        channels: Number of input channels C; the output has as many.
        num_heads: Number of heads, a divisor of C. By default the paper's 6, or the largest number below it that
            divides C.
        device: Device of the parameters.
        dtype: Type of the parameters.

    Shape:
        - guide: (N, C, H, W).
        - x: (N, C, H, W), the guide by default.
        - Output: (N, C, H, W), for any H and W of 1 or more.

    Raises:
        ValueError: at construction if ``num_heads`` does not divide C; at the call if the maps are not
            floating-point (N, C, H, W) of one shape.
    """

    def __init__(self, channels: int, num_heads: int | None = None, device=None, dtype=None):
        dd = {"device": device, "dtype": dtype}
        super().__init__()
        if num_heads is None:
            num_heads = max(heads for heads in range(1, HEADS + 1) if channels % heads == 0)
        if channels < 1 or num_heads < 1 or channels % num_heads:
            raise ValueError(f"MGCA needs channels divisible by num_heads={num_heads}, got channels={channels}")
        self.channels = channels
        self.num_heads = num_heads
        self.q = nn.Conv2d(channels, channels, 1, **dd)
        self.q_dwconv = nn.Conv2d(channels, channels, 3, padding=1, groups=channels, **dd)
        self.kv = nn.Conv2d(channels, 2 * channels, 1, **dd)
        self.kv_dwconv = nn.Conv2d(2 * channels, 2 * channels, 3, padding=1, groups=2 * channels, **dd)
        self.project_out = nn.Conv2d(channels, channels, 1, **dd)
        self.temperature = nn.Parameter(torch.ones(num_heads, 1, 1, **dd))

    def reset_parameters(self) -> None:
        """Start anew: torch's defaults for the convolutions, a temperature of 1."""
        for conv in (self.q, self.q_dwconv, self.kv, self.kv_dwconv, self.project_out):
            conv.reset_parameters()
        nn.init.ones_(self.temperature)

    def forward(self, guide: Tensor, x: Tensor | None = None) -> Tensor:
        x = _default(x, guide)
        check_nchw(guide, self.channels, "MGCA")
        check_nchw(x, self.channels, "MGCA")
        check_alike(guide, x, "MGCA")
        k, v = self.kv_dwconv(self.kv(x)).chunk(2, dim=1)
        q = F.normalize(self._heads(self.q_dwconv(self.q(guide))), dim=-1)  # (N, heads, C / heads, H * W)
        k = F.normalize(self._heads(k), dim=-1)
        attention = (q @ k.transpose(2, 3) * self.temperature).softmax(dim=-1)  # (N, heads, C / heads, C / heads)
        return self.project_out((attention @ self._heads(v)).reshape(x.shape))

    def _heads(self, x: Tensor) -> Tensor:
        return x.flatten(2).unflatten(1, (self.num_heads, -1))


def _default(x: Tensor | None, default: Tensor) -> Tensor:
    return default if x is None else x


class _KernelPredictor(nn.Module):
    """The kernels that filter a map: (N, C, H, W) to (N, 49, H, W), not normalised."""

    def __init__(self, channels: int, **dd):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1, **dd)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, **dd)
        self.conv3 = nn.Conv2d(channels, 49, 1, **dd)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv3(F.leaky_relu(self.conv2(F.leaky_relu(self.conv1(x), 0.1)), 0.1))


def _filter(x: Tensor, kernels: Tensor) -> Tensor:
    """Filter every pixel with a 7x7 kernel of its own, which all channels share; the border is replicated.

    Tap by tap, for to unfold the map, as the authors' code does, takes 49 times its memory.

    Args:
        x: (N, C, H, W).
        kernels: (N, 49, H, W), row by row.

    Returns:
        (N, C, H, W).
    """
    height, width = x.shape[2], x.shape[3]
    padded = F.pad(x, [3, 3, 3, 3], mode="replicate")
    if exporting():  # one product, for an exporter takes minutes over 49 slices of symbolic size
        windows = padded.unfold(2, 7, 1).unfold(3, 7, 1)  # (N, C, H, W, 7, 7)
        return (windows * kernels.unflatten(1, (7, 7)).permute(0, 3, 4, 1, 2).unsqueeze(1)).sum((4, 5))
    taps = kernels.unsqueeze(2).unbind(1)  # 49 of (N, 1, H, W)
    y = padded[:, :, :height, :width] * taps[0]
    for i in range(1, 49):
        row, column = i // 7, i % 7
        y = torch.addcmul(y, padded[:, :, row:row + height, column:column + width], taps[i])
    return y


class MGDF(nn.Module):
    """Mutual-guided dynamic filter: each of two maps is filtered by kernels that both have a say in.

    One :class:`MGCA` is run both ways, with each map as the guide of the other. From what comes out, each way has
    its predictor of 7x7 kernels, one for every pixel of the guide, which is filtered with them. The kernels are not
    normalised.

    Args:
        channels: Number of channels C of each map, divisible by 6.
        device: Device of the parameters.
        dtype: Type of the parameters.

    Shape:
        Two of (N, C, H, W) to two of the same, for any H and W of 1 or more.

    Raises:
        ValueError: at construction if 6 does not divide C; at the call if the maps are not floating-point
            (N, C, H, W) of one shape.
    """

    def __init__(self, channels: int, device=None, dtype=None):
        dd = {"device": device, "dtype": dtype}
        super().__init__()
        if channels < 1 or channels % HEADS:
            raise ValueError(f"MGDF needs channels divisible by its {HEADS} heads, got channels={channels}")
        self.channels = channels
        self.attention = MGCA(channels, HEADS, **dd)
        self.predictor_1 = _KernelPredictor(channels, **dd)
        self.predictor_2 = _KernelPredictor(channels, **dd)
        self.conv_1 = nn.Conv2d(channels, channels, 1, **dd)
        self.conv_2 = nn.Conv2d(channels, channels, 1, **dd)

    def forward(self, feat_1: Tensor, feat_2: Tensor) -> tuple[Tensor, Tensor]:
        check_nchw(feat_1, self.channels, "MGDF")
        check_nchw(feat_2, self.channels, "MGDF")
        check_alike(feat_1, feat_2, "MGDF")
        # Both directions in one call, as one batch: a module that is called twice cannot be explained or quantized.
        mixed = self.attention(torch.cat([feat_1, feat_2]), torch.cat([feat_2, feat_1]))
        mixed_1, mixed_2 = mixed[:feat_1.shape[0]], mixed[feat_1.shape[0]:]
        out_1 = F.leaky_relu(self.conv_1(_filter(feat_1, self.predictor_1(mixed_1))), 0.1)
        out_2 = F.leaky_relu(self.conv_2(_filter(feat_2, self.predictor_2(mixed_2))), 0.1)
        return out_1, out_2


class _WindowAttention(nn.Module):
    """Multi-head attention within windows: (N, windows, T, C) to the same, T = window ** 2."""

    def __init__(self, channels: int, num_heads: int, window: int, **dd):
        super().__init__()
        self.num_heads = num_heads
        self.window = window
        self.scale = (channels // num_heads) ** -0.5
        self.qkv = nn.Linear(channels, 3 * channels, **dd)
        self.proj = nn.Linear(channels, channels, **dd)
        self.relative_position_bias_table = nn.Parameter(torch.empty((2 * window - 1) ** 2, num_heads, **dd))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        for linear in (self.qkv, self.proj):
            nn.init.trunc_normal_(linear.weight, std=0.02)
            nn.init.zeros_(linear.bias)
        nn.init.trunc_normal_(self.relative_position_bias_table, std=0.02)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        qkv = self.qkv(x).unflatten(3, (3, self.num_heads, -1)).permute(3, 0, 1, 4, 2, 5)
        q, k, v = qkv.unbind(0)  # each (N, windows, heads, T, C / heads)
        bias = _position_bias(self.relative_position_bias_table, self.window)
        attention = ((q * self.scale) @ k.transpose(3, 4) + bias + mask).softmax(dim=-1)
        return self.proj((attention @ v).transpose(2, 3).flatten(3))


def _position_bias(table: Tensor, window: int) -> Tensor:
    """What is added for the offset of the key to the query: ((2w - 1) ** 2, heads) to (heads, w * w, w * w)."""
    place = torch.arange(window * window, device=table.device)
    rows, columns = place // window, place % window
    offset = (rows[:, None] - rows + window - 1) * (2 * window - 1) + columns[:, None] - columns + window - 1
    return table[offset.flatten()].unflatten(0, (window * window, -1)).permute(2, 0, 1)


def _shift_mask(x: Tensor, rows: int, columns: int, window: int, shift: int) -> Tensor:
    """-100 between places that only the shift has put into one window: (rows * columns, 1, T, T), in the type of x."""
    height, width = rows * window, columns * window
    row, column = torch.arange(height, device=x.device), torch.arange(width, device=x.device)
    region = 3 * ((row >= height - window).long() + (row >= height - shift).long())[:, None] + (
        (column >= width - window).long() + (column >= width - shift).long())  # (H, W)
    region = region.unflatten(1, (columns, window)).unflatten(0, (rows, window))
    region = region.transpose(1, 2).flatten(2).flatten(0, 1)  # (rows * columns, T)
    return ((region[:, None] != region[:, :, None]).to(x.dtype) * -100)[:, None]


def _crop(x: Tensor, like: Tensor) -> Tensor:
    """The first rows and columns of ``x``, as many as ``like`` has, both (N, H, W, C)."""
    if exporting():  # by indices, so that the program does not depend on whether the example was padded
        x = x.index_select(1, torch.arange(like.shape[1], device=x.device))
        return x.index_select(2, torch.arange(like.shape[2], device=x.device))
    return x[:, :like.shape[1], :like.shape[2]]


class _LocalContext(nn.Module):
    """A bottleneck of convolutions with squeeze-and-excitation: (N, C, H, W) to the same."""

    def __init__(self, channels: int, **dd):
        super().__init__()
        reduced = max(1, channels // 8)
        self.conv = nn.Sequential(
            nn.Conv2d(channels, reduced, 1, **dd), nn.Conv2d(reduced, reduced, 3, padding=1, **dd),
            nn.Conv2d(reduced, channels, 1, **dd))
        self.fc = nn.Sequential(
            nn.Linear(channels, reduced, bias=False, **dd), nn.ReLU(), nn.Linear(reduced, channels, bias=False, **dd))

    def forward(self, x: Tensor) -> Tensor:
        x = F.leaky_relu(self.conv(x), 0.2)
        return x * self.fc(x.mean((2, 3))).sigmoid()[:, :, None, None]


class _Mlp(nn.Module):
    def __init__(self, channels: int, hidden: int, **dd):
        super().__init__()
        self.fc1 = nn.Linear(channels, hidden, **dd)
        self.fc2 = nn.Linear(hidden, channels, **dd)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        for linear in (self.fc1, self.fc2):
            nn.init.trunc_normal_(linear.weight, std=0.02)
            nn.init.zeros_(linear.bias)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(F.gelu(self.fc1(x)))


class _ContextAwareBlock(nn.Module):
    """A Swin block with a local branch beside its attention: (N, H, W, C) to the same."""

    def __init__(self, channels: int, num_heads: int, window: int, shift: int, mlp_ratio: float, drop_path: float,
                 **dd):
        super().__init__()
        self.window = window
        self.shift = shift
        self.norm1 = nn.LayerNorm(channels, **dd)
        self.attn = _WindowAttention(channels, num_heads, window, **dd)
        self.norm2 = nn.LayerNorm(channels, **dd)
        self.mlp = _Mlp(channels, int(channels * mlp_ratio), **dd)
        self.lce = _LocalContext(channels, **dd)
        self.drop_path1 = DropPath(drop_path)
        self.drop_path2 = DropPath(drop_path)

    def forward(self, x: Tensor) -> Tensor:
        z = self.norm1(x)
        x = x + self.drop_path1(self._attend(z))
        x = x + self.drop_path2(self.mlp(self.norm2(x)))
        return x + self.lce(z.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)

    def _attend(self, z: Tensor) -> Tensor:
        w, shift = self.window, self.shift
        rows, columns = (z.shape[1] + w - 1) // w, (z.shape[2] + w - 1) // w
        x = F.pad(z, [0, 0, 0, columns * w - z.shape[2], 0, rows * w - z.shape[1]])  # with zeros, as Swin does
        x = x.roll([-shift, -shift], [1, 2]).unflatten(2, (columns, w)).unflatten(1, (rows, w)).transpose(2, 3)
        x = self.attn(x.flatten(3, 4).flatten(1, 2), _shift_mask(z, rows, columns, w, shift))  # (N, windows, T, C)
        x = x.unflatten(2, (w, w)).unflatten(1, (rows, columns)).transpose(2, 3).flatten(3, 4).flatten(1, 2)
        return _crop(x.roll([shift, shift], [1, 2]), z)


class MGFF(nn.Module):
    """Mutual-guided feature fusion block: :class:`MGDF`, and a context-aware transformer of both maps beside it.

    Args:
        channels: Number of channels C of each map, divisible by 6 and by ``num_heads``.
        depth: Number of transformer blocks; every second one shifts its windows.
        num_heads: Heads of the window attention. 6 as in MGDF.
        window_size: Side of the windows.
        mlp_ratio: Hidden width of the transformer's MLP as a multiple of C; 4 is the authors' default.
        input_resolution: (H, W) that the block is made for. Where its smaller side is not more than
            ``window_size``, that side is the window, and nothing is shifted. By default it is larger.
        drop_path: Probability in training that a sample skips the attention, or the MLP.
        device: Device of the parameters.
        dtype: Type of the parameters.

    Shape:
        A list of two (N, C, H, W) to a list of two of the same, for any H and W of 1 or more. The authors' code
        needs sides that the window divides; others are padded with zeros for the attention, as in Swin.

    Raises:
        ValueError: at construction if 6 or ``num_heads`` does not divide C; at the call if the maps are not two
            floating-point (N, C, H, W) of one shape.
    """

    def __init__(self, channels: int, depth: int = 2, num_heads: int = HEADS, window_size: int = 4,
                 mlp_ratio: float = 4., input_resolution: tuple[int, int] | None = None, drop_path: float = 0.,
                 device=None, dtype=None):
        dd = {"device": device, "dtype": dtype}
        super().__init__()
        if channels < 1 or channels % HEADS or channels % num_heads:
            raise ValueError(f"MGFF needs channels divisible by {HEADS} and by num_heads={num_heads}, got "
                             f"channels={channels}")
        window, shift = window_size, window_size // 2
        if input_resolution is not None and min(input_resolution) <= window_size:
            window, shift = min(input_resolution), 0
        self.channels = channels
        self.filter = MGDF(channels, **dd)
        self.merge = nn.Conv2d(2 * channels, channels, 1, **dd)
        self.blocks = nn.Sequential(*(
            _ContextAwareBlock(channels, num_heads, window, shift * (i % 2), mlp_ratio, drop_path, **dd)
            for i in range(depth)))
        self.dilated_conv = nn.Conv2d(channels, channels, 3, padding=2, dilation=2, **dd)
        self.conv_1 = nn.Conv2d(2 * channels, channels, 1, **dd)
        self.conv_2 = nn.Conv2d(2 * channels, channels, 1, **dd)

    def forward(self, features: list[Tensor]) -> list[Tensor]:
        check_scales(features, [self.channels, self.channels], "MGFF")
        check_alike(features[0], features[1], "MGFF")
        a, b = self.filter(features[0], features[1])
        x = self.merge(torch.cat([a, b], dim=1))
        x = self.blocks(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        if torch.jit.is_scripting():
            x = self.dilated_conv(x)
        else:
            x = convolve(self.dilated_conv, x, self.dilated_conv)
        return [self.conv_1(torch.cat([x, a], dim=1)), self.conv_2(torch.cat([x, b], dim=1))]
