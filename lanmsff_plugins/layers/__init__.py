"""The layers of LANMSFF, each in a file that can be lifted out on its own."""
from .conv import BatchNorm2d, ConvNormAct, DilatedConv2d, SeparableConv2d
from .dual_path import DualPath
from .fusion import LastScale, MultiScaleFusion
from .mass_att import MassAtt
from .pwfs import PWFS, pwfs

__all__ = [
    "PWFS", "BatchNorm2d", "ConvNormAct", "DilatedConv2d", "DualPath", "LastScale", "MassAtt", "MultiScaleFusion",
    "SeparableConv2d", "pwfs",
]
