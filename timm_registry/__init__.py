"""Import this package and timm knows the LANMSFF models: ``timm.create_model("lanmsff")``."""
import inspect
from typing import Any

from timm.models import adapt_input_conv, build_model_with_cfg, generate_default_cfgs, register_model
from torch import Tensor

from lanmsff_plugins.data import FER2013_CLASSES, FERPLUS_CLASSES
from lanmsff_plugins.lanmsff import LANMSFF
from lanmsff_plugins.state_dicts import to_timm
from lanmsff_plugins.weights import weights_file

__all__ = ["lanmsff", "lanmsff_large", "lanmsff_small"]


def _cfg(**kwargs: Any) -> dict[str, Any]:
    return {
        "num_classes": 8, "input_size": (1, 64, 64), "pool_size": (4, 4), "min_input_size": (1, 16, 16),
        "fixed_input_size": False, "crop_pct": 1.0, "interpolation": "bilinear", "mean": (0.,), "std": (1.,),
        "first_conv": "blocks.0.conv1.conv", "classifier": "head.fc", "label_names": FERPLUS_CLASSES,
        "paper_ids": "arXiv:2403.14318",
        "paper_name": "A Lightweight Attention-based Deep Network via Multi-Scale Feature Fusion for Multi-View "
                      "Facial Expression Recognition",
        "origin_url": "https://github.com/AE-1129/LANMSFF", "license": "mit", **kwargs,
    }


default_cfgs = generate_default_cfgs({
    "lanmsff.ferplus": _cfg(file=str(weights_file("lanmsff_ferplus")), license="other"),  # its card says more
    "lanmsff.fer2013": _cfg(
        file=str(weights_file("lanmsff_fer2013")), license="other", num_classes=7, label_names=FER2013_CLASSES),
    "lanmsff_small.untrained": _cfg(),
    "lanmsff_large.untrained": _cfg(),
})


# Older releases of timm take every stem for one of three channels when they fit it to another number of them.
_TIMM_ASSUMES_RGB = "base_chans" not in inspect.signature(adapt_input_conv).parameters


def checkpoint_filter_fn(checkpoint: dict, model: LANMSFF) -> dict[str, Tensor]:
    """The weights of any of our checkpoints, MMEngine's too, with a stem that timm can fit to the model."""
    state_dict = to_timm(checkpoint)
    stem = "blocks.0.conv1.conv.weight"
    if _TIMM_ASSUMES_RGB and state_dict[stem].shape[1] == 1 < model.in_chans:
        state_dict[stem] = state_dict[stem].expand(-1, 3, -1, -1) / 3
    return state_dict


def _create_lanmsff(variant: str, pretrained: bool = False, **kwargs: Any) -> LANMSFF:
    return build_model_with_cfg(
        LANMSFF, variant, pretrained, pretrained_filter_fn=checkpoint_filter_fn,
        feature_cfg={"out_indices": (0, 1, 2, 3), "flatten_sequential": True}, **kwargs)


@register_model
def lanmsff(pretrained: bool = False, **kwargs: Any) -> LANMSFF:
    """LANMSFF of the paper: 0.36 M parameters, 0.30 GMACs at 64x64."""
    return _create_lanmsff("lanmsff", pretrained=pretrained, **kwargs)


@register_model
def lanmsff_small(pretrained: bool = False, **kwargs: Any) -> LANMSFF:
    """The paper's scheme, steps of 6 channels, from 30 on: less than half of the width."""
    return _create_lanmsff("lanmsff_small", pretrained=pretrained, **dict({"channels": (30, 36, 42, 48)}, **kwargs))


@register_model
def lanmsff_large(pretrained: bool = False, **kwargs: Any) -> LANMSFF:
    """The paper's network at twice the width."""
    return _create_lanmsff("lanmsff_large", pretrained=pretrained, **dict({"channels": (132, 144, 156, 168)}, **kwargs))
