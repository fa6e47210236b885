"""What every layer does: it goes through all that PyTorch does to a module, and refuses wrong input.

The layers are those of the catalog, so a new one is tested without a line here.
"""
import copy
from collections import Counter

import numpy as np
import onnxruntime
import pytest
import torch
from torch import nn

from lanmsff_plugins.layers import MultiScaleFusion, catalog
from lanmsff_plugins.models.lanmsff import LANMSFF, reset_parameters

from ..versions import needs

CHANNELS = 12  # which every layer takes
DIM = torch.export.Dim
open_sizes = needs("torch", "2.8", "a program of torch.export for any size")
FLOAT16 = pytest.param(torch.float16, marks=needs("torch", "2.6", "padding by replication in float16 on a CPU"))


class Case:
    """A layer of the catalog: how to make one, and maps to call it with."""

    def __init__(self, row: catalog.Layer):
        self.row = row
        self.name = row.name
        self.given = (CHANNELS, 8) if row.kind == "conv" else (CHANNELS,)

    def make(self, **kwargs) -> nn.Module:
        return self.row.build(*self.given, **self.row.arguments, **kwargs)

    def maps(self, *shape: int, channels: int = CHANNELS, **kwargs) -> list[torch.Tensor]:
        """As many maps as the layer takes, of (N, C, H, W) with the first and the last two of ``shape``."""
        batch, height, width = shape
        generator = torch.Generator().manual_seed(height * width)
        return [torch.randn(batch, channels, height, width, generator=generator).to(**kwargs)
                for _ in range(self.row.inputs)]

    def call(self, module: nn.Module, maps: list[torch.Tensor]) -> tuple[torch.Tensor, ...]:
        return self.row.call(module, maps)

    def args(self, maps: list[torch.Tensor]) -> tuple:
        return (maps,) if self.row.in_a_list else tuple(maps)

    def dynamic(self, **axes) -> tuple:
        """``dynamic_shapes`` with the same axes for every map."""
        shapes = [{int(axis[1:]): dim for axis, dim in axes.items()} for _ in range(self.row.inputs)]
        return self.args(shapes)


CASES = {row.name: Case(row) for row in catalog.LAYERS.values() if row.kind != "fusion"}
FREE_STANDING = [name for name, case in CASES.items() if case.row.free_standing]  # they check their input
COMPILED_BY_INDUCTOR = ("MassAtt", "PWFS")  # in the fast tests; a C++ compiler takes seconds for each


def seldom(names) -> list:
    """The names, with the layer of the most operators in the slow tests: it takes ten seconds to trace."""
    return [pytest.param(name, marks=pytest.mark.slow) if name == "MGFF" else name for name in names]


@pytest.fixture(params=CASES)
def case(request):
    return CASES[request.param]


@pytest.fixture
def layer(case):
    torch.manual_seed(0)
    return case.make().eval()


def assert_same(case, module, layer, maps, **tolerance):
    torch.testing.assert_close(case.call(module, maps), case.call(layer, maps), **tolerance)


@pytest.mark.parametrize(("network", "x"), [
    (LANMSFF(), torch.rand(1, 1, 32, 32)),
    (LANMSFF(act_layer=nn.PReLU, norm_layer="groupnorm1"), torch.rand(1, 1, 32, 32)),
    (MultiScaleFusion([6, 7], project=True), [torch.rand(1, 6, 8, 8), torch.rand(1, 7, 4, 4)])],
    ids=["LANMSFF", "LANMSFF with other layers", "MultiScaleFusion"])
def test_each_module_of_a_network_is_called_once(network, x):
    calls = Counter({name: 0 for name, each in network.named_modules() if not any(each.children())})
    for name in list(calls):
        network.get_submodule(name).register_forward_hook(lambda *_, name=name: calls.update([name]))
    network.eval()(x)
    assert set(calls.values()) == {1}


def test_torchscript_gives_the_same(case, layer):
    assert_same(case, torch.jit.script(layer), layer, case.maps(2, 7, 5))


def test_fx_gives_the_same_at_another_size(case, layer):
    """Feature extractors leave out of the graph what nothing reads, such as a change in place as a statement."""
    traced = torch.fx.symbolic_trace(layer)
    traced.graph.eliminate_dead_code()
    traced.recompile()
    assert_same(case, traced, layer, case.maps(3, 9, 4))


def test_a_module_is_called_once_in_a_forward_pass(case, layer):
    """What explains or quantizes a network hooks its modules, and cannot tell two calls apart."""
    calls = Counter()
    for name, module in layer.named_modules():
        module.register_forward_hook(lambda *_, name=name: calls.update([name]))
    case.call(layer, case.maps(2, 8, 8))
    assert set(calls.values()) == {1}
    assert {name for name, module in layer.named_modules() if list(module.parameters(recurse=False))} <= calls.keys()


