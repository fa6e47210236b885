"""LANMSFF: a 0.36 M-parameter network for facial expressions, robust to the pose of the head.

Paper: `A Lightweight Attention-based Deep Network via Multi-Scale Feature Fusion for Multi-View Facial
Expression Recognition` - https://arxiv.org/abs/2403.14318

Four blocks halve the image each: two of plain and separable convolutions, two dual-path ones with
mass attention, in turn. The outputs of all four are fused, the first three thinned out by PWFS.

    logits = build("lanmsff", num_classes=8)(torch.rand(2, 1, 64, 64))
"""
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

import torch
from timm.layers import ClassifierHead, LayerType, create_act_layer, get_attn
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from ..base.errors import unknown
from ..layers import BatchNorm2d, ConvNormAct, DualPath, LastScale, MassAtt, MultiScaleFusion, catalog
from ..layers.checks import check_nchw

__all__ = ["CHANNELS", "LANMSFF", "VARIANTS", "AttentionBlock", "SeparableBlock", "Variant", "build", "build_blocks",
           "reset_parameters"]

_logger = logging.getLogger(__name__)
torch.fx.wrap("check_nchw")

CHANNELS = (66, 72, 78, 84)  # of the paper: steps of 6, which both the two paths and PWFS's groups divide
AttentionLayer = str | Callable[..., nn.Module] | None


@dataclass(frozen=True)
class Variant:
    """A width of the network that has a name.

    Attributes:
        channels: Number of output channels of each block.
        summary: What it is.
    """

    channels: tuple[int, int, int, int]
    summary: str


VARIANTS = {
    "lanmsff": Variant(CHANNELS, "LANMSFF of the paper: 0.36 M parameters, 0.30 GMACs at 64x64."),
    "lanmsff_small": Variant((30, 36, 42, 48), "The paper's scheme, steps of 6 channels, at less than half the width."),
    "lanmsff_nano": Variant((12, 18, 24, 30), "The least width of the paper's scheme that is of use: 33 k parameters."),
    "lanmsff_large": Variant((132, 144, 156, 168), "The paper's network at twice the width."),
}


class Shrink(nn.Sequential):
    """What ends a block: max pool by 2 (rounding down), activation, dropout.

    The pool comes first: the two commute, and the activation then has a quarter of the work.
    """

    def __init__(self, act_layer: LayerType = nn.ReLU, drop_rate: float = 0.):
        super().__init__(nn.MaxPool2d(2), create_act_layer(act_layer, inplace=True), nn.Dropout(drop_rate))


class SeparableBlock(nn.Module):
    """Blocks 1 and 3: a 3x3 convolution, a separable one, a 3x3 one, then :class:`Shrink`.

    Shape:
        (N, in_channels, H, W) to (N, out_channels, H // 2, W // 2).
    """

    def __init__(self, in_channels: int, out_channels: int, drop_rate: float = 0.,
                 norm_layer: LayerType = BatchNorm2d, act_layer: LayerType = nn.ReLU,
                 device=None, dtype=None):
        dd = {"device": device, "dtype": dtype}
        super().__init__()
        self.conv1 = ConvNormAct(in_channels, out_channels, norm_layer=norm_layer, act_layer=act_layer, **dd)
        self.conv2 = ConvNormAct(
            out_channels, out_channels, separable=True, norm_layer=norm_layer, act_layer=act_layer, **dd)
        self.conv3 = ConvNormAct(out_channels, out_channels, norm_layer=norm_layer, act_layer=None, **dd)
        self.shrink = Shrink(act_layer, drop_rate)

    def forward(self, x: Tensor) -> Tensor:
        return self.shrink(self.conv3(self.conv2(self.conv1(x))))


