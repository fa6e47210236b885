"""Mixed precision without a GPU; Muon for configs."""
from contextlib import contextmanager

import torch
from mmengine.optim import OptimWrapper

from ...base import compat
from ...registry import OPTIM_WRAPPERS, OPTIMIZERS, register

__all__ = ["BFloat16OptimWrapper", "CPUAmpOptimWrapper"]

try:
    from .muon import Muon
except ImportError:  # timm before 1.0.26
    try:
        from timm.optim import Muon  # torch's own takes matrices only
    except ImportError:
        def Muon(*args, **kwargs):
            compat.require("timm", "1.0.21", "Muon", "upgrade timm, or train with AdamW: --cfg-options "
                           "\"optim_wrapper.optimizer=dict(_delete_=True, type='AdamW', lr=2e-3, weight_decay=0.05)\"")

OPTIMIZERS.register_module(module=Muon)


@register(OPTIM_WRAPPERS)
class CPUAmpOptimWrapper(OptimWrapper):
    """MMEngine's wrapper with bfloat16 autocast on the CPU, where ``AmpOptimWrapper`` refuses to work.

    bfloat16 has the range of float32, so there is no loss scale.
    """

    @contextmanager
    def optim_context(self, model: torch.nn.Module):
        with super().optim_context(model), torch.autocast("cpu", torch.bfloat16):
            yield


@register(OPTIM_WRAPPERS)
class BFloat16OptimWrapper(OptimWrapper):
    """MMEngine's wrapper with bfloat16 autocast on the device that the model is on.

    ``AmpOptimWrapper`` scales the loss in any type, and waits for a GPU at each step to see whether it overflowed.
    """

    @contextmanager
    def optim_context(self, model: torch.nn.Module):
        device = next(model.parameters()).device.type
        with super().optim_context(model), torch.autocast(device, torch.bfloat16):
            yield
