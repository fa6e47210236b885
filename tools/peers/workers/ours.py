"""Packaged weights of lanmsff_plugins, by the engine and the rule that `read_faces` uses.

    python ours.py lanmsff_ferplus SHA256                 # what is packaged
    python ours.py lanmsff_ferplus SHA256 CHECKPOINT      # other weights of the same network
"""
import sys

import numpy as np
import torch
from serve import serve

from lanmsff_plugins import weights
from lanmsff_plugins.faces import open_engine
from lanmsff_plugins.inference.preprocess import to_batch
from lanmsff_plugins.weights.loading import load_weights

torch.set_num_threads(1)
name = sys.argv[1]
model, side = weights.load(name), weights.card(name)["size"]
if len(sys.argv) > 3:
    load_weights(model, sys.argv[3])
run = open_engine(model, "torch", side)


def scores(faces: np.ndarray) -> np.ndarray:
    return run(to_batch(faces, side)).softmax(1).numpy()


serve(scores, sum(parameter.numel() for parameter in model.parameters()), weights.weights_file(name).stat().st_size)
