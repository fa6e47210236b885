"""The layers of LANMSFF and of the papers around it, each paper in a file that can be lifted out on its own."""
from .checks import set_fused
from .conv import BatchNorm2d, ConvNormAct, DilatedConv2d, SeparableConv2d
from .dfe_ianet import MSFD
from .dual_path import DualPath
from .fusion import LastScale, MultiScaleFusion
from .maffsrn import CEA, MAB
from .mass_att import MassAtt
from .mgdn import MGCA, MGDF, MGFF
from .pwfs import PWFS, pwfs
from .quaternion import QuaternionConv2d
from .safmn import CCM, SAFM, AttBlock
from .xmsnet import AF, AF0, LGB, QueryAttention

__all__ = [
    "AF", "AF0", "CCM", "CEA", "LGB", "MAB", "MGCA", "MGDF", "MGFF", "MSFD", "PWFS", "SAFM", "AttBlock", "BatchNorm2d",
    "ConvNormAct", "DilatedConv2d", "DualPath", "LastScale", "MassAtt", "MultiScaleFusion", "QuaternionConv2d",
    "QueryAttention", "SeparableConv2d", "pwfs", "set_fused",
]
