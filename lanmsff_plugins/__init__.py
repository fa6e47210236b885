"""MassAtt, PWFS and LANMSFF as parts for any CNN of timm or OpenMMLab.

    from lanmsff_plugins import MassAtt

Names are imported when they are first used, so that ``lanmsff --help`` and the readers of data need no torch.
"""
import importlib

__version__ = "0.2.0"

_HOME = {
    "LANMSFF": ".models", "PWFS": ".layers", "DualPath": ".layers", "MassAtt": ".layers",
    "MultiScaleFusion": ".layers", "pwfs": ".layers", "read_faces": ".faces"}
__all__ = sorted(_HOME)


def __getattr__(name: str):
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME[name], __name__), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
