"""MMDetection and MMSegmentation for tests, where they are installed; with mmcv-lite, a stand-in for ``mmcv.ops``."""
import importlib
import sys
from importlib.util import find_spec
from types import ModuleType

import pytest
import torch
from mmengine.registry import MODELS
from torch import nn
from torchvision import ops

OF_OTHERS = ("plugins/fcn_resnet50_mass_att", "plugins/retinanet_resnet50_mass_att",
             "plugins/retinanet_resnet50_selected_fpn")
"""The configs that need one of them."""
_WITH_OPERATORS = ("bbox", "carafe", "deform_conv", "merge_cells", "modulated_deform_conv", "nms", "roi_align")


def import_or_skip(name: str) -> ModuleType:
    """Import mmdet or mmseg with its models, or leave the test out and say why."""
    if find_spec(name) is None:
        pytest.skip(f"{name} is not installed")
    stand_in_for_operators()
    try:
        importlib.import_module(f"{name}.models")
    except (AssertionError, ImportError) as error:
        pytest.skip(f"{name} cannot be imported: {error}")
    return sys.modules[name]


class _Operators(ModuleType):
    """Names that can be imported; what is called fails, but for what torchvision has: deformable convolution and the
    suppression of boxes."""

    def __getattr__(self, name: str):
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (nn.Module,), {})


def _batched_nms(boxes, scores, idxs, nms_cfg, class_agnostic=False):
    """As mmcv's: the boxes that are kept with their scores as (N, 5), and their indices."""
    keep = ops.batched_nms(boxes, scores, idxs, nms_cfg["iou_threshold"])
    return torch.cat([boxes[keep], scores[keep, None]], 1), keep


class _DeformableConv(ops.DeformConv2d):
    """As mmcv's ``DeformConv2dPack``, which has a convolution for its offsets, by torchvision's operator."""

    def __init__(self, *args, deform_groups: int = 1, **kwargs):
        super().__init__(*args, **kwargs)
        height, width = self.kernel_size
        self.conv_offset = nn.Conv2d(self.in_channels, deform_groups * 2 * height * width, self.kernel_size,
                                     self.stride, self.padding, self.dilation)

    def forward(self, x):
        return super().forward(x, self.conv_offset(x))


def stand_in_for_operators() -> None:
    """Put a stand-in in the place of ``mmcv.ops`` where mmcv has no compiled operators."""
    if find_spec("mmcv._ext") is not None or isinstance(sys.modules.get("mmcv.ops"), _Operators):
        return
    for name in ("mmcv.ops", *(f"mmcv.ops.{part}" for part in _WITH_OPERATORS)):
        module = _Operators(name)
        module.__path__ = []
        module.batched_nms = _batched_nms
        module.DeformConv2dPack = _DeformableConv
        sys.modules[name] = module
    MODELS.register_module("DCN", module=_DeformableConv)
    transformer = importlib.import_module("mmcv.cnn.bricks.transformer")  # which has asked mmcv-lite before
    transformer.MultiScaleDeformableAttention = sys.modules["mmcv.ops"].MultiScaleDeformableAttention
