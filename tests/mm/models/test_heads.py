"""A branch beside the classifier learns by a loss of its own, and leaves the features alone unless it is told to."""
import pytest
import torch
from mmengine.registry import init_default_scope
from mmpretrain.structures import DataSample

from lanmsff_plugins.base.errors import DataError
from lanmsff_plugins.registry import MODELS

VIEWS = ["FL", "HL", "S", "HR", "FR"]
init_default_scope("mmpretrain")


def samples(views=VIEWS) -> list[DataSample]:
    return [DataSample(metainfo={"view": view}).set_gt_label(i % 3) for i, view in enumerate(views)]


def head(**kwargs):
    torch.manual_seed(0)
    return MODELS.build({"type": "lanmsff_plugins.BranchHead", "num_classes": 3, "in_channels": 8, "channels": 5,
                         "branch_loss": {"type": "CrossEntropyLoss"}, "views": VIEWS, **kwargs})


def feats() -> tuple[torch.Tensor]:
    return (torch.randn(5, 8, generator=torch.Generator().manual_seed(1)).requires_grad_(),)


def test_the_branch_learns_the_views_in_the_order_that_is_given():
    module, x = head(), feats()
    losses = module.loss(x, samples())
    expected = torch.nn.functional.cross_entropy(module.branch(x[0]), torch.arange(5))
    torch.testing.assert_close(losses["loss_branch"], expected)
    assert losses.keys() == {"loss", "loss_branch"}


@pytest.mark.parametrize("detach", [True, False])
def test_its_gradient_reaches_the_features_only_where_that_is_wanted(detach):
    module, x = head(detach=detach), feats()
    module.loss(x, samples())["loss_branch"].backward()
    assert module.branch.weight.grad.abs().sum() > 0
    assert (x[0].grad is None) == detach


def test_without_views_it_learns_the_classes_with_embeddings_of_length_one():
    module, x = head(views=None, normalize=True, branch_loss={
        "type": "lanmsff_plugins.OnlineInstanceLoss", "classes": 3, "channels": 5}), feats()
    embeddings = module.embed(x)
    torch.testing.assert_close(embeddings.norm(dim=1), torch.ones(5))
    module.loss(x, samples())["loss_branch"].backward()
    torch.testing.assert_close(module.branch_loss.lut[2], embeddings[2].detach())


def test_a_prediction_has_the_classifier_s_scores_and_the_embedding():
    module, x = head(), feats()
    predicted = module.predict(x, samples())
    torch.testing.assert_close(torch.stack([each.pred_score for each in predicted]), module(x).softmax(1))
    torch.testing.assert_close(torch.stack([each.embedding for each in predicted]), module.branch(x[0]))


@pytest.mark.parametrize("views", [["FL", "HL", "S", "HR", "up"], [""] * 5])
def test_a_view_that_nobody_has_named_is_refused(views):
    with pytest.raises(DataError, match="a picture has the view '.*', expected one of FL, HL, S, HR, FR"):
        head().loss(feats(), samples(views))


def test_views_are_told_apart_by_the_contrastive_loss_alone():
    pytest.importorskip("pytorch_metric_learning")
    module = head(branch_loss={"type": "lanmsff_plugins.ViewContrastiveLoss"})
    rng = torch.Generator().manual_seed(0)
    names = VIEWS * 6
    centres = torch.randn(5, 8, generator=rng)
    x = (centres.repeat(6, 1) + 0.3 * torch.randn(30, 8, generator=rng),)
    optimizer = torch.optim.Adam(module.branch.parameters(), lr=0.03)
    for _ in range(150):
        optimizer.zero_grad()
        module.loss(x, samples(names))["loss_branch"].backward()
        optimizer.step()
    similar = torch.nn.functional.normalize(module.embed(x).detach())
    similar = similar @ similar.T
    same = torch.tensor([[a == b for b in names] for a in names])
    assert similar[same].min() > similar[~same].max()
