"""Convert the authors' Keras weights: python tools/convert_keras.py IN OUT.safetensors"""
import argparse

from safetensors.torch import save

from lanmsff_plugins.commands import errors_in_one_line
from lanmsff_plugins.files import write_atomically
from lanmsff_plugins.state_dicts import load_keras_weights


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("weights", help="a .weights.h5, .keras or .h5 file that a notebook left behind")
    parser.add_argument("out", help="safetensors file for timm.create_model('lanmsff', checkpoint_path=OUT)")
    args = parser.parse_args()
    with errors_in_one_line():
        state_dict = load_keras_weights(args.weights)
        write_atomically(args.out, save(state_dict, {"format": "pt"}))
    parameters = sum(value.numel() for key, value in state_dict.items() if key.endswith(("weight", "bias")))
    print(f"{args.out}: {parameters:,} parameters, {len(state_dict['head.fc.bias'])} classes")


if __name__ == "__main__":
    main()
