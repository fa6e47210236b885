"""Convert the authors' Keras weights; h5py is needed, Keras is not, and no code in the file is run.

    lanmsff convert-keras model.weights.h5 lanmsff.safetensors
"""
import argparse

from safetensors.torch import save

from ..base.files import write_atomically
from ..models.keras import load_keras_weights

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("weights", help="a .weights.h5, .keras or .h5 file that a notebook saved")
    parser.add_argument("out", help="safetensors file for timm.create_model('lanmsff', checkpoint_path=OUT)")


def run(args: argparse.Namespace) -> None:
    state_dict = load_keras_weights(args.weights)
    write_atomically(args.out, save(state_dict, {"format": "pt"}))
    parameters = sum(value.numel() for key, value in state_dict.items() if key.endswith(("weight", "bias")))
    print(f"{args.out}: {parameters:,} parameters, {len(state_dict['head.fc.bias'])} classes")
