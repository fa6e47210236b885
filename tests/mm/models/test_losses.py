"""The loss of FERPlus's multi-target mode is the paper's formula."""
import numpy as np
import pytest
import torch

from lanmsff_plugins.registry import MODELS


def test_it_is_the_paper_s_formula_in_float64():
    rng = np.random.default_rng(0)
    logits, targets = rng.normal(size=(6, 8)), (rng.random((6, 8)) < .4).astype(float)
    targets[:, 0] = 1
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    expected = -np.log((targets * p).max(1)).mean()
    loss = MODELS.build({"type": "lanmsff_plugins.MultiTargetLoss"})(torch.tensor(logits), torch.tensor(targets))
    assert loss.item() == pytest.approx(expected, rel=1e-6)


def test_its_gradient_pulls_the_likeliest_accepted_class_up_alone():
    logits = torch.tensor([[2., 1., 0.]], requires_grad=True)
    MODELS.build({"type": "lanmsff_plugins.MultiTargetLoss"})(logits, torch.tensor([[0., .5, .5]])).backward()
    assert (logits.grad < 0).tolist() == [[False, True, False]]
