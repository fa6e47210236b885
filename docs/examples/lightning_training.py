"""Train LANMSFF with Lightning: the loop of own_training_loop.py, with the same figures.

    python docs/examples/lightning_training.py    # needs `pip install pytorch-lightning`
"""
import pytorch_lightning as pl
import torch
import torch.nn.functional as F
from torch.utils.data import DataLoader

from lanmsff_plugins import LANMSFF
from lanmsff_plugins.data.datasets import FERPlusDataset
from lanmsff_plugins.data.synthetic.writers import write_fer2013


class ExpressionModule(pl.LightningModule):
    def __init__(self):
        super().__init__()
        self.model = LANMSFF(num_classes=8)

    def training_step(self, batch, _):
        self.log("train", loss := F.cross_entropy(self.model(batch[0]), batch[1]))
        return loss

    def validation_step(self, batch, _):
        self.log("val", F.cross_entropy(self.model(batch[0]), batch[1]))

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=1e-3)


if __name__ == "__main__":
    write_fer2013("faces", faces=160)
    pl.seed_everything(0)
    train = DataLoader(FERPlusDataset("faces", "train", mode="cross-entropy"), batch_size=32, shuffle=True)
    val = DataLoader(FERPlusDataset("faces", "val"), batch_size=128)
    trainer = pl.Trainer(accelerator="cpu", max_epochs=1)
    trainer.fit(module := ExpressionModule(), train)
    print(f"cross-entropy of the last step: {trainer.callback_metrics['train']:.5f}")
    print(f"cross-entropy of {len(val.dataset)} faces for validation: {trainer.validate(module, val)[0]['val']:.5f}")
