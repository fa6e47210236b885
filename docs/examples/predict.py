"""Read the expression of a face in a picture file, with the packaged weights; needs no network connection.

    python docs/examples/predict.py face.png

The picture should be cut out around the face. Without an argument the script draws one.
"""
import sys

import numpy as np
import torch
from PIL import Image

from lanmsff_plugins import weights
from lanmsff_plugins.data.synthetic.drawing import draw_face
from lanmsff_plugins.inference.preprocess import to_tensor
from lanmsff_plugins.pictures import read_picture

NAME = "lanmsff_ferplus"


def main() -> None:
    path = sys.argv[1] if len(sys.argv) > 1 else "face.png"
    if len(sys.argv) == 1:
        Image.fromarray(draw_face("happiness", yaw=0., person=0, rng=np.random.default_rng(0))).save(path)

    model = weights.load(NAME)
    image = to_tensor(read_picture(path))  # (1, 64, 64), grey, between 0 and 1
    with torch.inference_mode():
        probabilities = model(image[None]).softmax(1)[0]  # (8,)
    ranked = sorted(zip(weights.card(NAME)["classes"], probabilities.tolist()), key=lambda pair: -pair[1])
    for expression, probability in ranked:
        print(f"{expression:<10} {probability:.2f}")


if __name__ == "__main__":
    main()
