"""Trained weights, and a card for each that says what they were trained on, how, and how accurate they are.

    weights.load("lanmsff_ferplus")      # the network with its weights

A file is plain safetensors; its metadata hold the names of the classes in order, so that it is complete in itself.
This list is also timm's (``lanmsff.ferplus``) and MMPretrain's (``lanmsff://lanmsff_ferplus``).
"""
import json
from pathlib import Path

from ..base.errors import unknown

__all__ = ["FOLDER", "card", "cards", "load", "names", "weights_file"]

FOLDER = Path(__file__).parent


def names() -> list[str]:
    """What there are weights for: the model and the data set, such as 'lanmsff_ferplus'."""
    return sorted(path.stem for path in FOLDER.glob("*.safetensors"))


def weights_file(name: str) -> Path:
    """The safetensors file of one of :func:`names`.

    Raises:
        ValueError: if there is none of that name.
    """
    if name not in names():
        raise ValueError(unknown("packaged weights", name, names()))
    return FOLDER / f"{name}.safetensors"


def card(name: str) -> dict:
    """What the weights of one of :func:`names` are: data, recipe, figures, hash, licence.

    Raises:
        ValueError: if there are none of that name.
    """
    return json.loads(weights_file(name).with_suffix(".json").read_text())


def cards() -> list[dict]:
    """The cards of all packaged weights, by name."""
    return [card(name) for name in names()]


def load(name: str):
    """The network with packaged weights, in evaluation mode; torch is imported only here.

    Args:
        name: One of :func:`names`.

    Returns:
        A :class:`~lanmsff_plugins.models.LANMSFF`.

    Raises:
        ValueError: if there are none of that name.
    """
    from safetensors.torch import load_file

    from ..models import build

    said = card(name)
    model = build(said["model"], num_classes=len(said["classes"]))
    model.load_state_dict(load_file(weights_file(name)))
    return model.eval()
