"""MassAtt, PWFS and LANMSFF as parts for any CNN of timm or OpenMMLab."""
from .lanmsff import LANMSFF
from .layers import PWFS, DualPath, MassAtt, MultiScaleFusion, pwfs

__all__ = ["LANMSFF", "PWFS", "DualPath", "MassAtt", "MultiScaleFusion", "pwfs"]
__version__ = "0.1.0"
