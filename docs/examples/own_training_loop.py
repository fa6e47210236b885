"""Train LANMSFF on FERPlus in plain PyTorch: one short epoch on drawn faces; without OpenMMLab.

    python docs/examples/own_training_loop.py [FOLDER]    # with fer2013.csv and fer2013new.csv; by default it draws
"""
import sys

import torch
import torch.nn.functional as F
from torch.utils.data import DataLoader

from lanmsff_plugins import LANMSFF
from lanmsff_plugins.data.datasets import FERPlusDataset
from lanmsff_plugins.data.synthetic.writers import write_fer2013


def main() -> None:
    folder = (sys.argv[1:] or ["faces"])[0]
    if len(sys.argv) == 1:
        write_fer2013(folder, faces=160)
    torch.manual_seed(0)
    # In this mode a target is the distribution of the votes (8,), which cross_entropy takes as it is.
    train = DataLoader(FERPlusDataset(folder, "train", mode="cross-entropy"), batch_size=32, shuffle=True)
    val = DataLoader(FERPlusDataset(folder, "val"), batch_size=128)
    model = LANMSFF(num_classes=8)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    for images, votes in train:  # (N, 1, 48, 48) and (N, 8)
        optimizer.zero_grad()
        loss = F.cross_entropy(model(images), votes)
        loss.backward()
        optimizer.step()
    print(f"cross-entropy of the last step: {loss:.5f}")
    model.eval()
    with torch.inference_mode():
        total = sum(F.cross_entropy(model(images), labels, reduction="sum") for images, labels in val)
    print(f"cross-entropy of {len(val.dataset)} faces for validation: {total / len(val.dataset):.5f}")


if __name__ == "__main__":
    main()
