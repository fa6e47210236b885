"""MassAtt as MMCV builds plugin layers: with ``in_channels`` and an abbreviation for its attribute."""
from .. import layers
from ..registry import MODELS, register

__all__ = ["PWFS", "MassAtt"]


@register(MODELS)
class MassAtt(layers.MassAtt):
    """:class:`lanmsff_plugins.MassAtt`, which also takes its channels as ``in_channels``."""

    _abbr_ = "mass_att"

    def __init__(self, channels: int | None = None, *, in_channels: int | None = None, **kwargs):
        if (channels is None) == (in_channels is None):
            raise ValueError("MassAtt needs its number of channels once, as channels or as in_channels")
        super().__init__(in_channels if channels is None else channels, **kwargs)


@register(MODELS)
class PWFS(layers.PWFS):
    """:class:`lanmsff_plugins.PWFS`, which also takes its channels as ``in_channels``."""

    _abbr_ = "pwfs"

    def __init__(self, channels: int | None = None, *, in_channels: int | None = None):
        if (channels is None) == (in_channels is None):
            raise ValueError("PWFS needs its number of channels once, as channels or as in_channels")
        super().__init__(in_channels if channels is None else channels)
