"""Costs are those that can be worked out by hand."""
import torch
from torch import nn

from lanmsff_plugins import LANMSFF, MassAtt
from lanmsff_plugins.analysis.flops import count


def test_a_convolution_costs_what_the_formula_says():
    cost = count(nn.Conv2d(3, 8, 3, stride=2, padding=1), (3, 16, 20))
    assert cost.parameters == 8 * 3 * 9 + 8
    assert cost.macs == 8 * 3 * 9 * 8 * 10


def test_lanmsff_costs_what_the_paper_s_network_does():
    cost = count(LANMSFF(), (1, 64, 64))
    assert (cost.parameters, cost.macs) == (356_451, 300_586_632)


def test_transposed_convolutions_count():
    # The strided ones have 16 and 4 outputs of 9 and 18 products; a transposed one has one for each input and weight.
    assert count(MassAtt(12), (12, 8, 8)).macs == 2 * 12 * 3 + 16 * 2 * 9 + 4 * 4 * 18 + 4 * 16 * 9 + 16 * 4 * 9


def test_the_model_keeps_its_mode_and_statistics():
    model = nn.Sequential(nn.Conv2d(1, 2, 1), nn.BatchNorm2d(2)).train()
    count(model, (1, 4, 4))
    assert model.training and torch.equal(model[1].running_mean, torch.zeros(2))
