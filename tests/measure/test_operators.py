"""Each operator costs what its formula says."""
import pytest
import torch
import torch.nn.functional as F
from torch import nn

import timm_registry  # noqa: F401
from lanmsff_plugins import PWFS, MassAtt
from lanmsff_plugins.measure.flops import count

from ..versions import needs

computed = needs("torch", "2.10", "a trace with a window whose size is computed")


class Call(nn.Module):
    """A function as a model."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


def test_transposed_convolutions_count():
    # The strided ones have 16 and 4 outputs of 9 and 18 products; a transposed one has one for each input and weight.
    assert count(MassAtt(12), (12, 8, 8)).macs == 2 * 12 * 3 + 16 * 2 * 9 + 4 * 4 * 18 + 4 * 16 * 9 + 16 * 4 * 9


@pytest.mark.parametrize(("function", "macs"), [
    (lambda x: F.conv2d(x, torch.ones(5, 6, 3, 3), padding="same"), 5 * 6 * 9 * 4 * 4),
    (lambda x: x.flatten(2) @ x.flatten(2).mT, 6 * 6 * 16),
    (lambda x: torch.ones(2, 16) @ x.flatten(2).mT, 2 * 16 * 6),  # the first operand is broadcast
    (lambda x: F.linear(x, torch.ones(4)), 6 * 4 * 4),
    (lambda x: torch.einsum("nchw,ck->nkhw", x, torch.ones(6, 5)), 6 * 5 * 16),
    (lambda x: torch.einsum("nchw,ck->nckhw", x, torch.ones(6, 5)), 6 * 5 * 16),  # nothing is summed
    (lambda x: F.scaled_dot_product_attention(x, x, x[..., :3]), 6 * (4 * 4 * 4 + 4 * 4 * 3))])
def test_products_are_counted_in_every_form(function, macs):
    cost = count(Call(function), (6, 4, 4))
    assert cost.macs == macs and cost.uncounted == {}


@pytest.mark.parametrize(("function", "flops"), [
    (F.relu, 96), (torch.sigmoid, 96), (lambda x: x * x, 96), (lambda x: x.mean((2, 3)), 96),
    (lambda x: F.max_pool2d(x, 2), 24 * 4), (lambda x: F.avg_pool2d(x, (4, 2)), 12 * 8),
    (lambda x: F.avg_pool2d(x, (2,)), 24 * 4), (lambda x: F.avg_pool3d(x, 2), 12 * 8),
    (lambda x: x.max(1)[0], 96), (lambda x: torch.max(x, -x), 2 * 96),
    (lambda x: F.layer_norm(x[None, None], (4,)), 4 * 96),
    (lambda x: x.softmax(1), 3 * 96), (lambda x: x.transpose(1, 2).reshape(1, -1)[:, ::2], 0)])
def test_other_operators_cost_one_for_each_value(function, flops):
    cost = count(Call(function), (6, 4, 4))
    assert (cost.macs, cost.flops, cost.uncounted) == (0, flops, {})


@pytest.mark.parametrize("pool", [
    lambda x: F.avg_pool2d(x, x.shape[2:]), lambda x: F.max_pool2d(x, (x.size(2), x.size(3)), stride=x.size(2)),
    lambda x: F.max_pool2d(x, x.shape[2:], return_indices=True)[0],
    lambda x: F.avg_pool2d(x, (x.size(2) // 2, x.size(3) // 2)),
    pytest.param(lambda x: F.avg_pool2d(x, min(x.shape[2:])), marks=computed),
    pytest.param(lambda x: F.avg_pool1d(x.flatten(2), x.size(2) * x.size(3)), marks=computed),
    pytest.param(lambda x: F.avg_pool2d(x, x.size(1) - x.size(3)), marks=computed)])
def test_a_window_whose_size_comes_from_the_input_is_counted(pool):
    cost = count(Call(pool), (6, 4, 4))
    assert cost.flops - 96 in (0, 1) and cost.uncounted == {}  # and perhaps the product or the difference of two sizes


def test_a_model_that_cannot_be_traced_is_refused_in_one_line():
    with pytest.raises(ValueError, match="^Call cannot be counted by tracing it: len.. of a 0-d tensor$"):
        count(Call(lambda x: F.adaptive_avg_pool2d(x, x.size(2) // 2)), (6, 4, 4))


def test_selection_costs_five_operations_for_each_value_it_keeps():
    assert count(PWFS(6), (6, 4, 4)).flops == 5 * 2 * 16


def test_what_nobody_knows_is_listed():
    assert count(Call(torch.digamma), (6, 4, 4)).uncounted == {"aten::digamma": 1}
