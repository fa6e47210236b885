"""MassAtt by config alone: as a plugin layer of MMCV, and in backbones that know no plugins."""
import pytest
import torch
from mmcv.cnn import ConvModule, build_plugin_layer
from mmengine.registry import init_default_scope
from mmpretrain.models.backbones.resnet import Bottleneck
from mmpretrain.registry import MODELS
from torch import nn

from lanmsff_plugins import MassAtt
from lanmsff_plugins.layers import QuaternionConv2d, catalog

init_default_scope("mmpretrain")
MASS_ATT = {"type": "lanmsff_plugins.MassAtt", "rd_ratio": 1 / 8}


class BottleneckWithPlugins(Bottleneck):
    """A bottleneck that builds and calls its plugins as those of MMDetection and MMSegmentation do."""

    def __init__(self, *args, plugins: list[dict], **kwargs):
        super().__init__(*args, **kwargs)
        self.after_conv3 = []
        for plugin in plugins:
            name, layer = build_plugin_layer(plugin, in_channels=self.out_channels, postfix=plugin.pop("postfix", ""))
            self.add_module(name, layer)
            self.after_conv3.append(name)

    def forward(self, x):
        out = self.relu(self.norm1(self.conv1(x)))
        out = self.relu(self.norm2(self.conv2(out)))
        out = self.norm3(self.conv3(out))
        for name in self.after_conv3:
            out = getattr(self, name)(out)
        return self.relu(out + x)


def test_a_block_builds_mass_att_as_a_plugin_layer():
    block = BottleneckWithPlugins(64, 64, plugins=[dict(MASS_ATT, postfix="_1"), dict(MASS_ATT, postfix="_2")])
    assert isinstance(block.mass_att_1, MassAtt) and isinstance(block.mass_att_2, MassAtt)
    assert block.mass_att_1.fc1.out_features == 8
    block(torch.rand(2, 64, 8, 8)).sum().backward()
    assert block.mass_att_2.up2.weight.grad.isfinite().all()


@pytest.mark.parametrize(("backbone", "after", "count"), [
    ({"type": "ResNet", "depth": 18}, "layer*.?.bn2", 8),
    ({"type": "MobileNetV2"}, "layer*.?.conv.1", 17),
    ({"type": "ConvNeXt", "arch": "atto"}, "stages.?", 4),
    ({"type": "RegNet", "arch": "regnetx_400mf"}, "layer?", 4),
    ({"type": "RepVGG", "arch": "A0"}, "stage_?", 4),
    ({"type": "EfficientNet", "arch": "b0"}, "layers.?", 7),
    ({"type": "TIMMBackbone", "model_name": "resnet18", "features_only": True}, "timm_model.layer?", 4),
], ids=lambda value: value.get("type") if isinstance(value, dict) else "")
def test_any_backbone_takes_mass_att_and_keeps_its_names(backbone, after, count):
    bare = MODELS.build(dict(backbone))
    model = MODELS.build({"type": "lanmsff_plugins.BackboneWithPlugins", "backbone": backbone,
                          "plugins": [{"cfg": MASS_ATT, "after": after}], "input_shape": (3, 64, 64)})
    assert type(model) is type(bare)
    assert sum(isinstance(module, MassAtt) for module in model.modules()) == count
    assert bare.state_dict().keys() == {key for key in model.state_dict() if "mass_att" not in key}
    outputs = model(torch.rand(2, 3, 64, 64))
    outputs[-1].square().mean().backward()
    assert all(p.grad is not None for name, p in model.named_parameters() if "mass_att" in name)


def test_squeeze_excitation_can_be_replaced_by_config():
    model = MODELS.build({"type": "lanmsff_plugins.BackboneWithPlugins", "backbone": {"type": "MobileNetV3"},
                          "plugins": [{"cfg": MASS_ATT, "replace": "SELayer"}]})
    kinds = [type(module).__name__ for module in model.modules()]
    assert "SELayer" not in kinds and "MassAtt" in kinds


@pytest.mark.parametrize(("plugin", "message"), [
    ({"cfg": MASS_ATT}, "a plugin is a dict of cfg and either after or replace, got cfg"),
    ({"cfg": MASS_ATT, "after": "a", "replace": "b"}, "either after or replace"),
    ({"cfg": MASS_ATT, "after": "nothing"}, "no module of ResNet matches 'nothing'"),
    ({"cfg": MASS_ATT, "replace": "SELayer"}, "ResNet has no module of type SELayer")])
def test_a_plugin_without_a_place_is_refused(plugin, message):
    with pytest.raises(ValueError, match=message):
        MODELS.build({"type": "lanmsff_plugins.BackboneWithPlugins", "backbone": {"type": "ResNet", "depth": 18},
                      "plugins": [plugin]})


def test_the_channels_of_the_bare_layer_can_be_named_either_way():
    layers = [MODELS.build({**MASS_ATT, name: 16}) for name in ("channels", "in_channels")]
    assert all(isinstance(layer, nn.Module) and layer.channels == 16 for layer in layers)


@pytest.mark.parametrize("name", [row.name for row in catalog.LAYERS.values() if row.kind == "attention"])
def test_a_backbone_takes_each_attention_layer_by_config(name):
    model = MODELS.build({"type": "lanmsff_plugins.BackboneWithPlugins", "input_shape": (3, 32, 32),
                          "backbone": {"type": "RegNet", "arch": "regnetx_400mf"},
                          "plugins": [{"cfg": {"type": f"lanmsff_plugins.{name}"}, "after": "layer1"}]})
    added = [module for module in model.modules() if isinstance(module, catalog.LAYERS[name].build)]
    assert len(added) == 1 and added[0].channels == 32
    model(torch.rand(2, 3, 32, 32))[-1].square().mean().backward()
    assert all(p.grad is not None for p in added[0].parameters())


def test_mmcv_builds_the_quaternion_convolution_by_config():
    block = ConvModule(8, 12, 3, padding=1, conv_cfg={"type": "lanmsff_plugins.QuaternionConv2d"},
                       norm_cfg={"type": "BN"})
    assert isinstance(block.conv, QuaternionConv2d) and block(torch.rand(2, 8, 5, 4)).shape == (2, 12, 5, 4)
