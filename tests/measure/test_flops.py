"""Costs are those that can be worked out by hand, and nothing goes uncounted in silence."""
import pytest
import timm
import torch
from torch import nn

import timm_registry  # noqa: F401
from lanmsff_plugins import LANMSFF
from lanmsff_plugins.measure.flops import count


def test_a_convolution_costs_what_the_formula_says():
    cost = count(nn.Conv2d(3, 8, 3, stride=2, padding=1), (3, 16, 20))
    assert cost.parameters == 8 * 3 * 9 + 8
    assert cost.macs == 8 * 3 * 9 * 8 * 10
    assert cost.flops == 2 * cost.macs


def test_lanmsff_costs_what_the_paper_s_network_does():
    cost = count(LANMSFF(), (1, 64, 64))
    assert (cost.parameters, cost.macs) == (356_451, 300_586_632)
    assert cost.macs_by_operator.keys() == {"conv", "linear"}
    assert cost.macs + cost.flops_by_operator["batch_norm"] == 302_961_288
    assert cost.flops == 2 * cost.macs + sum(cost.flops_by_operator.values())
    assert cost.uncounted == {}


def test_what_is_fused_does_the_same_products_and_no_norms():
    plain, fused = count(LANMSFF(), (1, 64, 64)), count(LANMSFF().fuse(), (1, 64, 64))
    assert fused.macs == plain.macs
    assert plain.flops - fused.flops == plain.flops_by_operator["batch_norm"] == 2_374_656


@pytest.mark.parametrize(("batch", "height", "width"), [(1, 32, 32), (3, 64, 64), (1, 64, 128), (2, 512, 512)])
def test_the_cost_of_lanmsff_s_convolutions_is_linear_in_images_and_pixels(batch, height, width):
    unit = count(LANMSFF(), (1, 32, 32))
    cost = count(LANMSFF(), (1, height, width), batch)
    assert cost.parameters == unit.parameters
    # What does not grow with the pixels: the dense layers, of two attentions and the classifier.
    assert cost.macs_by_operator["linear"] == batch * unit.macs_by_operator["linear"]
    assert cost.macs_by_operator["conv"] == batch * height * width / 32 ** 2 * unit.macs_by_operator["conv"]


def test_the_tree_adds_up():
    cost = count(LANMSFF(), (1, 64, 64))
    parts = {part.name: part for part in cost.modules}
    assert cost.modules[0].name == "" and cost.modules[0].macs == cost.macs
    assert sum(parts[f"blocks.{i}"].macs for i in range(4)) == parts["blocks"].macs == cost.macs - parts["head"].macs
    assert parts["blocks.0.conv1.conv"].macs == 66 * 9 * 64 * 64
    assert [round(parts[f"blocks.{i}"].macs / 1e6, 1) for i in range(4)] == [183.3, 81.6, 28.7, 7.0]


@pytest.mark.parametrize(("name", "millions"), [("resnet18", 1814.1), ("vit_tiny_patch16_224", 1253.7)])
def test_timm_s_models_have_no_uncounted_operator(name, millions):
    cost = count(timm.create_model(name), (3, 224, 224))  # 1.82 and 1.26 GMACs in the literature, with other operators
    assert cost.uncounted == {}
    assert cost.macs / 1e6 == pytest.approx(millions, abs=0.1)


def test_the_model_keeps_its_modes_and_statistics():
    model = nn.Sequential(nn.Conv2d(1, 2, 1), nn.BatchNorm2d(2), nn.Dropout())
    model[2].eval()
    count(model, (1, 4, 4))
    assert [module.training for module in model] == [True, True, False]
    assert torch.equal(model[1].running_mean, torch.zeros(2))
