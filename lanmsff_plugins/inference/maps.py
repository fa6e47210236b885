"""A look inside: where MassAtt and Grad-CAM look on a face.

    spatial_maps(weights.load("lanmsff_ferplus"), to_tensor(face))  # two maps, one a block that has MassAtt

Grad-CAM (Selvaraju et al., 2017 - https://arxiv.org/abs/1610.02391) is that of the package grad-cam, and left out where
it is not installed. Such maps show what the network weighs, not whether it is right.
"""
import importlib.util
from collections.abc import Mapping
from functools import partial

import numpy as np
import torch
from PIL import Image, ImageDraw
from torch import Tensor, nn

from ..base.compat import default_font
from ..layers.mass_att import MassAtt
from .preprocess import SIDE, to_tensor

__all__ = ["draw_maps", "grad_cam", "spatial_maps"]

_SIDE, _TITLE = 192, 20  # pixels of a panel and of the line above it


def spatial_maps(model: nn.Module, face: Tensor) -> dict[str, np.ndarray]:
    """MassAtt's spatial map in each block that has one.

    Args:
        model: A network with MassAtt, as :func:`lanmsff_plugins.weights.load` gives it.
        face: (1, H, W) float32.

    Returns:
        By a title, a map (H, W) of what the block's features are multiplied with, from 0 to 1.
    """
    layers = [module for module in model.modules() if isinstance(module, MassAtt)]
    maps: dict[str, np.ndarray] = {}

    def keep(title: str, layer: MassAtt, inputs: tuple[Tensor]) -> None:
        maps[title] = layer.spatial_attention(inputs[0])[0, 0].numpy()

    hooks = [layer.register_forward_pre_hook(partial(keep, f"MassAtt {i} of {len(layers)}"))
             for i, layer in enumerate(layers, 1)]
    try:
        with torch.no_grad():
            model(face[None])
    finally:
        for hook in hooks:
            hook.remove()
    return maps


def grad_cam(model: nn.Module, face: Tensor, target: int) -> np.ndarray | None:
    """Grad-CAM for a class on the third block's features, (H, W) from 0 to 1; None without the package grad-cam.

    The third block's maps have an eighth of the face's side; the last one's, a sixteenth, are too coarse to look at.
    """
    if importlib.util.find_spec("pytorch_grad_cam") is None:
        return None
    from pytorch_grad_cam import GradCAM
    from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

    with GradCAM(model=model, target_layers=[model.get_submodule("blocks.2")]) as cam:
        return cam(input_tensor=face[None], targets=[ClassifierOutputTarget(target)])[0]


def draw_maps(model: nn.Module, crop: np.ndarray, target: int, label: str, side: int = SIDE) -> Image.Image:
    """The face, MassAtt's maps and Grad-CAM side by side, each over the face.

    Args:
        model: The network.
        crop: The face, (H, W) or (H, W, 3) uint8.
        target: Index of the class that Grad-CAM explains.
        label: Its name.
        side: Side in pixels of the faces that the network takes.
    """
    grey = Image.fromarray(crop).convert("L")
    face = to_tensor(np.asarray(grey), side)
    maps: Mapping[str, np.ndarray] = spatial_maps(model, face)
    cam = grad_cam(model, face, target)
    panels = {"face": None, **maps, **({} if cam is None else {f"Grad-CAM: {label}": cam})}
    image = Image.new("RGB", (len(panels) * _SIDE, _SIDE + _TITLE), "white")
    draw = ImageDraw.Draw(image)
    base = np.asarray(grey.resize((_SIDE, _SIDE), Image.Resampling.BILINEAR).convert("RGB")).astype(np.float32)
    for i, (title, values) in enumerate(panels.items()):
        shown = base if values is None else .5 * base + .5 * _heat(values)
        image.paste(Image.fromarray(shown.astype(np.uint8)), (i * _SIDE, _TITLE))
        draw.text((i * _SIDE + 3, 2), title + _range(values), fill="black", font=default_font(12))
    return image


def _range(values: np.ndarray | None) -> str:
    if values is None:
        return ""
    low, high = float(values.min()), float(values.max())
    return f": {low:.3f} everywhere" if high - low < 1e-5 else f": {low:.2g} to {high:.2g}"


def _heat(values: np.ndarray) -> np.ndarray:
    """A map stretched to its own range, from blue to red, at the panel's size."""
    low, high = float(values.min()), float(values.max())
    spread = (values - low) / max(high - low, 1e-5) * 255
    large = Image.fromarray(spread.astype(np.uint8)).resize((_SIDE, _SIDE), Image.Resampling.BILINEAR)
    share = np.asarray(large).astype(np.float32)
    return np.stack([share, 127 - abs(share - 127.5), 255 - share], axis=-1).clip(0, 255)
