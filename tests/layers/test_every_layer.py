"""What every layer of one input does: it goes through all that PyTorch does to a module, and refuses wrong input.

The layers are those of the catalog, so a new one is tested without a line here.
"""
import copy
from functools import partial

import numpy as np
import onnxruntime
import pytest
import torch
from torch import nn

from lanmsff_plugins.layers import MultiScaleFusion, catalog
from lanmsff_plugins.models.lanmsff import LANMSFF, reset_parameters

LAYERS = {  # made for 6 channels
    layer.name: partial(layer.build, *((6, 8) if layer.kind == "conv" else (6,)))
    for layer in catalog.LAYERS.values() if layer.kind != "multi-input"}
FREE_STANDING = [name for name in LAYERS if catalog.LAYERS[name].free_standing]  # they check their input


@pytest.fixture(params=LAYERS)
def make(request):
    return LAYERS[request.param]


@pytest.fixture
def layer(make):
    torch.manual_seed(0)
    return make().eval()


@pytest.fixture
def x():
    return torch.randn(2, 6, 7, 5, generator=torch.Generator().manual_seed(0))


def calls_of_each_module(module, x) -> dict[str, int]:
    parts = {name: each for name, each in module.named_modules() if not any(each.children())}
    calls = dict.fromkeys(parts, 0)
    for name, each in parts.items():
        each.register_forward_hook(lambda _, args, out, name=name: calls.update({name: calls[name] + 1}))
    module(x)
    return calls


def test_each_module_within_is_called_once(layer, x):
    """Explainers that hook modules, as captum's DeepLift does, refuse one that is called twice."""
    assert set(calls_of_each_module(layer, x).values()) == {1}


@pytest.mark.parametrize(("network", "x"), [
    (LANMSFF(), torch.rand(1, 1, 32, 32)),
    (LANMSFF(act_layer=nn.PReLU, norm_layer="groupnorm1"), torch.rand(1, 1, 32, 32)),
    (MultiScaleFusion([6, 7], project=True), [torch.rand(1, 6, 8, 8), torch.rand(1, 7, 4, 4)])],
    ids=["LANMSFF", "LANMSFF with other layers", "MultiScaleFusion"])
def test_each_module_of_a_network_is_called_once(network, x):
    assert set(calls_of_each_module(network.eval(), x).values()) == {1}


def test_torchscript_gives_the_same(layer, x):
    torch.testing.assert_close(torch.jit.script(layer)(x), layer(x))


def test_fx_gives_the_same_at_another_size(layer):
    x = torch.randn(3, 6, 9, 4)
    torch.testing.assert_close(torch.fx.symbolic_trace(layer)(x), layer(x))


@pytest.mark.parametrize("batch", [1, 5])
def test_export_takes_any_batch(layer, x, batch):
    exported = torch.export.export(layer, (x,), dynamic_shapes=({0: torch.export.Dim("batch")},)).module()
    other = torch.randn(batch, *x.shape[1:])
    torch.testing.assert_close(exported(other), layer(other))


def test_channels_last_stays_and_changes_no_value(layer, x):
    expected = layer(x)
    out = layer.to(memory_format=torch.channels_last)(x.contiguous(memory_format=torch.channels_last))
    assert out.is_contiguous(memory_format=torch.channels_last) and not out.is_contiguous()
    torch.testing.assert_close(out, expected)


def test_an_empty_batch_gives_an_empty_batch(layer, x):
    assert layer(x[:0]).shape == (0, *layer(x).shape[1:])


def test_a_batch_of_one_is_as_in_a_larger_batch(layer, x):
    torch.testing.assert_close(layer(x[:1]), layer(x)[:1])


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64])
def test_a_layer_made_in_a_type_computes_in_it(make, x, dtype):
    layer = make(dtype=dtype)
    assert {p.dtype for p in layer.parameters()} <= {dtype}
    out = layer(x.to(dtype))
    assert out.dtype is dtype and out.isfinite().all()


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_autocast_trains_every_parameter(make, x, dtype):
    layer = make()
    x.requires_grad_()
    with torch.autocast("cpu", dtype):
        layer(x).float().square().sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in (x, *layer.parameters()))


