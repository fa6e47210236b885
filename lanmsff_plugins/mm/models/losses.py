"""The loss of FERPlus' multi-target mode, which MMPretrain lacks.

Source: Barsoum et al., 2016, section 3.3 - https://arxiv.org/abs/1608.01041
"""
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...registry import MODELS, register

__all__ = ["MultiTargetLoss"]


@register(MODELS)
class MultiTargetLoss(nn.Module):
    """-log max(t * p): any of the accepted classes will do, and the likeliest counts.

    Args:
        loss_weight: Factor of the loss.

    Shape:
        Logits (N, C) and a distribution (N, C), of which every class above zero is accepted.
    """

    def __init__(self, loss_weight: float = 1.0):
        super().__init__()
        self.loss_weight = loss_weight

    def forward(self, cls_score: Tensor, label: Tensor, avg_factor: int | None = None, **kwargs) -> Tensor:
        log_p = F.log_softmax(cls_score.float(), dim=1).masked_fill(label <= 0, -torch.inf)
        return -self.loss_weight * log_p.amax(1).sum() / (avg_factor or len(log_p))
