"""Trained weights, and a card for each that says what they were trained on and what they are worth.

The file is plain safetensors; its metadata hold the names of the classes in order, so that it stands alone.
"""
import json
from pathlib import Path

__all__ = ["FOLDER", "card", "names", "weights_file"]

FOLDER = Path(__file__).parent


def names() -> list[str]:
    """What there are weights for: the model and the data set, such as 'lanmsff_ferplus'."""
    return sorted(path.stem for path in FOLDER.glob("*.safetensors"))


def weights_file(name: str) -> Path:
    """The safetensors file of one of :func:`names`, for ``LANMSFF``'s ``load_state_dict``.

    Raises:
        ValueError: if there is none of that name.
    """
    if name not in names():
        raise ValueError(f"no packaged weights {name!r}; expected one of {', '.join(names()) or '(none yet)'}")
    return FOLDER / f"{name}.safetensors"


def card(name: str) -> dict:
    """What the weights of one of :func:`names` are: data, recipe, figures, hash, licence.

    Raises:
        ValueError: if there are none of that name.
    """
    return json.loads(weights_file(name).with_suffix(".json").read_text())
