"""What a layer costs is counted, and timed against the host without it."""
import timm
import torch

from lanmsff_plugins import MassAtt
from lanmsff_plugins.comparison.costs import measure_costs
from lanmsff_plugins.measure.flops import count

from ..versions import small_resnet

pytestmark = small_resnet
SHAPE = (3, 32, 32)


class Untraceable(torch.nn.Module):
    """A layer that takes Python's numbers out of its input."""

    def __init__(self, channels: int):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(channels, 1, 1))

    def forward(self, x):
        if torch.jit.is_tracing():
            raise RuntimeError("no")
        return x * self.weight


def test_costs_are_those_of_the_networks_that_timm_builds():
    before = torch.get_rng_state()
    costs = measure_costs("test_resnet", ["none", "MassAtt", "torch.nn:Identity"], SHAPE, classes=5, batch=2)
    assert torch.equal(torch.get_rng_state(), before)
    for name, layer in (("none", None), ("MassAtt", MassAtt), ("torch.nn:Identity", torch.nn.Identity)):
        model = timm.create_model("test_resnet", num_classes=5, block_args={"attn_layer": layer})
        expected = count(model, SHAPE)
        assert (costs[name].parameters, costs[name].macs) == (expected.parameters, expected.macs)
    assert costs["none"].step == 1 and all(cost.step > 0 for cost in costs.values())


def test_a_layer_that_cannot_be_traced_has_parameters_and_a_time_but_no_macs():
    cost = measure_costs("test_resnet", ["none", f"{__name__}:Untraceable"], SHAPE, classes=5, batch=2)[
        f"{__name__}:Untraceable"]
    assert cost.macs is None and cost.parameters > 0 and cost.step > 0
