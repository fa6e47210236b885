"""Put MassAtt into timm's ResNet-18 and train it for a few steps on drawn faces.

    python docs/examples/mass_att_in_resnet.py
"""
import numpy as np
import timm
import torch
import torch.nn.functional as F

from lanmsff_plugins import MassAtt
from lanmsff_plugins.data.synthetic.drawing import EXPRESSIONS, draw_face
from lanmsff_plugins.inference.preprocess import to_batch

STEPS, BATCH = 4, 16


def main() -> None:
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    expressions = list(EXPRESSIONS)
    # Every ResNet block passes its last feature map through attn_layer, built with that map's number of channels.
    model = timm.create_model("resnet18", in_chans=1, num_classes=len(expressions), block_args=dict(attn_layer=MassAtt))
    print(sum(isinstance(module, MassAtt) for module in model.modules()), "MassAtt layers")

    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    for step in range(STEPS):
        labels = rng.integers(len(expressions), size=BATCH)
        images = to_batch(draw_face(expressions[label], 0., int(rng.integers(100)), rng) for label in labels)
        loss = F.cross_entropy(model(images), torch.from_numpy(labels))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        print(f"step {step + 1}, loss {loss.item():.3f}")


if __name__ == "__main__":
    main()
