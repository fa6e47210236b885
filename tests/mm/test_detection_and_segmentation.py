"""MMDetection's and MMSegmentation's own networks learn with our layers, predict, and take a plain ResNet's weights."""
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmengine.structures import InstanceData, PixelData

import lanmsff_plugins.mm  # noqa: F401
from lanmsff_plugins.layers import PWFS, MassAtt

from ..conftest import ROOT
from .openmmlab import import_or_skip

SIDE = 96


def made(scope: str, name: str, **options):
    """The network of one of our configs, without the weights that its base would download."""
    cfg = Config.fromfile(ROOT / "mm_configs" / "plugins" / f"{name}.py")
    cfg.merge_from_dict({"model.backbone.init_cfg": None, **options})
    cfg.model.pop("pretrained", None)
    torch.manual_seed(0)
    with DefaultScope.overwrite_default_scope(scope):
        from mmengine.registry import MODELS

        model = MODELS.build(cfg.model)
        model.init_weights()
    return model


def boxes() -> tuple[torch.Tensor, list]:
    """Two pictures, each with a bright rectangle, and its box with one of two classes, as COCO has them."""
    from mmdet.structures import DetDataSample

    rng = np.random.default_rng(0)
    pictures, samples = torch.zeros(2, 3, SIDE, SIDE), []
    for i in range(2):
        left, top = rng.integers(4, 40, 2).tolist()
        pictures[i, i, top:top + 44, left:left + 44] = 255.
        sample = DetDataSample(metainfo={"img_shape": (SIDE, SIDE), "ori_shape": (SIDE, SIDE), "scale_factor": (1, 1),
                                         "pad_shape": (SIDE, SIDE), "batch_input_shape": (SIDE, SIDE)})
        sample.gt_instances = InstanceData(bboxes=torch.tensor([[left, top, left + 44., top + 44.]]),
                                           labels=torch.tensor([i]))
        samples.append(sample)
    return pictures, samples


def masks() -> tuple[torch.Tensor, list]:
    """Two pictures, each with a bright rectangle, and the mask of it."""
    from mmseg.structures import SegDataSample

    pictures, samples = torch.zeros(2, 3, SIDE, SIDE), []
    for i in range(2):
        label = torch.zeros(1, SIDE, SIDE, dtype=torch.int64)
        label[:, 16:80, 20 * i + 8:20 * i + 60] = 1
        pictures[i, i] = 255. * label
        samples.append(SegDataSample(
            metainfo={"img_shape": (SIDE, SIDE), "ori_shape": (SIDE, SIDE), "pad_shape": (SIDE, SIDE)},
            gt_sem_seg=PixelData(data=label)))
    return pictures, samples


def train(model, pictures, samples, steps: int) -> list[float]:
    """The loss of each step."""
    optimizer = torch.optim.AdamW(model.parameters(), 2e-4)
    pictures, losses = pictures / 255., []
    for _ in range(steps):
        loss, _ = model.parse_losses(model.loss(pictures, samples))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


@pytest.fixture
def retinanet():
    import_or_skip("mmdet")
    return made("mmdet", "retinanet_resnet50_mass_att", **{"model.bbox_head.num_classes": 2})


def test_retinanet_with_mass_att_learns_and_predicts(retinanet):
    assert sum(isinstance(module, MassAtt) for module in retinanet.backbone.modules()) == 4 + 6 + 3
    pictures, samples = boxes()
    losses = train(retinanet.train(), pictures, samples, 20)
    assert np.mean(losses[-3:]) < 0.8 * np.mean(losses[:3])
    assert all(p.grad is not None for p in retinanet.parameters() if p.requires_grad)
    with torch.no_grad():
        predicted = retinanet.eval().predict(pictures / 255., samples)
    assert len(predicted) == 2 and predicted[0].pred_instances.bboxes.shape[1] == 4


def test_a_plain_resnet_s_weights_fill_all_but_the_attention(retinanet):
    mmdet = import_or_skip("mmdet")
    plain = mmdet.models.backbones.ResNet(depth=50)
    left = retinanet.backbone.load_state_dict(plain.state_dict(), strict=False)
    assert not left.unexpected_keys and left.missing_keys
    assert all("mass_att" in key for key in left.missing_keys)


def test_an_fpn_behind_pwfs_keeps_its_levels_and_learns():
    import_or_skip("mmdet")
    model = made("mmdet", "retinanet_resnet50_selected_fpn", **{"model.bbox_head.num_classes": 2})
    assert sum(isinstance(module, PWFS) for module in model.neck.modules()) == 4
    pictures, samples = boxes()
    assert [x.shape[2:] for x in model.extract_feat(pictures / 255.)] == [
        torch.Size([SIDE // stride] * 2) for stride in (8, 16, 32)] + [torch.Size([2, 2]), torch.Size([1, 1])]
    losses = train(model.train(), pictures, samples, 4)
    assert losses[-1] < losses[0]


def test_an_encoder_decoder_with_mass_att_learns_and_predicts():
    import_or_skip("mmseg")
    batch_norm = dict(type="BN", requires_grad=True)
    model = made("mmseg", "fcn_resnet50_mass_att", **{
        "model.decode_head.num_classes": 2, "model.auxiliary_head.num_classes": 2,
        "model.backbone.norm_cfg": batch_norm, "model.decode_head.norm_cfg": batch_norm,
        "model.auxiliary_head.norm_cfg": batch_norm, "model.decode_head.dropout_ratio": 0.})
    assert sum(isinstance(module, MassAtt) for module in model.backbone.modules()) == 4 + 6 + 3
    pictures, samples = masks()
    losses = train(model.train(), pictures, samples, 6)
    assert losses[-1] < losses[0]
    with torch.no_grad():
        predicted = model.eval().predict(pictures / 255., samples)
    assert predicted[0].pred_sem_seg.data.shape == (1, SIDE, SIDE)
