"""Prepare faces with torchvision's transforms: for testing as the package does, for training with augmentation.

    python docs/examples/torchvision_transforms.py
"""
import numpy as np
import torch
from PIL import Image
from torchvision.transforms import v2

from lanmsff_plugins import weights
from lanmsff_plugins.data.synthetic.drawing import EXPRESSIONS, draw_face
from lanmsff_plugins.inference.preprocess import SIDE, to_batch

TO_TENSOR = [v2.ToImage(), v2.ToDtype(torch.float32, scale=True)]
# Grey first, then the size: the order in which the network saw its training faces.
TEST = v2.Compose([v2.Grayscale(), v2.Resize((SIDE, SIDE)), *TO_TENSOR])
TRAIN = v2.Compose([v2.Grayscale(), v2.RandomResizedCrop(SIDE, scale=(.8, 1.)), v2.RandomHorizontalFlip(),
                    v2.RandomRotation(10), *TO_TENSOR])


def main() -> None:
    rng = np.random.default_rng(0)
    faces = [draw_face(name, 0., person, rng, side=40 + 20 * person) for name in EXPRESSIONS for person in range(8)]
    ours = to_batch(faces)  # (64, 1, 64, 64)
    assert TRAIN(Image.fromarray(faces[0])).shape == ours.shape[1:]
    model = weights.load("lanmsff_ferplus")
    for name, convert in {"pictures": Image.fromarray, "tensors": lambda face: torch.from_numpy(face)[None]}.items():
        theirs = torch.stack([TEST(convert(face)) for face in faces])
        with torch.inference_mode():
            same = (model(theirs).argmax(1) == model(ours).argmax(1)).sum()
        print(f"{name}: pixels differ by {(theirs - ours).abs().max() * 255:.0f}/255 at most; "
              f"{same} of {len(faces)} answers are the same")


if __name__ == "__main__":
    main()
