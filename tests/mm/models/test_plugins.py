"""MassAtt by config alone: as a plugin layer of MMCV, and in backbones that know no plugins."""
import pytest
import torch
from mmcv.cnn import ConvModule, build_plugin_layer
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmpretrain.models.backbones.resnet import Bottleneck
from mmpretrain.models.utils import SELayer
from mmpretrain.registry import MODELS
from timm.layers import SEModule
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from lanmsff_plugins import MassAtt
from lanmsff_plugins.layers import QuaternionConv2d, catalog
from lanmsff_plugins.mm.models import plugins

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
    ({"cfg": {"rd_ratio": 1 / 8}, "after": "layer1"}, "the cfg of a plugin has a type, got rd_ratio"),
    ({"cfg": {"type": "MassAt"}, "after": "layer1"}, "'MassAt' is no layer"),
    ({"cfg": MASS_ATT, "after": "nothing"}, "no module of ResNet matches 'nothing'"),
    ({"cfg": MASS_ATT, "replace": "SELayer"}, "ResNet has no module of type SELayer")])
def test_a_plugin_without_a_place_is_refused(plugin, message):
    with pytest.raises(ValueError, match=message):
        MODELS.build({"type": "lanmsff_plugins.BackboneWithPlugins", "backbone": {"type": "ResNet", "depth": 18},
                      "plugins": [plugin]})


def test_the_channels_of_the_bare_layer_can_be_named_either_way():
    layers = [MODELS.build({**MASS_ATT, name: 16}) for name in ("channels", "in_channels")]
    assert all(isinstance(layer, nn.Module) and layer.channels == 16 for layer in layers)


def backbone_with(cfg, place, backbone=None):
    return MODELS.build({"type": "lanmsff_plugins.BackboneWithPlugins", "backbone": backbone or {
        "type": "ResNet", "depth": 18}, "plugins": [{"cfg": cfg, **place}], "input_shape": (3, 64, 64)})


@pytest.mark.parametrize("kind", [MassAtt, plugins.MassAtt, "lanmsff_plugins.layers.mass_att.MassAtt"],
                         ids=["class", "registered class", "dotted path, as a dumped config has it"])
def test_a_class_as_type_gives_what_its_name_gives(kind):
    named = backbone_with(MASS_ATT, {"after": "layer?"})
    model = backbone_with({"type": kind, "rd_ratio": 1 / 8}, {"after": "layer?"})
    assert {name: value.shape for name, value in model.state_dict().items()} == {
        name: value.shape for name, value in named.state_dict().items()}


def test_a_class_that_knows_no_in_channels_gets_its_channels_first():
    model = backbone_with({"type": SEModule, "rd_ratio": 1 / 8}, {"after": "layer?"})
    assert model.layer4.plugin.fc1.in_channels == 512 and model.layer4.plugin.fc1.out_channels == 64


def test_what_is_replaced_can_be_given_as_a_class():
    model = backbone_with(MASS_ATT, {"replace": SELayer}, {"type": "MobileNetV3"})
    assert not any(isinstance(module, SELayer) for module in model.modules())


def test_a_config_in_pure_python_builds_the_backbone_with_its_layers(tmp_path):
    (tmp_path / "config.py").write_text("""
from mmpretrain.models import ResNet
from lanmsff_plugins import MassAtt
from lanmsff_plugins.mm.models.plugins import BackboneWithPlugins
model = dict(type=BackboneWithPlugins, backbone=dict(type=ResNet, depth=18), input_shape=(3, 64, 64),
             plugins=[dict(cfg=dict(type=MassAtt), after='layer?')])
""")
    cfg = Config.fromfile(tmp_path / "config.py")
    cfg.dump(tmp_path / "dumped.py")
    for model in (MODELS.build(cfg.model), MODELS.build(Config.fromfile(tmp_path / "dumped.py").model)):
        assert isinstance(model.layer3.mass_att, MassAtt)


@pytest.mark.parametrize("wrap", [lambda model: model, DistributedDataParallel], ids=["alone", "DDP"])
@pytest.mark.parametrize("after", ["layer1", "layer1.?", "layer1.?.bn2", "bn1"])
def test_a_layer_in_a_frozen_stage_learns_from_the_first_step(after, wrap, one_process):
    model = backbone_with(MASS_ATT, {"after": after}, {
        "type": "ResNet", "depth": 18, "frozen_stages": 1, "norm_eval": True,
        "init_cfg": {"type": "Kaiming", "layer": "Conv2d"}})
    model.init_weights()
    new = {name for name, _ in model.named_parameters() if "mass_att" in name}
    wrapped = wrap(model)
    for _ in range(2):
        wrapped.train()
        model.zero_grad()
        wrapped(torch.rand(2, 3, 64, 64))[-1].square().mean().backward()
        learning = {name for name, parameter in model.named_parameters() if parameter.grad is not None}
        frozen = {name for name, _ in model.named_parameters() if name.startswith(("conv1", "bn1", "layer1"))} - new
        assert new <= learning and not frozen & learning
    assert all(module.training for module in model.modules() if isinstance(module, MassAtt))


def test_pretrained_weights_of_the_backbone_load_into_it_with_layers(tmp_path):
    bare = MODELS.build({"type": "ResNet", "depth": 18})
    torch.save(bare.state_dict(), tmp_path / "resnet.pth")
    model = backbone_with(MASS_ATT, {"after": "layer*.?.bn?"}, {
        "type": "ResNet", "depth": 18, "init_cfg": {"type": "Pretrained", "checkpoint": str(tmp_path / "resnet.pth")}})
    model.init_weights()
    assert all(torch.equal(model.state_dict()[name], value) for name, value in bare.state_dict().items())


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