@open_sizes
@pytest.mark.parametrize("case", seldom(CASES), indirect=True)
def test_export_takes_any_batch_and_odd_heights_and_widths_by_auto(case, layer):
    exported = torch.export.export(layer, case.args(case.maps(2, 17, 22)),
                                   dynamic_shapes=case.dynamic(_0=DIM.AUTO, _2=DIM.AUTO, _3=DIM.AUTO)).module()
    for shape in ((2, 17, 22), (5, 33, 9), (1, 64, 63), (3, 20, 40)):
        assert_same(case, exported, layer, case.maps(*shape))


@open_sizes
@pytest.mark.parametrize("case", seldom(CASES), indirect=True)
def test_export_takes_any_height_and_width_that_4_divides(case, layer):
    exported = torch.export.export(layer, case.args(case.maps(2, 16, 20)),
                                   dynamic_shapes=case.dynamic(_2=4 * DIM("h"), _3=4 * DIM("w"))).module()
    for size in ((16, 20), (40, 8), (64, 64)):
        assert_same(case, exported, layer, case.maps(2, *size))


@open_sizes
@pytest.mark.parametrize("case", seldom(CASES), indirect=True)
def test_export_takes_any_batch(case, layer):
    exported = torch.export.export(layer, case.args(case.maps(2, 7, 5)),
                                   dynamic_shapes=case.dynamic(_0=DIM("batch"))).module()
    for batch in (1, 5):
        assert_same(case, exported, layer, case.maps(batch, 7, 5))


def test_channels_last_stays_and_changes_no_value(case, layer):
    maps = case.maps(2, 7, 5)
    expected = case.call(layer, maps)
    out = case.call(layer.to(memory_format=torch.channels_last),
                    [x.contiguous(memory_format=torch.channels_last) for x in maps])
    for y in out:
        assert y.is_contiguous(memory_format=torch.channels_last) and not y.is_contiguous()
    torch.testing.assert_close(out, expected)


def test_an_empty_batch_gives_an_empty_batch(case, layer):
    maps = case.maps(2, 7, 5)
    for empty, full in zip(case.call(layer, [x[:0] for x in maps]), case.call(layer, maps)):
        assert empty.shape == (0, *full.shape[1:])


@torch.no_grad()
@pytest.mark.parametrize("side", [1, 2, 3, 6, 7, 8, 12, 13, 31, 63])
def test_it_takes_any_height_and_width(case, layer, side):
    for height, width in ((side, side), (side, 5), (1, side)):
        for y in case.call(layer, case.maps(1, height, width)):
            assert y.shape[2:] == (height, width) and y.isfinite().all()


def test_a_batch_of_one_is_as_in_a_larger_batch(case, layer):
    maps = case.maps(2, 7, 5)
    for single, both in zip(case.call(layer, [x[:1] for x in maps]), case.call(layer, maps)):
        torch.testing.assert_close(single, both[:1])


@pytest.mark.parametrize("dtype", [torch.bfloat16, FLOAT16, torch.float64])
def test_a_layer_made_in_a_type_computes_in_it(case, dtype):
    torch.manual_seed(0)
    layer = case.make(dtype=dtype)
    assert {p.dtype for p in layer.parameters()} <= {dtype}
    for y in case.call(layer, case.maps(2, 7, 5, dtype=dtype)):
        assert y.dtype is dtype and y.isfinite().all()


@pytest.mark.parametrize("dtype", [torch.bfloat16, FLOAT16])
def test_autocast_trains_every_parameter(case, dtype):
    torch.manual_seed(0)
    layer = case.make()
    maps = [x.requires_grad_() for x in case.maps(2, 7, 5)]
    with torch.autocast("cpu", dtype):
        sum(y.float().square().sum() for y in case.call(layer, maps)).backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in (*maps, *layer.parameters()))


def test_a_layer_made_on_meta_starts_as_any_other(case):
    expected, layer = case.make(), case.make(device="meta")
    assert all(p.is_meta for p in layer.parameters())
    for each in (expected, layer.to_empty(device="cpu")):
        torch.manual_seed(0)
        reset_parameters(nn.Sequential(each))
    torch.testing.assert_close(layer.state_dict(), expected.state_dict(), rtol=0, atol=0)


def test_a_layer_on_meta_says_the_shape_of_its_output(case, layer):
    maps = case.maps(2, 7, 5)
    on_meta = case.call(case.make(device="meta").eval(), [x.to("meta") for x in maps])
    assert [y.shape for y in on_meta] == [y.shape for y in case.call(layer, maps)]


