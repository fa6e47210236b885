"""Packaged weights of lanmsff_plugins, by the engine and the rule that `read_faces` uses.

    python ours.py lanmsff_ferplus SHA256                          # what is packaged
    python ours.py lanmsff_ferplus SHA256 --engine openvino
    python ours.py lanmsff_ferplus SHA256 --checkpoint FILE        # other weights of the same network
"""
import argparse

import numpy as np
import torch
from serve import serve

from lanmsff_plugins import weights
from lanmsff_plugins.faces import ENGINES, open_engine
from lanmsff_plugins.inference.preprocess import to_batch
from lanmsff_plugins.weights.loading import load_weights

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("name")
parser.add_argument("sha256", help="of the weights: other scores are kept for others")
parser.add_argument("--checkpoint")
parser.add_argument("--engine", choices=ENGINES, default="torch")
args = parser.parse_args()

torch.set_num_threads(1)
model, side = weights.load(args.name), weights.card(args.name)["size"]
if args.checkpoint:
    load_weights(model, args.checkpoint)
run = open_engine(model, args.engine, side, threads=1)


def scores(faces: np.ndarray) -> np.ndarray:
    return run(to_batch(faces, side)).softmax(1).numpy()


parameters = sum(parameter.numel() for parameter in model.parameters())
serve(scores, parameters, weights.weights_file(args.name).stat().st_size)
