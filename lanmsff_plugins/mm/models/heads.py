"""A classifier with a branch beside it that learns an embedding, such as one of the pose, by a loss of its own.

    head = dict(type="lanmsff_plugins.BranchHead", num_classes=7, in_channels=156, channels=5,
                views=["-90", "-45", "0", "45", "90"], branch_loss=dict(type="lanmsff_plugins.ViewContrastiveLoss"))
"""
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from mmpretrain.models.heads import LinearClsHead
from mmpretrain.structures import DataSample
from torch import Tensor, nn

from ...base.errors import DataError
from ...registry import MODELS, register

__all__ = ["BranchHead"]


@register(MODELS)
class BranchHead(LinearClsHead):
    """MMPretrain's ``LinearClsHead``, and a linear branch without bias on the same features.

    In training it adds ``loss_branch``; a prediction has the branch's output as ``embedding``, (D,).

    Args:
        num_classes: Number of classes.
        in_channels: Number of channels of the features.
        branch_loss: Config of a loss that is called with embeddings (N, D) and labels (N,).
        channels: Number of channels D of the embedding.
        views: The names of the views, as the records have them in ``view``, in the order of their numbers. By default
            the branch learns the classes.
        normalize: Scale the embeddings to length 1, for losses that expect it.
        detach: Keep the branch's gradient from the features. A loss of the views would make these tell the views
            apart, and a classifier of expressions is better off without that.
        **kwargs: As for ``LinearClsHead``.

    Raises:
        DataError: if a record has no view, or one that is not in ``views``.
    """

    def __init__(self, num_classes: int, in_channels: int, branch_loss: dict, channels: int,
                 views: Sequence[str] | None = None, normalize: bool = False, detach: bool = True, **kwargs):
        super().__init__(num_classes, in_channels, **kwargs)
        self.branch = nn.Linear(in_channels, channels, bias=False)
        self.branch_loss = MODELS.build(branch_loss)
        self.views = None if views is None else {name: number for number, name in enumerate(views)}
        self.normalize = normalize
        self.detach = detach

    def embed(self, feats: tuple[Tensor, ...]) -> Tensor:
        """The branch's output (N, D)."""
        features = self.pre_logits(feats)
        embeddings = self.branch(features.detach() if self.detach else features)
        return F.normalize(embeddings) if self.normalize else embeddings

    def loss(self, feats: tuple[Tensor, ...], data_samples: list[DataSample], **kwargs) -> dict:
        losses = super().loss(feats, data_samples, **kwargs)
        embeddings = self.embed(feats)
        labels = torch.tensor([self._number(sample) for sample in data_samples], device=embeddings.device)
        return {**losses, "loss_branch": self.branch_loss(embeddings, labels)}

    def _number(self, sample: DataSample) -> int:
        if self.views is None:
            return int(sample.gt_label)
        view = sample.get("view")
        if view not in self.views:
            raise DataError(f"a picture has the view {view!r}, expected one of {', '.join(self.views)}; give views of "
                            "the data set, and PackInputs meta_keys with 'view'")
        return self.views[view]

    def predict(self, feats: tuple[Tensor, ...], data_samples: list[DataSample | None] | None = None
                ) -> list[DataSample]:
        samples = super().predict(feats, data_samples)
        for sample, embedding in zip(samples, self.embed(feats)):
            sample.set_field(embedding, "embedding")
        return samples
