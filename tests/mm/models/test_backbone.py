"""The MMPretrain face of LANMSFF gives what timm's gives, and obeys OpenMMLab's switches."""
import pytest
import torch
from mmengine.config import Config
from mmpretrain.registry import MODELS

from lanmsff_plugins import LANMSFF
from lanmsff_plugins.models.naming import from_mm, to_mm, to_timm

from ...conftest import ROOT

IMAGES = torch.rand(2, 1, 64, 64, generator=torch.Generator().manual_seed(0))


def build(**kwargs):
    return MODELS.build({"type": "lanmsff_plugins.LANMSFF", **kwargs})


@pytest.fixture(scope="module")
def classifier():
    torch.manual_seed(0)
    return MODELS.build(Config.fromfile(ROOT / "mm_configs" / "lanmsff_ferplus.py").model).eval()


def test_the_classifier_of_the_configs_is_the_network_of_the_paper(classifier):
    assert sum(p.numel() for p in classifier.parameters()) == 356_451
    assert sum(b.numel() for name, b in classifier.named_buffers() if "running" in name) == 2_112


@pytest.mark.parametrize("side", [16, 47, 64, 100])
def test_a_checkpoint_of_mm_gives_the_same_logits_in_timms_model(classifier, side):
    model = LANMSFF().eval()
    model.load_state_dict(to_timm({"state_dict": classifier.state_dict()}))
    images = torch.rand(2, 1, side, side + 5)
    with torch.no_grad():
        torch.testing.assert_close(model(images), classifier(images, mode="tensor"))


def test_names_go_to_mm_and_back(classifier):
    state_dict = LANMSFF().state_dict()
    assert to_mm(state_dict).keys() == classifier.state_dict().keys()
    assert from_mm(to_mm(state_dict)).keys() == state_dict.keys()


def test_a_backbone_gives_a_tuple_of_the_blocks_asked_for():
    outputs = build(out_indices=(1, 3))(IMAGES)
    assert [tuple(x.shape) for x in outputs] == [(2, 72, 16, 16), (2, 84, 4, 4)]


@pytest.mark.parametrize("wrong", [{"out_indices": (4,)}, {"out_indices": ()}, {"frozen_stages": 4}])
def test_a_block_that_there_is_not_is_refused(wrong):
    with pytest.raises(ValueError, match="LANMSFF has blocks 0 to 3"):
        build(**wrong)


def test_frozen_stages_neither_learn_nor_count():
    backbone = build(frozen_stages=1)
    assert [all(p.requires_grad for p in block.parameters()) for block in backbone.blocks] == [False, False, True, True]
    backbone.train()
    before = {key: value.clone() for key, value in backbone.state_dict().items()}
    sum(x.sum() for x in backbone(IMAGES)).backward()
    for i, block in enumerate(backbone.blocks):
        assert all((p.grad is None) == (i < 2) for p in block.parameters())
    changed = {key.split(".")[1] for key, value in backbone.state_dict().items() if not torch.equal(value, before[key])}
    assert changed == {"2", "3"}


def test_norm_eval_keeps_the_statistics():
    backbone = build(norm_eval=True).train()
    before = {key: value.clone() for key, value in backbone.state_dict().items()}
    backbone(IMAGES)
    assert all(torch.equal(value, before[key]) for key, value in backbone.state_dict().items())
    assert backbone.training


def test_with_cp_gives_the_same_gradients():
    gradients = []
    for with_cp in (False, True):
        torch.manual_seed(0)
        backbone = build(with_cp=with_cp, drop_rate=0.).train()
        backbone(IMAGES)[-1].square().sum().backward()
        gradients.append([p.grad for p in backbone.parameters() if p.grad is not None])
    torch.testing.assert_close(*gradients)


@pytest.mark.parametrize("name", ["GELU", "Swish", "Sigmoid", "PReLU", "LeakyReLU"])
def test_an_activation_need_not_know_of_inplace(name):
    backbone = build(act_cfg={"type": name})
    assert backbone(torch.rand(1, 1, 64, 64))[-1].isfinite().all()


def test_norms_activations_and_attention_follow_the_config():
    backbone = build(norm_cfg={"type": "GN", "num_groups": 3}, act_cfg={"type": "LeakyReLU"}, attn_cfg=None)
    kinds = {type(module).__name__ for module in backbone.modules()}
    assert "GroupNorm" in kinds and "LeakyReLU" in kinds
    assert not kinds & {"BatchNorm2d", "ReLU", "MassAtt"}


def test_mmpretrain_takes_timms_lanmsff_as_a_backbone():
    import timm

    import timm_registry  # noqa: F401

    backbone = MODELS.build(dict(
        type="TIMMBackbone", model_name="lanmsff", in_channels=1, features_only=True, out_indices=(0, 1, 2, 3)))
    backbone.eval()
    whole = timm.create_model("lanmsff").eval()
    backbone.timm_model.load_state_dict({
        key.replace("blocks.", "blocks_", 1): value for key, value in whole.state_dict().items() if "blocks" in key})
    x = torch.rand(2, 1, 64, 64)
    with torch.no_grad():
        torch.testing.assert_close(list(backbone(x)), whole.forward_blocks(x))


def test_init_cfg_takes_the_place_of_the_layers_own_initialisation():
    backbone = build(init_cfg=[{"type": "Constant", "val": 0.5, "layer": "Conv2d"},
                               {"type": "Constant", "val": 2., "layer": "BatchNorm2d"}])
    backbone.init_weights()
    for module in backbone.modules():
        if isinstance(module, torch.nn.Conv2d):
            assert (module.weight == 0.5).all()
        elif isinstance(module, torch.nn.BatchNorm2d):
            assert (module.weight == 2).all()


def test_init_cfg_loads_pretrained_weights(classifier, tmp_path):
    torch.save({"state_dict": classifier.state_dict()}, tmp_path / "classifier.pth")
    backbone = build(init_cfg={"type": "Pretrained", "checkpoint": str(tmp_path / "classifier.pth"),
                               "prefix": "backbone."})
    backbone.init_weights()
    torch.testing.assert_close(backbone.state_dict(), classifier.backbone.state_dict(), rtol=0, atol=0)


def test_without_init_cfg_the_layers_own_initialisation_stays():
    backbone = build()
    before = {key: value.clone() for key, value in backbone.state_dict().items()}
    backbone.init_weights()
    torch.testing.assert_close(backbone.state_dict(), before, rtol=0, atol=0)


def test_channels_last_is_a_layout_and_changes_no_value():
    plain, laid_out = (build(channels_last=channels_last).eval() for channels_last in (False, True))
    laid_out.load_state_dict(plain.state_dict())
    assert all(p.is_contiguous(memory_format=torch.channels_last) for p in laid_out.parameters() if p.ndim == 4)
    torch.testing.assert_close(laid_out(IMAGES), plain(IMAGES))
