"""MassAtt and PWFS by our kernels, in Triton's interpreter; the reference is the plain layer in float64.

``test_fused.py`` runs this file: `TRITON_INTERPRET=1 python -m pytest tests/layers/interpreted.py`.
"""
from collections import Counter

import pytest
import torch
from torch import nn

from lanmsff_plugins import PWFS, MassAtt, pwfs
from lanmsff_plugins.layers import fused, set_fused
from lanmsff_plugins.layers.checks import fuses

LAYOUTS = {
    "contiguous": lambda x: x,
    "channels last": lambda x: x.contiguous(memory_format=torch.channels_last),
    "a part of the rows": lambda x: torch.cat([x, x], 3)[..., :x.shape[3]],
    "transposed": lambda x: x.transpose(2, 3).contiguous().transpose(2, 3)}


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


@pytest.fixture
def launches(monkeypatch):
    """How often each kernel has been started."""
    assert fuses(torch.zeros(1, 3, 1, 1))  # which tries one
    found = Counter()

    class Counted:
        def __init__(self, name):
            self.name, self.kernel = name, getattr(fused.kernels, name)

        def __getitem__(self, grid):
            found[self.name] += 1
            return self.kernel[grid]

    for name in fused.kernels.__all__:
        monkeypatch.setattr(fused.kernels, name, Counted(name))
    return found


def mass_att(channels: int, **kwargs) -> MassAtt:
    """A layer whose biases are not zero."""
    layer = MassAtt(channels, **kwargs)
    for name, parameter in layer.named_parameters():
        if name.endswith("bias"):
            nn.init.normal_(parameter)
    return layer


def in_float64(layer: nn.Module, x: torch.Tensor, grad: torch.Tensor) -> list[torch.Tensor]:
    """The result and all gradients, for the same values."""
    copied = MassAtt(layer.channels, dtype=torch.float64) if isinstance(layer, MassAtt) else layer
    copied.load_state_dict(layer.state_dict())
    return with_gradients(copied, x.detach().double(), grad.double())


def with_gradients(layer: nn.Module, x: torch.Tensor, grad: torch.Tensor) -> list[torch.Tensor]:
    x = x.detach().requires_grad_()
    y = layer(x)
    return [y.detach(), *torch.autograd.grad(y, [x, *layer.parameters()], grad)]


def by_pytorch(call):
    set_fused(False)
    try:
        return call()
    finally:
        set_fused(True)


def assert_near(found: list[torch.Tensor], expected: list[torch.Tensor]) -> None:
    """As PyTorch has it for the type."""
    torch.testing.assert_close(found, [b.to(a.dtype) for a, b in zip(found, expected, strict=True)])


@pytest.mark.parametrize(("size", "dtype"), [
    ((8, 8), torch.float32), ((5, 6), torch.bfloat16), ((1, 1), torch.float16), ((2, 9), torch.float32)])
def test_mass_att_and_its_gradients_are_those_of_the_plain_layer(size, dtype, launches):
    layer, x, grad = mass_att(12, dtype=dtype), torch.randn(2, 12, *size).to(dtype), torch.randn(2, 12, *size).to(dtype)
    found = with_gradients(layer, x, grad)
    assert launches == {"pool": 1, "gate_channels": 1, "hourglass": 3, "gate_and_multiply": 1, "pool_gradients": 1,
                        "add_gradients": 1}
    assert all(each.dtype is dtype for each in found)
    assert_near(found, in_float64(layer, x, grad))


@pytest.mark.parametrize("channels", [1, 3, 70])
def test_mass_att_takes_any_number_of_channels(channels):
    layer, x, grad = mass_att(channels), torch.randn(1, channels, 6, 7), torch.randn(1, channels, 6, 7)
    assert_near(with_gradients(layer, x, grad), in_float64(layer, x, grad))


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("build", [mass_att, PWFS])
def test_a_map_may_lie_in_memory_in_any_order(build, layout):
    layer, x = build(12).to(memory_format=torch.channels_last), LAYOUTS[layout](torch.randn(2, 12, 5, 6))
    grad = layer(x).sin().detach()
    expected = in_float64(layer, x, grad)
    assert_near(with_gradients(layer, x, grad), expected)
    expanded = torch.tensor(1.).expand(grad.shape)
    assert_near(with_gradients(layer, x, expanded), in_float64(layer, x, expanded))
    assert layer(x).is_contiguous(memory_format=torch.channels_last) == (layout == "channels last")


