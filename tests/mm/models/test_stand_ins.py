"""What replaces MassAtt and PWFS in the ablations does what its config says."""
import pytest
import torch
from mmpretrain import get_model

from lanmsff_plugins import MassAtt
from lanmsff_plugins.mm.engine.configs import FOLDER
from lanmsff_plugins.mm.models import stand_ins

X = torch.randn(2, 6, 8, 8, generator=torch.Generator().manual_seed(0))


def test_the_spatial_branch_alone_multiplies_by_the_spatial_map():
    layer = stand_ins.SpatialAtt(6)
    assert not hasattr(layer, "fc1") and isinstance(layer, MassAtt)
    torch.testing.assert_close(layer(X), X * layer.spatial_attention(X))


@pytest.mark.parametrize(("kind", "reduce"), [(stand_ins.GroupMax, torch.amax), (stand_ins.GroupMean, torch.mean)])
def test_groups_are_reduced_point_by_point(kind, reduce):
    layer = kind(6)
    assert layer.out_channels == 2
    torch.testing.assert_close(layer(X), reduce(torch.stack(X.chunk(3, 1)), 0))


def test_all_channels_are_all_of_them():
    assert stand_ins.AllChannels(6).out_channels == 6 and stand_ins.AllChannels(6)(X) is X
    assert stand_ins.Pointwise(6)(X).shape == (2, 2, 8, 8)


@pytest.mark.parametrize("path", sorted((FOLDER / "ablation" / "network").glob("*.py")), ids=lambda path: path.stem)
def test_every_variant_of_the_network_can_be_built_and_run(path):
    model = get_model(str(path)).eval()
    assert model(torch.rand(1, 1, 48, 48)) is not None
