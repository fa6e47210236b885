"""What replaces MassAtt and PWFS in the ablations of mm_configs/ablation; not for use elsewhere."""
from timm.layers import create_attn
from torch import Tensor, nn

from ... import layers
from ...layers.pwfs import GROUPS
from ...registry import MODELS, register

__all__ = ["AllChannels", "GroupMax", "GroupMean", "Pointwise", "SpatialAtt", "TimmAttention"]


@register(MODELS, root_too=False)
class SpatialAtt(layers.MassAtt):
    """MassAtt's spatial branch alone. Its channel branch alone is timm's 'se' with ``rd_ratio=0.25``."""

    def __init__(self, channels: int, **kwargs):
        super().__init__(channels, **kwargs)
        del self.fc1, self.fc2

    def reset_parameters(self) -> None:
        if hasattr(self, "fc1"):  # only while it is built: later there is less to reset
            super().reset_parameters()

    def forward(self, x: Tensor) -> Tensor:
        return x * self.spatial_attention(x)


@register(MODELS, root_too=False)
def TimmAttention(name: str, channels: int, **kwargs) -> nn.Module:
    """One of timm's attention layers by its name: 'se', 'cbam', 'eca' and so on."""
    return create_attn(name, channels, **kwargs)


class _Groups(nn.Module):
    def __init__(self, channels: int):
        super().__init__()
        self.out_channels = channels // GROUPS


@register(MODELS, root_too=False)
class GroupMax(_Groups):
    """The largest of PWFS' three groups, point by point."""

    def forward(self, x: Tensor) -> Tensor:
        return x.unflatten(1, (GROUPS, -1)).amax(1)


@register(MODELS, root_too=False)
class GroupMean(_Groups):
    """The mean of PWFS' three groups, point by point."""

    def forward(self, x: Tensor) -> Tensor:
        return x.unflatten(1, (GROUPS, -1)).mean(1)


@register(MODELS, root_too=False)
class Pointwise(nn.Conv2d):
    """A learned 1x1 convolution to a third of the channels."""

    def __init__(self, channels: int):
        super().__init__(channels, channels // GROUPS, 1)


@register(MODELS, root_too=False)
class AllChannels(nn.Identity):
    """No selection: every channel goes into the fusion."""

    def __init__(self, channels: int):
        super().__init__()
        self.out_channels = channels
