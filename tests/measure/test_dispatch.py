"""Operators are counted one by one, in the backward pass too; views are not."""
import torch

from lanmsff_plugins.measure.dispatch import count_operators


def test_each_operator_counts_and_views_do_not():
    x = torch.ones(2, 3)
    assert count_operators(lambda: (x.t().reshape(6)[None] + 1).view(3, 2).exp_()) == {
        "aten.clone.default": 1, "aten._unsafe_view.default": 1, "aten.add.Tensor": 1, "aten.exp_.default": 1}


def test_the_backward_pass_counts_too():
    x = torch.ones(2, requires_grad=True)
    assert count_operators(lambda: x.exp().sum().backward())["aten.mul.Tensor"] == 1


def test_an_operator_on_a_list_is_one():
    found = count_operators(lambda: torch._foreach_add_([torch.ones(2), torch.ones(3)], 1))
    assert found["aten._foreach_add_.Scalar"] == 1
