"""The one loader of checkpoints: ours, timm's and MMEngine's, under any of their names.

    load_weights(model, "work_dirs/lanmsff_ferplus/best.pth")
"""
import pickle
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from ..base.errors import CheckpointError, one_line
from ..models.naming import from_mm, to_mm

__all__ = ["load_weights"]


def load_weights(model: nn.Module, path: str | Path) -> None:
    """Load a checkpoint: timm's or MMEngine's, a state dict, or safetensors. No code in the file is run.

    Raises:
        FileNotFoundError: if there is no such file.
        CheckpointError: if it cannot be read without running code, or does not fit the model.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f"no checkpoint at {path}; expected a .pth or .safetensors file")
    try:
        found: dict = (load_file(path) if str(path).endswith(".safetensors")
                       else torch.load(path, "cpu", weights_only=True))
    except (EOFError, RuntimeError, pickle.UnpicklingError, SafetensorError) as error:
        raise CheckpointError(f"{path} cannot be read as a checkpoint: {one_line(error)}") from error
    state_dict = found.get("state_dict", found)
    expected = model.state_dict()
    renamed = max((rename(state_dict) for rename in (dict, from_mm, to_mm)),
                  key=lambda renamed: len(renamed.keys() & expected.keys()))
    wrong = [name for name in expected if name not in renamed or renamed[name].shape != expected[name].shape]
    if wrong or renamed.keys() != expected.keys():
        raise CheckpointError(f"{path} does not fit the model" + (
            f": {wrong[0]} is {list(expected[wrong[0]].shape)} there, "
            f"{list(renamed[wrong[0]].shape) if wrong[0] in renamed else 'missing'} in the file" if wrong else "")
            + "; name a model with the same layers and classes, as 'lanmsff(num_classes=7)'")
    model.load_state_dict(renamed)
