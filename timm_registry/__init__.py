"""Import this package and timm knows the LANMSFF models: ``timm.create_model("lanmsff.ferplus", pretrained=True)``."""
from collections.abc import Callable
from typing import Any

from timm.models import build_model_with_cfg, generate_default_cfgs, register_model
from torch import Tensor

from lanmsff_plugins import weights
from lanmsff_plugins.base.compat import adapts_rgb_only
from lanmsff_plugins.inference.preprocess import SIDE
from lanmsff_plugins.models import LANMSFF, VARIANTS
from lanmsff_plugins.models.naming import to_timm

__all__ = []


def _cfg(side: int = SIDE, **kwargs: Any) -> dict[str, Any]:
    return {
        "num_classes": 8, "input_size": (1, side, side), "pool_size": (side // 16, side // 16),
        "min_input_size": (1, 16, 16), "fixed_input_size": False, "crop_pct": 1.0, "crop_mode": "squash",
        "interpolation": "bilinear", "mean": (0.,), "std": (1.,), "first_conv": "blocks.0.conv1.conv",
        "classifier": "head.fc", "paper_ids": "arXiv:2403.14318",
        "paper_name": "A Lightweight Attention-based Deep Network via Multi-Scale Feature Fusion for Multi-View "
                      "Facial Expression Recognition",
        "origin_url": "https://github.com/AE-1129/LANMSFF", "license": "mit", **kwargs,
    }


def _default_cfgs() -> dict[str, dict]:
    """A tag for each set of packaged weights, and one for each variant that has none."""
    cards = weights.cards()
    ordered = sorted(cards, key=lambda card: card["tag"] != "ferplus")  # a variant's first tag is its default one
    trained = {
        f"{card['model']}.{card['tag']}": _cfg(
            card["size"], file=str(weights.weights_file(card["name"])), license="other",
            num_classes=len(card["classes"]), label_names=tuple(card["classes"])) for card in ordered}
    untrained = {f"{name}.untrained": _cfg() for name in VARIANTS if name not in {card["model"] for card in cards}}
    return trained | untrained


default_cfgs = generate_default_cfgs(_default_cfgs())


def checkpoint_filter_fn(checkpoint: dict, model: LANMSFF) -> dict[str, Tensor]:
    """The weights of any of our checkpoints, MMEngine's too, with a stem that timm can fit to the model."""
    state_dict = to_timm(checkpoint)
    stem = "blocks.0.conv1.conv.weight"
    if adapts_rgb_only() and state_dict[stem].shape[1] == 1 < model.in_chans:
        state_dict[stem] = state_dict[stem].expand(-1, 3, -1, -1) / 3
    return state_dict


def _with_channels(cfg: dict[str, Any], channels: int) -> dict[str, Any]:
    """The config of a model made for another number of channels, by which timm's scripts read their pictures.

    They build all models for three channels, unless told otherwise.
    """
    sizes = {key: (channels, *cfg[key][1:]) for key in ("input_size", "min_input_size") if cfg.get(key)}
    levels = {key: cfg[key] * channels for key in ("mean", "std") if len(cfg[key]) == 1}
    return {**cfg, **sizes, **levels}


def _entrypoint(name: str) -> Callable[..., LANMSFF]:
    """The function that ``timm.create_model`` calls for a variant."""
    def create(pretrained: bool = False, **kwargs: Any) -> LANMSFF:
        model = build_model_with_cfg(
            LANMSFF, name, pretrained, pretrained_filter_fn=checkpoint_filter_fn,
            feature_cfg={"out_indices": (0, 1, 2, 3), "flatten_sequential": True},
            **{"channels": VARIANTS[name].channels, **kwargs})
        model.pretrained_cfg = model.default_cfg = _with_channels(model.pretrained_cfg, kwargs.get("in_chans", 1))
        return model

    create.__name__ = create.__qualname__ = name
    create.__doc__ = VARIANTS[name].summary
    return create


for _name in VARIANTS:
    globals()[_name] = register_model(_entrypoint(_name))
