"""Packaged weights of lanmsff_plugins, by the engine and the rule that `read_faces` uses.

    python ours.py lanmsff_ferplus
"""
import sys

import numpy as np
import torch
from serve import serve

from lanmsff_plugins import weights
from lanmsff_plugins.faces import open_engine
from lanmsff_plugins.inference.preprocess import to_batch

torch.set_num_threads(1)
name = sys.argv[1]
model, side = weights.load(name), weights.card(name)["size"]
run = open_engine(model, "torch", side)


def scores(faces: np.ndarray) -> np.ndarray:
    return run(to_batch(faces, side)).softmax(1).numpy()


serve(scores, sum(parameter.numel() for parameter in model.parameters()), weights.weights_file(name).stat().st_size)