def test_a_layer_made_on_meta_starts_as_any_other(make):
    expected, layer = make(), make(device="meta")
    assert all(p.is_meta for p in layer.parameters())
    for each in (expected, layer.to_empty(device="cpu")):
        torch.manual_seed(0)
        reset_parameters(nn.Sequential(each))
    torch.testing.assert_close(layer.state_dict(), expected.state_dict(), rtol=0, atol=0)


def test_to_reset_again_gives_the_same_start(make):
    layer = make()
    starts = []
    for _ in range(2):
        torch.manual_seed(0)
        reset_parameters(nn.Sequential(layer))
        starts.append(copy.deepcopy(layer.state_dict()))
    torch.testing.assert_close(*starts, rtol=0, atol=0)


def test_gradients_of_the_input_are_right(layer):
    torch.manual_seed(0)
    x = torch.randn(2, 6, 2, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(layer.double(), x, fast_mode=True)


@pytest.mark.parametrize("name", FREE_STANDING)
@pytest.mark.parametrize(("wrong", "message"), [
    (torch.rand(2, 9, 4, 4), "was built for 6 channels, got 9"),
    (torch.rand(6, 4, 4), r"expects a 4-D input \(N, C, H, W\), got shape \[6, 4, 4\]"),
    (torch.ones(2, 6, 4, 4, dtype=torch.int64), "expects floating-point features, got torch.int64")])
@pytest.mark.parametrize("traced", [False, True])
def test_wrong_input_is_refused_by_name(name, wrong, message, traced):
    layer = LAYERS[name]()
    with pytest.raises(ValueError, match=f"{name} {message}"):
        (torch.fx.symbolic_trace(layer) if traced else layer)(wrong)


@pytest.mark.parametrize("name", FREE_STANDING)
def test_torchscript_refuses_wrong_channels_too(name):
    with pytest.raises(torch.jit.Error, match=f"{name} was built for 6 channels, got 9"):
        torch.jit.script(LAYERS[name]())(torch.rand(2, 9, 4, 4))


@pytest.mark.parametrize("name", FREE_STANDING)
def test_onnxruntime_gives_the_same_at_any_batch(name, x):
    layer = LAYERS[name]().eval()
    program = torch.onnx.export(layer, (x,), dynamo=True, opset_version=18, verbose=False,
                                dynamic_shapes=({0: torch.export.Dim("batch")},))
    session = onnxruntime.InferenceSession(program.model_proto.SerializeToString())
    other = torch.randn(5, *x.shape[1:])
    out, = session.run(None, {session.get_inputs()[0].name: other.numpy()})
    assert out.dtype == np.float32
    torch.testing.assert_close(torch.from_numpy(out), layer(other))


@pytest.mark.parametrize("name", FREE_STANDING)
def test_it_compiles_to_one_graph(name, x):
    layer = LAYERS[name]().eval()
    torch.testing.assert_close(torch.compile(layer, fullgraph=True)(x), layer(x))


@pytest.mark.parametrize("name", LAYERS)
def test_export_takes_any_height_and_width_that_4_divides(name):
    layer, dim = LAYERS[name]().eval(), torch.export.Dim
    exported = torch.export.export(
        layer, (torch.rand(2, 6, 16, 20),), dynamic_shapes=({2: 4 * dim("h"), 3: 4 * dim("w")},)).module()
    for size in ((16, 20), (40, 8), (64, 64)):
        x = torch.rand(2, 6, *size)
        torch.testing.assert_close(exported(x), layer(x))


@pytest.mark.parametrize("name", LAYERS)
def test_export_takes_odd_heights_and_widths_by_auto(name):
    layer, dim = LAYERS[name]().eval(), torch.export.Dim
    exported = torch.export.export(
        layer, (torch.rand(2, 6, 17, 22),), dynamic_shapes=({0: dim.AUTO, 2: dim.AUTO, 3: dim.AUTO},)).module()
    for shape in ((2, 6, 17, 22), (5, 6, 33, 9), (3, 6, 64, 63)):
        x = torch.rand(shape)
        torch.testing.assert_close(exported(x), layer(x))
