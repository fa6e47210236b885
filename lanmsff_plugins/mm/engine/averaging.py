"""A running average of the weights in one operator a step, where MMEngine's takes one for each weight.

    custom_hooks = [dict(type='EMAHook', ema_type='lanmsff_plugins.ExponentialMovingAverage', momentum=4e-3)]
"""
import torch
from mmengine.model import ExponentialMovingAverage as _ExponentialMovingAverage
from torch import nn

from ...registry import MODELS, register

__all__ = ["ExponentialMovingAverage"]


@register(MODELS)
class ExponentialMovingAverage(_ExponentialMovingAverage):
    """MMEngine's average, with its arguments, its states and its numbers."""

    def update_parameters(self, model: nn.Module) -> None:
        """Take the present weights into the average, at every ``interval``-th call."""
        steps = int(self.steps)
        sources = model.state_dict() if self.update_buffers else dict(model.named_parameters())
        names = [name for name, average in self.avg_parameters.items() if average.is_floating_point() or steps == 0]
        averages = [self.avg_parameters[name].data for name in names]
        values = [sources[name].data.to(average.device) for name, average in zip(names, averages)]
        if steps == 0:
            torch._foreach_copy_(averages, values)
        elif steps % self.interval == 0:
            torch._foreach_lerp_(averages, values, self.momentum)
        if not self.update_buffers:
            pairs = list(zip(self.module.buffers(), model.buffers()))
            if pairs:
                torch._foreach_copy_(*map(list, zip(*pairs)))
        self.steps += 1