def test_mass_att_is_six_kernels_forward_and_pwfs_one(launches):
    with torch.no_grad():
        mass_att(12)(torch.randn(1, 12, 8, 8))
        assert sum(launches.values()) == 6
        pwfs(torch.randn(1, 12, 8, 8))
        assert launches["select"] == 1 and sum(launches.values()) == 7


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_pwfs_and_its_gradient_are_those_of_the_plain_layer_to_the_last_bit(dtype, launches):
    x = torch.stack([torch.randperm(12) for _ in range(35)], 1).view(1, 12, 5, 7).to(dtype) - 6
    layer, grad = PWFS(12), torch.randn(1, 4, 5, 7).to(dtype)
    found = with_gradients(layer, x, grad)
    assert launches == {"select": 1, "select_gradient": 1}
    torch.testing.assert_close(found, by_pytorch(lambda: with_gradients(layer, x, grad)), rtol=0, atol=0)


def test_pwfs_keeps_nan_and_shares_gradients_among_what_ties():
    x = torch.tensor([[1., 1, 1], [2, 2, 1], [1, 2, 2], [3, 1, 1], [1, torch.nan, 5]]).T[None, :, :, None]
    y, grad = with_gradients(PWFS(3), x, torch.ones(1, 1, 5, 1))
    torch.testing.assert_close(y.flatten(), torch.tensor([1., 2, 2, 2, torch.nan]), equal_nan=True)
    expected = [[.375, .375, .25], [.5, .5, 0], [0, .5, .5], [.5, .25, .25]]
    torch.testing.assert_close(grad[0, :, :4, 0].T, torch.tensor(expected))


@pytest.mark.parametrize("build", [mass_att, PWFS])
def test_gradients_of_gradients_are_right(build):
    layer = build(6)
    x = torch.randn(1, 6, 3, 4, requires_grad=True)

    def penalty():
        grad, = torch.autograd.grad(layer(x).square().sum(), x, create_graph=True)
        return torch.autograd.grad(grad.square().sum(), x)[0]

    torch.testing.assert_close(penalty(), by_pytorch(penalty), rtol=1e-4, atol=1e-5)


def test_gradients_of_gradients_are_right_in_bfloat16():
    layer = mass_att(6)
    values = torch.randn(2, 6, 5, 6)

    def penalty(dtype):
        x = values.to(dtype).requires_grad_()
        with torch.autocast("cpu", torch.bfloat16, enabled=dtype == torch.bfloat16):
            y = layer(x)
        grad, = torch.autograd.grad(y.float().square().sum(), x, create_graph=True)
        return torch.autograd.grad(grad.float().square().sum(), x)[0]

    got, expected = penalty(torch.bfloat16), by_pytorch(lambda: penalty(torch.float32))
    torch.testing.assert_close(got.float(), expected, rtol=0.05, atol=0.05 * expected.abs().max().item())


@pytest.mark.parametrize("build", [mass_att, PWFS])
def test_a_compiler_takes_the_kernels_as_they_are(build, launches):
    layer, x = build(6), torch.randn(2, 6, 6, 5)
    grad = torch.randn_like(layer(x))
    expected = with_gradients(layer, x, grad)
    launches.clear()
    compiled = torch.compile(layer, backend="aot_eager", fullgraph=True)
    found = with_gradients(compiled, x, grad)
    assert launches
    torch.testing.assert_close(found, expected)


def test_the_operators_keep_what_pytorch_asks_of_them():
    layer, x = mass_att(6), torch.randn(2, 6, 5, 4, requires_grad=True)
    parameters = [p for child in layer.children() for p in child.parameters()]
    checks = ("test_schema", "test_autograd_registration", "test_faketensor")
    torch.library.opcheck(torch.ops.lanmsff_plugins.mass_att, (x, parameters), test_utils=checks)
    torch.library.opcheck(torch.ops.lanmsff_plugins.pwfs, (x,), test_utils=checks)


def test_autocast_keeps_the_type_of_the_map(launches):
    layer, x = mass_att(12), torch.randn(2, 12, 6, 6)
    with torch.autocast("cpu", torch.bfloat16):
        assert layer(x).dtype is torch.float32 and layer(x.bfloat16()).dtype is torch.bfloat16
    assert launches["pool"] == 2


@pytest.mark.parametrize("change", [
    lambda layer: layer.fc1.register_forward_hook(lambda *_: None),
    lambda layer: nn.utils.parametrizations.weight_norm(layer.down1),
    lambda layer: setattr(layer, "gate", nn.Tanh()),
    lambda layer: layer.double()])
def test_a_layer_that_somebody_looks_into_or_has_changed_calls_its_modules(change, launches):
    layer = mass_att(12)
    change(layer)
    layer(torch.randn(2, 12, 6, 6, dtype=layer.fc2.weight.dtype))
    assert not launches


def test_traces_transforms_and_empty_maps_have_the_plain_operators(launches):
    layer, x = mass_att(12), torch.randn(2, 12, 6, 6)
    torch.fx.symbolic_trace(layer)(x)
    torch.jit.script(layer)(x)
    torch.func.vmap(layer)(x[:, None])
    assert not fuses(x[:0]) and not fuses(x.double())
    assert not launches