class AttentionBlock(nn.Module):
    """Blocks 2 and 4: the dual path, attention, a 1x1 convolution, then :class:`Shrink`.

    Shape:
        (N, in_channels, H, W) to (N, out_channels, H // 2, W // 2).
    """

    def __init__(self, in_channels: int, out_channels: int, drop_rate: float = 0.,
                 attn_layer: AttentionLayer = MassAtt, norm_layer: LayerType = BatchNorm2d,
                 act_layer: LayerType = nn.ReLU, device=None, dtype=None):
        dd = {"device": device, "dtype": dtype}
        super().__init__()
        if isinstance(attn_layer, str):
            attn_layer = _attention(attn_layer)
        self.dual_path = DualPath(in_channels, out_channels, norm_layer=norm_layer, act_layer=act_layer, **dd)
        self.attn = nn.Identity() if attn_layer is None else attn_layer(out_channels).to(device, dtype)
        self.conv = ConvNormAct(
            out_channels, out_channels, kernel_size=1, norm_layer=norm_layer, act_layer=None, **dd)
        self.shrink = Shrink(act_layer, drop_rate)

    def forward(self, x: Tensor) -> Tensor:
        return self.shrink(self.conv(self.attn(self.dual_path(x))))


def _attention(name: str) -> Callable[..., nn.Module]:
    found = catalog.attention(name)
    if found is None:
        try:
            found = get_attn(name)
        except AssertionError:
            ours = [layer.short_name for layer in catalog.LAYERS.values() if layer.kind == "attention"]
            see = "timm.layers.get_attn, or name one of ours: " + ", ".join(ours)
            raise ValueError(unknown("attn_layer", name, ours, see)) from None
    return found


def build_blocks(
        in_chans: int,
        channels: Sequence[int] = CHANNELS,
        drop_rate: float = 0.4,
        attn_layer: AttentionLayer = MassAtt,
        norm_layer: LayerType = BatchNorm2d,
        act_layer: LayerType = nn.ReLU,
        device=None,
        dtype=None,
) -> nn.Sequential:
    """The four blocks, which the timm model and the MMPretrain backbone share.

    Args:
        in_chans: Number of channels of the image.
        channels: Number of output channels of each block; the second of each pair, and the first as far
            as it is not the image, are even.
        drop_rate: Dropout at the end of each block; 0.4 is the paper's.
        attn_layer: Attention in blocks 2 and 4: a class that is called with the number of channels, a name of
            :mod:`lanmsff_plugins.layers.catalog` or of timm, or None for none.
        norm_layer: Norm after each convolution: a name of timm's, such as 'batchnorm2d', or a class, called with the
            number of channels.
        act_layer: The activation.
        device: Device of the parameters.
        dtype: Type of the parameters.

    Returns:
        The blocks in a row, the i-th at a stride of 2 ** (i + 1) to the image.
    """
    args = {"norm_layer": norm_layer, "act_layer": act_layer, "device": device, "dtype": dtype}
    blocks = nn.Sequential()
    for i, out_channels in enumerate(channels):
        if i % 2 == 0:
            blocks.append(SeparableBlock(in_chans, out_channels, drop_rate, **args))
        else:
            blocks.append(AttentionBlock(in_chans, out_channels, drop_rate, attn_layer, **args))
        in_chans = out_channels
    return blocks


