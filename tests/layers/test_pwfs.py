"""PWFS keeps, at each place, the mean of the two largest of three groups, and nothing hides a bad value."""
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lanmsff_plugins import PWFS, pwfs

SHAPES = st.tuples(st.integers(0, 3), st.integers(1, 6).map(lambda c: 3 * c), st.integers(1, 7), st.integers(1, 7))
FEATURES = SHAPES.flatmap(lambda shape: hnp.arrays(np.float32, shape, elements=st.floats(-2**100, 2**100, width=32)))


@pytest.fixture(autouse=True)
def no_flushing():
    """Programs that torch 2.4 compiles have the processor take the smallest numbers for zero."""
    torch.set_flush_denormal(False)


def mean_of_two_largest(x: np.ndarray) -> np.ndarray:
    groups = np.sort(np.stack(np.split(x, 3, axis=1)), axis=0)
    return (groups[1] + groups[2]) / 2


@settings(max_examples=50, deadline=None)
@given(FEATURES)
def test_it_is_the_mean_of_the_two_largest(x):
    np.testing.assert_array_equal(pwfs(torch.from_numpy(x)).numpy(), mean_of_two_largest(x))


@settings(max_examples=25, deadline=None)
@given(FEATURES)
def test_the_order_of_the_groups_does_not_matter(x):
    groups = torch.from_numpy(x).chunk(3, dim=1)
    assert torch.equal(pwfs(torch.cat(groups, 1)), pwfs(torch.cat([groups[2], groups[0], groups[1]], 1)))


def test_it_is_the_papers_formula():
    x = torch.randn(2, 12, 5, 6, dtype=torch.float64)
    a, b, c = x.chunk(3, dim=1)
    torch.testing.assert_close(pwfs(x), (a + b + c - torch.stack([a, b, c]).amin(0)) / 2)


def test_the_module_is_the_function():
    x = torch.randn(2, 12, 5, 6)
    assert torch.equal(PWFS(12)(x), pwfs(x))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("swallowed", [-6e4, float("-inf")])
def test_one_large_negative_group_leaves_the_other_two_alone(dtype, swallowed):
    x = torch.tensor([swallowed, 1., 2.], dtype=dtype)[None, :, None, None]
    for order in ([0, 1, 2], [1, 0, 2], [2, 1, 0]):
        assert pwfs(x[:, order]).item() == 1.5


@pytest.mark.parametrize("group", [0, 1, 2])
def test_a_nan_is_not_hidden(group):
    x = torch.rand(1, 3, 2, 2)
    x[0, group, 0, 1] = float("nan")
    assert pwfs(x).isnan().tolist() == [[[[False, True], [False, False]]]]


def test_half_precision_only_rounds_the_mean():
    x = torch.randn(2, 9, 4, 4).bfloat16()
    a, b = torch.stack(x.chunk(3, dim=1)).sort(0).values[1:]
    assert torch.equal(pwfs(x), (a + b) / 2)


def test_gradients_are_right():
    torch.manual_seed(0)
    assert torch.autograd.gradcheck(pwfs, torch.randn(2, 6, 3, 4, dtype=torch.float64, requires_grad=True))


def test_the_gradient_goes_half_to_each_of_the_two_largest():
    x = torch.tensor([3., 1., 2.])[None, :, None, None].requires_grad_()
    pwfs(x).sum().backward()
    assert x.grad.flatten().tolist() == [0.5, 0., 0.5]


def test_it_has_no_parameters():
    assert not PWFS(66).state_dict()


@pytest.mark.parametrize(("channels", "above"), [(64, 66), (2, 3), (1, 3), (0, 3), (-3, 3)])
def test_channels_that_3_does_not_divide_are_refused_with_the_number_to_take(channels, above):
    with pytest.raises(ValueError, match=f"PWFS needs channels .* got {channels}; put a 1x1 conv to {above} channels"):
        PWFS(channels)


def test_a_misspelt_keyword_is_refused():
    with pytest.raises(TypeError, match="groups"):
        PWFS(66, groups=3)
