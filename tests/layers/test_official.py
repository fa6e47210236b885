"""The numbers of the authors' code: every fixture in a loop, by the door through which their checkpoints load."""
import copy
import re

import pytest
import torch
from torch import nn

from lanmsff_plugins.layers import catalog
from lanmsff_plugins.layers.official import Official
from lanmsff_plugins.layers.quaternion import QuaternionConv1d

from . import fixtures

ROWS = {part: layer for layer in catalog.LAYERS.values() for part in layer.official}
CASES = [(part, case) for part in fixtures.PARTS for case in fixtures.load(part).cases]
REFERENCES = {"MSFD", "QuaternionConv2d"}  # formulas in float64, in place of official code in float32


def test_every_part_has_its_fixture():
    assert set(fixtures.PARTS) == ROWS.keys() - {"CEA"}  # which is no class of its own there; test_maffsrn.py has it


@pytest.mark.parametrize(("part", "case"), CASES)
def test_outputs_and_gradients_are_those_of_the_authors_code(part, case):
    fixture = fixtures.load(part)
    constructor = fixture.cases[case].get("constructor", fixture.constructor)
    module = catalog.from_official(part, constructor, fixture.weights(case)).eval()
    maps = [x.requires_grad_() for x in fixture.inputs(case)]
    outputs = ROWS[part].call(module, maps)
    pairs = list(zip(outputs, fixture.of(case, "out"), strict=True))
    if projections := fixture.of(case, "proj"):
        sum((y * projection).sum() for y, projection in zip(outputs, projections, strict=True)).backward()
        pairs += [(x.grad, expected) for x, expected in zip(maps, fixture.of(case, "grad", "inputs"), strict=True)]
    for got, expected in pairs:
        assert got.dtype is expected.dtype
        error = (got.detach() - expected).abs().max() / expected.abs().max()
        assert error < (1e-12 if part in REFERENCES else 5e-6)


def test_a_loaded_layer_is_in_the_type_of_its_weights_and_trains():
    fixture = fixtures.load("CCM")
    module = catalog.from_official("CCM", fixture.constructor, {k: v.double() for k, v in fixture.weights().items()})
    assert module.training and {p.dtype for p in module.parameters()} == {torch.float64}
    assert all(p.requires_grad for p in module.parameters())


@pytest.mark.parametrize(("part", "change", "message"), [
    ("SAFN", {}, "unknown part 'SAFN'; did you mean SAFM"),
    ("SAFM", {"n_level": 4}, "unknown official argument 'n_level'; did you mean n_levels"),
    ("SAFM", {"dim": None}, "the official argument dim is missing"),
    ("SAFM", {"n_levels": 5}, r"SAFM needs channels divisible by n_levels=5, got channels=16"),
    ("SAFM", {"dim": 32}, r"the official weight aggr.bias .* has shape \[16\], and SAFM .* has \[32\]"),
    ("QueryAttention", {"ffn_expansion_factor": 4}, "works with ffn_expansion_factor=2 only, got 4"),
    ("MGFF_Block", {"dim": 24}, "GF_chans and input_dim and dim have to be equal, got 12 and 12 and 24"),
    ("MGFF_Block", {"resi_connection": "3conv"}, "works with resi_connection='1conv' only, got '3conv'")])
def test_what_does_not_fit_is_refused_by_name(part, change, message):
    fixture = fixtures.load(part if part in fixtures.PARTS else "SAFM")
    constructor = {name: value for name, value in {**fixture.constructor, **change}.items() if value is not None}
    with pytest.raises(ValueError, match=message):
        catalog.from_official(part, constructor, fixture.weights())


def test_weights_that_are_missing_or_too_many_are_named():
    weights = fixtures.load("CCM").weights()
    weights["ccm.4.weight"] = weights.pop("ccm.2.weight")
    with pytest.raises(ValueError, match="missing are ccm.2.weight, unexpected are ccm.4.weight"):
        catalog.from_official("CCM", fixtures.load("CCM").constructor, weights)


@pytest.mark.parametrize("part", ["AF", "AF0", "MGFF_Block"])
def test_what_the_authors_register_and_never_use_may_be_missing(part):
    fixture = fixtures.load(part)
    pattern = ROWS[part].official[part].unused
    used = {name: value for name, value in fixture.weights().items() if not re.search(pattern, name)}
    assert len(used) < len(fixture.weights())
    module = catalog.from_official(part, fixture.constructor, used)
    expected = catalog.from_official(part, fixture.constructor, fixture.weights())
    torch.testing.assert_close(module.state_dict(), expected.state_dict(), rtol=0, atol=0)


def test_the_weights_given_are_copied():
    fixture = fixtures.load("CCM")
    weights = fixture.weights()
    before = copy.deepcopy(weights)
    module = catalog.from_official("CCM", fixture.constructor, weights)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.zero_()
    torch.testing.assert_close(weights, before, rtol=0, atol=0)


def test_a_quaternion_convolution_over_one_axis_is_one_for_sequences():
    fixture = fixtures.load("QuaternionConv2d")
    module = catalog.from_official("QuaternionConv2d", fixture.cases["c1d_k3"]["constructor"],
                                   fixture.weights("c1d_k3"))
    assert isinstance(module, QuaternionConv1d)


@pytest.mark.parametrize("constructor", ["read from the shapes", {}, None])
def test_the_shapes_of_quaternion_weights_say_the_rest_and_padding_is_that_of_keras(constructor):
    fixture = fixtures.load("QuaternionConv2d")
    for case in ("c2d_k3", "kerassame_k4_s1"):
        module = catalog.from_official("QuaternionConv2d", constructor, fixture.weights(case))
        torch.testing.assert_close(module(*fixture.inputs(case)), *fixture.of(case, "out"))


@pytest.mark.parametrize(("constructor", "message"), [
    ({"strides": 2}, "unknown official argument 'strides'; did you mean stride"),
    ({"quaternion_out": 5}, "the shapes of the official weights say quaternion_out=3, got 5")])
def test_quaternion_arguments_that_do_not_fit_are_refused(constructor, message):
    with pytest.raises(ValueError, match=message):
        catalog.from_official("QuaternionConv2d", constructor, fixtures.load("QuaternionConv2d").weights("c2d_k3"))


def test_an_official_class_renames_in_turn_and_reshapes_a_layer_of_pixels():
    official = Official({"width": "in_channels", "out": "out_channels", "k": "kernel_size", "seed": ""},
                        names=((r"^proj\.", ""),), unused="^old")
    weights = {"proj.weight": torch.rand(3, 2), "proj.bias": torch.rand(3), "old.weight": torch.rand(1)}
    conv = official.load(nn.Conv2d, {"width": 2, "out": 3, "k": 1, "seed": 7}, weights)
    torch.testing.assert_close(conv.weight[:, :, 0, 0].data, weights["proj.weight"])
