"""Losses that MMPretrain lacks: of FERPlus' multi-target mode, and for embeddings, which are learnt by comparison.

    dict(type="lanmsff_plugins.ViewContrastiveLoss", temperature=0.1)

Sources: Barsoum et al., 2016, section 3.3 - https://arxiv.org/abs/1608.01041; PARFormer -
https://arxiv.org/abs/2304.07230; DMRNet - https://arxiv.org/abs/2102.10795. The losses for embeddings are called with
these and with labels, as :class:`~lanmsff_plugins.mm.models.heads.BranchHead` does.
"""
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from ...registry import MODELS, register

__all__ = ["MultiTargetLoss", "OnlineInstanceLoss", "ViewContrastiveLoss"]


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


@register(MODELS)
class ViewContrastiveLoss(nn.Module):
    """PARFormer's multi-view contrastive loss: pictures of one view attract each other, those of others repel.

    It is ``NTXentLoss`` of pytorch-metric-learning, which has the authors' values and gradients, and gives 0 where
    theirs are NaN: for batches of one view, for those without two pictures of one, and once all views are separated.
    It makes embeddings separable by view, the opposite of invariant to it.

    Args:
        temperature: Divides the cosine similarities; 0.1 is the authors'.
        loss_weight: Factor of the loss.

    Shape:
        Embeddings (N, D), of any length, and the number of the view of each (N,).

    Raises:
        ImportError: if pytorch-metric-learning is not installed.
    """

    def __init__(self, temperature: float = 0.1, loss_weight: float = 1.0):
        super().__init__()
        try:
            from pytorch_metric_learning.losses import NTXentLoss  # optional, and slow to import
        except ImportError as error:
            raise ImportError(f"ViewContrastiveLoss needs pytorch-metric-learning ({error}): "
                              "pip install 'lanmsff-plugins[metric]'") from None
        self.loss = NTXentLoss(temperature)
        self.loss_weight = loss_weight

    def forward(self, embeddings: Tensor, label: Tensor, **kwargs) -> Tensor:
        with torch.autocast(embeddings.device.type, enabled=False):
            return self.loss_weight * self.loss(embeddings.float(), label)


@register(MODELS)
class OnlineInstanceLoss(nn.Module):
    """DMRNet's online-instance loss: cross-entropy with a running mean of each class's embeddings as its weights.

    The backward pass moves the mean of a picture's class towards its embedding, one picture after the other, and puts
    pictures without a class into a queue; every mean and every entry of the queue is a class to choose from. The state
    is in buffers, so that a training resumes exactly. With several processes each has tables of its own.

    Args:
        classes: Number of classes.
        channels: Number of channels of the embeddings.
        queue: Number of pictures without a class that are remembered.
        momentum: What is kept of a mean at each picture; 0.5 is the authors'.
        scale: Factor of the cosine similarities; 10 is the authors'.
        loss_weight: Factor of the loss.

    Shape:
        Embeddings (N, D) of length 1, and the class of each (N,), -1 where there is none. Where all are -1 the loss is
        0, where the authors' is NaN.

    Raises:
        ValueError: if there are no classes or channels, or a size or the momentum is out of range.
    """

    def __init__(self, classes: int, channels: int, queue: int = 0, momentum: float = 0.5, scale: float = 10.,
                 loss_weight: float = 1.0):
        super().__init__()
        if min(classes, channels) < 1 or queue < 0 or not 0 <= momentum <= 1:
            raise ValueError("OnlineInstanceLoss needs classes and channels of 1 or more, queue of 0 or more, momentum "
                             f"of 0 to 1, got {classes}, {channels}, {queue}, {momentum}")
        self.momentum = momentum
        self.scale = scale
        self.loss_weight = loss_weight
        self.register_buffer("lut", torch.zeros(classes, channels))  # the authors' names
        self.register_buffer("queue", torch.zeros(queue, channels))

    def forward(self, embeddings: Tensor, label: Tensor, **kwargs) -> Tensor:
        with torch.autocast(embeddings.device.type, enabled=False):
            similar = _Similarities.apply(embeddings.float(), label, self.lut, self.queue, self.momentum)
            total = F.cross_entropy(self.scale * similar, label, ignore_index=-1, reduction="sum")
        return self.loss_weight * total / (label >= 0).sum().clamp(min=1)


class _Similarities(torch.autograd.Function):
    """Products with the tables, which the backward pass takes for constants and changes after it."""

    @staticmethod
    def forward(ctx, embeddings: Tensor, label: Tensor, lut: Tensor, queue: Tensor, momentum: float) -> Tensor:
        ctx.save_for_backward(embeddings, label)
        ctx.tables, ctx.momentum = (lut, queue), momentum  # as they are when backward starts
        return embeddings @ torch.cat([lut, queue]).T

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient: Tensor) -> tuple[Tensor | None, ...]:
        embeddings, label = ctx.saved_tensors
        lut, queue = ctx.tables
        result = gradient @ torch.cat([lut, queue])
        for embedding, number in zip(embeddings, label.tolist()):
            if number >= 0:
                lut[number] = F.normalize(ctx.momentum * lut[number] + (1 - ctx.momentum) * embedding, dim=0)
            elif len(queue):
                queue.copy_(torch.cat([queue[1:], embedding[None]]))
        return result, None, None, None, None
