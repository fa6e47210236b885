"""Show what in a face speaks for an expression, by Grad-CAM of the package grad-cam.

    python docs/examples/grad_cam_map.py face.png

Needs `pip install grad-cam`. Writes grad_cam.png. Without an argument the script draws a smiling face.
"""
import sys

import numpy as np
from PIL import Image
from pytorch_grad_cam import GradCAM
from pytorch_grad_cam.utils.image import show_cam_on_image
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

from lanmsff_plugins import weights
from lanmsff_plugins.data.synthetic.drawing import draw_face
from lanmsff_plugins.inference.preprocess import to_tensor
from lanmsff_plugins.pictures import read_picture

NAME, EXPRESSION = "lanmsff_ferplus", "happiness"


def main() -> None:
    picture = read_picture(sys.argv[1]) if len(sys.argv) > 1 else draw_face(
        EXPRESSION, yaw=0., person=0, rng=np.random.default_rng(0))
    model, face = weights.load(NAME), to_tensor(picture)
    target = ClassifierOutputTarget(weights.card(NAME)["classes"].index(EXPRESSION))
    # The maps of the third block have 8x8 positions; those of the last one, 4x4, show little.
    with GradCAM(model=model, target_layers=[model.blocks[2]]) as cam:
        heat = cam(input_tensor=face[None], targets=[target])[0]  # (64, 64), from 0 to 1
    grey = face.permute(1, 2, 0).expand(-1, -1, 3).numpy()
    Image.fromarray(show_cam_on_image(grey, heat, use_rgb=True)).save("grad_cam.png")
    print(f"{EXPRESSION}: {heat[32:].sum() / heat.sum():.1%} of the map lies on the lower half of the face")


if __name__ == "__main__":
    main()
