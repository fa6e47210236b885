import numpy as np
import pytest
import torch

from lanmsff_plugins import LANMSFF
from lanmsff_plugins.models.keras import load_keras_weights


@pytest.fixture(scope="module")
def parity(keras_parity):
    """The authors' model: what it gives, and LANMSFF with its weights."""
    model = LANMSFF().eval()
    model.load_state_dict(load_keras_weights(keras_parity / "lanmsff.weights.h5"))
    arrays = {name: torch.from_numpy(array) for name, array in np.load(keras_parity / "expected.npz").items()}
    return model, {name: x.permute(0, 3, 1, 2) if x.ndim == 4 else x for name, x in arrays.items()}