class LANMSFF(nn.Module):
    """The network with timm's methods.

    ``forward_features`` gives one map: the selected features of blocks 1 to 3, averaged down to the grid
    of block 4, and block 4's own. Its average over the grid is the paper's fused vector, exactly so where
    16 divides the image's sides, and by definition elsewhere.

    Args:
        num_classes: Number of classes; 0 leaves the classifier out.
        in_chans: Number of channels of the image; 1, grey in [0, 1], is the paper's.
        global_pool: How the fused map becomes a vector: 'avg', 'max', 'avgmax', 'catavgmax' or ''.
        output_stride: Stride of the last block to the image; 16 is what there is.
        channels: Number of output channels of each block; multiples of 6, so that the two paths and
            PWFS's groups come out even.
        drop_rate: Dropout at the end of each block; 0.4 is the paper's, and there is none elsewhere.
        drop_path_rate: Taken so that timm's scripts can pass it: with no residual branch to drop, it has
            no effect, and a warning says so.
        attn_layer: Attention in blocks 2 and 4: a class that is called with the number of channels, a name of
            :mod:`lanmsff_plugins.layers.catalog` or of timm, or None for none.
        fusion: What makes one map of the four: called with ``in_channels`` and ``reductions``.
        norm_layer: Norm after each convolution: a name of timm's, such as 'batchnorm2d', or a class, called with the
            number of channels.
        act_layer: The activation.
        device: Device of the parameters.
        dtype: Type of the parameters.

    Shape:
        (N, in_chans, H, W), H and W of 16 or more, to (N, num_classes).

    Raises:
        ValueError: if ``output_stride`` is not 16, if ``channels`` do not divide as the layers need, if
            ``num_classes`` is negative, or if there are classes and ``global_pool`` is ''; at the call, if the image is
            not a floating-point (N, in_chans, H, W).
    """

    def __init__(
            self,
            num_classes: int = 8,
            in_chans: int = 1,
            global_pool: str = "avg",
            output_stride: int = 16,
            channels: Sequence[int] = CHANNELS,
            drop_rate: float = 0.4,
            drop_path_rate: float = 0.,
            attn_layer: AttentionLayer = MassAtt,
            fusion: Callable[..., nn.Module] = MultiScaleFusion,
            norm_layer: LayerType = BatchNorm2d,
            act_layer: LayerType = nn.ReLU,
            device=None,
            dtype=None,
    ):
        dd = {"device": device, "dtype": dtype}
        super().__init__()
        if output_stride != 16:
            raise ValueError(f"LANMSFF has an output_stride of 16, got {output_stride}; leave it out or pass 16")
        _check_head(num_classes, global_pool)
        if drop_path_rate:
            _logger.warning("LANMSFF has no residual branch, so drop_path_rate=%s has no effect", drop_path_rate)
        self.num_classes = num_classes
        self.in_chans = in_chans
        self.drop_rate = drop_rate
        self.grad_checkpointing = False
        self.feature_info = [
            {"num_chs": num_chs, "reduction": 2 ** (i + 1), "module": f"blocks.{i}"}
            for i, num_chs in enumerate(channels)]
        self.blocks = build_blocks(in_chans, channels, drop_rate, attn_layer, norm_layer, act_layer, **dd)
        self.fusion = fusion(channels, reductions=[info["reduction"] for info in self.feature_info], **dd)
        self.num_features = cast(int, self.fusion.out_channels)
        self.head = ClassifierHead(self.num_features, num_classes, pool_type=global_pool).to(device, dtype)
        self._reset_head()

    def reset_parameters(self) -> None:
        """Initialise all parameters anew, after ``to_empty`` say."""
        reset_parameters(self.blocks)
        reset_parameters(self.fusion)
        self._reset_head()

    def _reset_head(self) -> None:
        self.head_hidden_size = self.num_features * self.head.global_pool.feat_mult()
        if isinstance(self.head.fc, nn.Linear):
            nn.init.xavier_uniform_(self.head.fc.weight)
            nn.init.zeros_(self.head.fc.bias)

    @torch.jit.ignore
    def fuse(self) -> "LANMSFF":
        """Fold the batch norms into the convolutions, in place, for inference: equal to 1e-5, and faster.

        timm's ``reparameterize_model`` does the same to a copy. There is no way back, so keep the weights
        to train on.
        """
        for module in self.modules():
            if isinstance(module, ConvNormAct):
                module.fuse()
        return self

    @torch.jit.ignore
    def no_weight_decay(self) -> set[str]:
        return set()

    @torch.jit.ignore
    def group_matcher(self, coarse: bool = False) -> dict:
        # A block is the smallest group, coarse or not: timm orders by numbers, and a block's parts have names.
        return {"stem": r"^blocks\.0", "blocks": r"^blocks\.(\d+)"}

    @torch.jit.ignore
    def set_grad_checkpointing(self, enable: bool = True) -> None:
        self.grad_checkpointing = enable

    @torch.jit.ignore
    def get_classifier(self) -> nn.Module:
        return self.head.fc

    def reset_classifier(self, num_classes: int, global_pool: str | None = None) -> None:
        """Put a new classifier in place, 0 classes for none; ``global_pool=''`` keeps the map."""
        _check_head(num_classes, global_pool)
        self.num_classes = num_classes
        old = next(self.parameters())
        self.head.reset(num_classes, global_pool)
        self.head.to(old.device, old.dtype)
        self._reset_head()

    def forward_blocks(self, x: Tensor, depth: int | None = None) -> list[Tensor]:
        """The outputs of the first ``depth`` blocks, of all by default, the finest first."""
        check_nchw(x, self.in_chans, "LANMSFF", "convert colour to grey by image.convert('L'), or build it with "
                   "in_chans=3 (in_channels=3 in a config)" if self.in_chans == 1 else
                   "build it with in_chans=1 for grey images (in_channels=1 in a config)")
        features = []
        for i, block in enumerate(self.blocks):
            if depth is None or i < depth:
                if self.grad_checkpointing and not torch.jit.is_scripting():
                    x = checkpoint(block, x, use_reentrant=False)
                else:
                    x = block(x)
                features.append(x)
        return features

    def _chosen_blocks(self, indices: int | Sequence[int] | None) -> list[int]:
        """The blocks that timm's ``indices`` mean: all if None, the last n, or these; negative ones from the end."""
        count = len(self.blocks)
        asked = range(count) if indices is None else range(-indices, 0) if isinstance(indices, int) else indices
        chosen = [i + count if i < 0 else i for i in asked]
        if not chosen or not all(0 <= i < count for i in chosen):
            raise ValueError(f"LANMSFF has {count} blocks, got indices={indices}; name some of 0 to {count - 1}")
        return chosen

    def forward_intermediates(
            self,
            x: Tensor,
            indices: int | list[int] | None = None,
            norm: bool = False,
            stop_early: bool = False,
            output_fmt: str = "NCHW",
            intermediates_only: bool = False,
    ) -> list[Tensor] | tuple[Tensor, list[Tensor]]:
        """The outputs of chosen blocks, and the fused map.

        Args:
            x: Image (N, in_chans, H, W).
            indices: Which blocks: the last n if a number, all if None.
            norm: There is no final norm, so this changes nothing.
            stop_early: With ``intermediates_only``, run no block behind the last one asked for.
            output_fmt: 'NCHW' is what there is.
            intermediates_only: Leave the fused map out.

        Returns:
            The blocks' outputs, or the fused map and those.
        """
        if output_fmt != "NCHW":
            raise ValueError(f"LANMSFF gives its features as output_fmt='NCHW', got {output_fmt!r}")
        chosen = self._chosen_blocks(indices)
        features = self.forward_blocks(x, max(chosen) + 1 if stop_early and intermediates_only else None)
        intermediates = [features[i] for i in chosen]
        if intermediates_only:
            return intermediates
        return self.fusion(features), intermediates

    def prune_intermediate_layers(
            self, indices: int | list[int] = 1, prune_norm: bool = False, prune_head: bool = True) -> list[int]:
        """Drop the blocks behind the last one asked for; what is left then ends in that block, unfused."""
        chosen = self._chosen_blocks(indices)
        prune_end = max(chosen) < len(self.blocks) - 1
        if prune_end:
            self.blocks = self.blocks[:max(chosen) + 1]
            self.fusion = LastScale([info["num_chs"] for info in self.feature_info[:max(chosen) + 1]])
            self.num_features = self.head.in_features = self.fusion.out_channels
        if prune_head or prune_end:
            self.reset_classifier(0, "")
        return chosen

    def forward_features(self, x: Tensor) -> Tensor:
        """(N, in_chans, H, W) to the fused map (N, num_features, H // 16, W // 16)."""
        return self.fusion(self.forward_blocks(x))

    def forward_head(self, x: Tensor, pre_logits: bool = False) -> Tensor:
        """The fused map to logits (N, num_classes), or to the fused vector with ``pre_logits``."""
        return self.head(x, pre_logits=pre_logits)

    def forward(self, x: Tensor) -> Tensor:
        return self.forward_head(self.forward_features(x))


def build(name: str, **kwargs) -> LANMSFF:
    """A variant by its name, untrained.

    Args:
        name: A key of ``VARIANTS``.
        **kwargs: As for :class:`LANMSFF`.
    """
    return LANMSFF(**{"channels": VARIANTS[name].channels, **kwargs})


def _check_head(num_classes: int, global_pool: str | None) -> None:
    if num_classes < 0:
        raise ValueError(f"LANMSFF needs num_classes of 1 or more, or 0 for no classifier, got {num_classes}")
    if num_classes and global_pool == "":
        raise ValueError(f"LANMSFF needs a vector for its {num_classes} classes, got global_pool=''; "
                         "pass global_pool='avg', or num_classes=0 for the map")


def reset_parameters(module: nn.Module) -> None:
    """Call ``reset_parameters`` of the outermost modules within ``module`` that have it."""
    for child in module.children():
        reset = getattr(child, "reset_parameters", None)
        if reset is not None:
            reset()
        else:
            reset_parameters(child)
