"""A CNN with a layer, built from a config, starts as the CNN without it and keeps its weights."""
import pytest
import torch
from mmengine.registry import init_default_scope
from mmpretrain.registry import MODELS

from lanmsff_plugins import MassAtt

from ...versions import small_resnet

pytestmark = small_resnet
init_default_scope("mmpretrain")


def build(layer: str, **kwargs):
    torch.manual_seed(0)
    return MODELS.build({"type": "lanmsff_plugins.HostClassifier", "host": "test_resnet", "layer": layer,
                         "input_shape": (3, 32, 32), "num_classes": 3, **kwargs})


def test_the_layer_is_in_it_and_all_else_starts_from_the_same_weights():
    bare, model = build("none"), build("MassAtt")
    assert sum(isinstance(module, MassAtt) for module in model.modules()) == 4
    model.init_weights()  # as MMEngine does before a training
    assert all(torch.equal(model.state_dict()[name], value) for name, value in bare.state_dict().items())


def test_it_trains_and_predicts():
    model, images = build("se"), torch.rand(4, 3, 32, 32)
    samples = [type("Sample", (), {"gt_label": torch.tensor([i % 3]), "__contains__": lambda *_: False})()
               for i in range(4)]
    loss = model(images, samples, mode="loss")["loss"]
    loss.backward()
    assert all(parameter.grad is not None for parameter in model.parameters())
    scores = torch.stack([sample.pred_score for sample in model.eval()(images, mode="predict")])
    torch.testing.assert_close(scores, model(images).softmax(1))


def test_a_pattern_names_the_places():
    model = build("MassAtt", after="layer[12]")
    assert [name for name, module in model.named_modules() if isinstance(module, MassAtt)] == [
        "model.layer1.plugin", "model.layer2.plugin"]


def test_a_layer_that_there_is_not_is_refused():
    with pytest.raises(ValueError, match="unknown layer 'MasAtt'"):
        build("MasAtt")
