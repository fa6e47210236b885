"""LANMSFF's four blocks as an MMPretrain backbone."""
from collections.abc import Sequence

import torch
from mmcv.cnn import build_norm_layer
from mmcv.cnn.bricks.activation import build_activation_layer  # noqa: F401  (registers mmcv's activations)
from mmengine.registry import MODELS as ROOT_MODELS
from mmpretrain.models.backbones.base_backbone import BaseBackbone
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils.checkpoint import checkpoint

from ...models.lanmsff import CHANNELS, build_blocks
from ...registry import MODELS, register

__all__ = ["LANMSFFBackbone"]


@register(MODELS, formerly="LANMSFF")
class LANMSFFBackbone(BaseBackbone):
    """The blocks of :class:`lanmsff_plugins.LANMSFF`; the fusion is :class:`FusionNeck`.

    Args:
        in_channels: Number of channels of the image; 1, grey, is the paper's.
        channels: Number of output channels of each block.
        drop_rate: Dropout at the end of each block; 0.4 is the paper's.
        attn_cfg: Config of the attention in blocks 2 and 4, built with ``channels``; None leaves it out.
        out_indices: Which blocks' outputs to give, from 0; all by default, as the fusion wants them.
        frozen_stages: Blocks up to this index neither learn nor update statistics; -1 freezes none.
        norm_eval: Keep all batch norms in evaluation mode.
        with_cp: Trade time for memory: recompute each block in the backward pass. Its batch norms then count
            each batch twice, as those of MMPretrain's backbones do.
        norm_cfg: Config of the norms; the default is Keras', as the reference has it.
        act_cfg: Config of the activations.
        channels_last: Lay the weights out as channels last, which is faster for these convolutions on CPU and
            GPU. It has to be so from the start: DistributedDataParallel lays out its buckets of gradients as it
            finds the weights, and mixes their places up if the layout changes later.
        init_cfg: Config of the initialisation; None keeps the layers' own, the reference's.

    Raises:
        ValueError: if an index of ``out_indices`` or ``frozen_stages`` is not that of a block.
    """

    def __init__(
            self,
            in_channels: int = 1,
            channels: Sequence[int] = CHANNELS,
            drop_rate: float = 0.4,
            attn_cfg: dict | None = dict(type="lanmsff_plugins.MassAtt"),
            out_indices: Sequence[int] = (0, 1, 2, 3),
            frozen_stages: int = -1,
            norm_eval: bool = False,
            with_cp: bool = False,
            norm_cfg: dict = dict(type="BN", eps=1e-3, momentum=0.01),
            act_cfg: dict = dict(type="ReLU"),
            channels_last: bool = False,
            init_cfg: dict | list[dict] | None = None,
    ):
        super().__init__(init_cfg)
        depth = len(channels)
        if not out_indices or any(not 0 <= i < depth for i in out_indices):
            raise ValueError(f"LANMSFF has blocks 0 to {depth - 1}, got out_indices={tuple(out_indices)}")
        if not -1 <= frozen_stages < depth:
            raise ValueError(f"LANMSFF has blocks 0 to {depth - 1}, or -1 for none, got frozen_stages={frozen_stages}")
        self.out_indices = tuple(out_indices)
        self.frozen_stages = frozen_stages
        self.norm_eval = norm_eval
        self.with_cp = with_cp

        def attn_layer(channels: int, **dd) -> nn.Module:
            return ROOT_MODELS.build({"channels": channels, **attn_cfg})

        def norm_layer(channels: int, **dd) -> nn.Module:
            return build_norm_layer(norm_cfg, channels)[1]

        def act_layer(inplace: bool | None = None) -> nn.Module:  # timm asks again without it if it is not known
            return ROOT_MODELS.build(dict(act_cfg) if inplace is None else {"inplace": inplace, **act_cfg})

        self.blocks = build_blocks(
            in_channels, channels, drop_rate, None if attn_cfg is None else attn_layer, norm_layer, act_layer)
        if channels_last:
            self.to(memory_format=torch.channels_last)
        self._freeze_stages()  # from the start: DistributedDataParallel waits for the gradients of all that can learn

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        outputs = []
        for i, block in enumerate(self.blocks):
            if self.with_cp and torch.is_grad_enabled() and self.training:
                x = checkpoint(block, x, use_reentrant=False)
            else:
                x = block(x)
            if i in self.out_indices:
                outputs.append(x)
        return tuple(outputs)

    def train(self, mode: bool = True) -> "LANMSFFBackbone":
        super().train(mode)
        self._freeze_stages()
        if mode and self.norm_eval:
            for module in self.modules():
                if isinstance(module, _BatchNorm):
                    module.eval()
        return self

    def _freeze_stages(self) -> None:
        for block in self.blocks[:self.frozen_stages + 1]:
            block.eval()
            block.requires_grad_(False)