def test_to_reset_again_gives_the_same_start(case):
    layer = case.make()
    starts = []
    for _ in range(2):
        torch.manual_seed(0)
        reset_parameters(nn.Sequential(layer))
        starts.append(copy.deepcopy(layer.state_dict()))
    torch.testing.assert_close(*starts, rtol=0, atol=0)


@torch.no_grad()
def test_a_reset_layer_starts_as_a_new_one(case):
    """But for the order in which the random numbers are drawn: the spread of each parameter is the same."""
    torch.manual_seed(0)
    new, reset = case.make(), case.make()
    for parameter in reset.parameters():
        parameter.fill_(9)
    reset_parameters(nn.Sequential(reset))
    for (name, expected), parameter in zip(new.named_parameters(), reset.parameters()):
        assert parameter.abs().max() < 5, name
        if parameter.numel() > 200:
            assert parameter.std().item() == pytest.approx(expected.std().item(), rel=0.2), name


def test_gradients_of_the_input_are_right(case, layer):
    maps = [x.requires_grad_() for x in case.maps(2, 2, 3, dtype=torch.float64)]
    layer.double()
    assert torch.autograd.gradcheck(lambda *maps: case.call(layer, list(maps)), maps, fast_mode=True)


@pytest.mark.parametrize("name", FREE_STANDING)
@pytest.mark.parametrize(("wrong", "message"), [
    (torch.rand(2, 9, 4, 4), "was built for 12 channels, got 9"),
    (torch.rand(12, 4, 4), r"expects a 4-D input \(N, C, H, W\), got shape \[12, 4, 4\]"),
    (torch.ones(2, 12, 4, 4, dtype=torch.int64), "expects floating-point features, got torch.int64")])
@pytest.mark.parametrize("traced", [False, True])
def test_wrong_input_is_refused_by_name(name, wrong, message, traced):
    case = CASES[name]
    layer = torch.fx.symbolic_trace(case.make()) if traced else case.make()
    with pytest.raises(ValueError, match=f"{name} {message}"):
        case.call(layer, [wrong] * case.row.inputs)


@pytest.mark.parametrize("name", [name for name in FREE_STANDING if CASES[name].row.inputs > 1])
@pytest.mark.parametrize("shape", [(2, CHANNELS, 4, 5), (3, CHANNELS, 4, 4), (2, 9, 4, 4)])
def test_maps_that_do_not_fit_each_other_are_refused_by_name(name, shape):
    case = CASES[name]
    for i in range(1, case.row.inputs):
        maps = case.maps(2, 4, 4)
        maps[i] = torch.rand(shape)
        with pytest.raises(ValueError, match=rf"{name} (was built for 12 channels|expects maps of one batch, height)"):
            case.call(case.make(), maps)


@pytest.mark.parametrize("name", FREE_STANDING)
def test_torchscript_refuses_wrong_channels_too(name):
    case = CASES[name]
    with pytest.raises(torch.jit.Error, match=f"{name} was built for 12 channels, got 9"):
        case.call(torch.jit.script(case.make()), case.maps(2, 4, 4, channels=9))


@open_sizes  # which is what torch.onnx begins with
@pytest.mark.parametrize("name", seldom(FREE_STANDING))
def test_onnxruntime_gives_the_same_at_any_batch_and_size(name):
    case = CASES[name]
    torch.manual_seed(0)
    layer = case.make().eval()
    program = torch.onnx.export(layer, case.args(case.maps(2, 17, 22)), dynamo=True, opset_version=18, verbose=False,
                                dynamic_shapes=case.dynamic(_0=DIM.AUTO, _2=DIM.AUTO, _3=DIM.AUTO))
    session = onnxruntime.InferenceSession(program.model_proto.SerializeToString())
    for shape in ((5, 17, 22), (1, 13, 18), (2, 50, 9), (1, 8, 32)):
        maps = case.maps(*shape)
        out = session.run(None, {given.name: x.numpy() for given, x in zip(session.get_inputs(), maps)})
        expected = case.call(layer, maps)
        assert len(out) == len(expected) and all(y.dtype == np.float32 for y in out)
        for y, reference in zip(out, expected):
            torch.testing.assert_close(torch.from_numpy(y), reference, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", seldom(FREE_STANDING))
def test_it_compiles_to_one_graph(name):
    case = CASES[name]
    layer = case.make().eval()
    backend = "inductor" if name in COMPILED_BY_INDUCTOR else "aot_eager"
    assert_same(case, torch.compile(layer, fullgraph=True, backend=backend), layer, case.maps(2, 7, 5))


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in FREE_STANDING if name not in COMPILED_BY_INDUCTOR])
def test_inductor_gives_the_same(name):
    case = CASES[name]
    layer = case.make().eval()
    assert_same(case, torch.compile(layer, fullgraph=True), layer, case.maps(2, 7, 5))
