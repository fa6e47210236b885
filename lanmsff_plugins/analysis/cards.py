"""What is said of packaged weights: the parts of their cards, the metafile of mm_configs, the README's table.

Every figure comes from predictions of the weights, or is counted here; none is typed.
"""
import textwrap
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from timm.data import create_transform, resolve_data_config
from torch import nn

from ..data import USAGES, DataError, FaceList
from ..data.selection import SPLITS, select_fer2013, select_ferplus
from ..data.synthetic import draw_face
from .flops import count
from .scores import Predictions, accuracy_by_list, summarize
from .tables import markdown

__all__ = ["INPUT", "describe_data", "drawn_logits", "figures", "hits_in_sample", "metafile", "tables"]

INPUT = "(N, 1, 64, 64) float, grey divided by 255, bilinear"
SAMPLE = 16  # every 16th face of the test split: enough to notice a wrong file, and seconds to run

_LICENCE = ("The images of FER-2013 were collected from the web, for research and evaluation only. Whether weights "
            "that were trained on them may be used for more is not settled: ask a lawyer first.")
_FERPLUS, _FER2013 = "lanmsff_plugins.FERPlus", "lanmsff_plugins.FER2013"
_DATA = {
    _FERPLUS: {"name": "FERPlus", "source": "https://github.com/microsoft/FERPlus",
               "licence": f"{_LICENCE} FERPlus's labels are under the MIT licence."},
    _FER2013: {"name": "FER-2013", "source": "https://www.kaggle.com/c/challenges-in-representation-learning-facial-"
                                             "expression-recognition-challenge", "licence": _LICENCE},
}


def describe_data(dataset: str, split: str, mode: str | None) -> dict[str, str]:
    """What a card says of the data: for the ``type``, ``split`` and label ``mode`` of a config's training set.

    Raises:
        DataError: if cards know nothing of such a data set.
    """
    if dataset not in _DATA:
        raise DataError(f"cards describe the data of {' and '.join(_DATA)}, got {dataset}")
    majority = ", labels by majority" if dataset == _FERPLUS else ""
    train = " and ".join(USAGES[usage] for usage in SPLITS[split])
    return {**_DATA[dataset], "type": dataset, "train": train + (f", labels by {mode}" if mode else ""),
            "val": "PublicTest" + majority, "test": "PrivateTest" + majority}


def figures(predictions: Predictions, lists: Mapping[str, FaceList]) -> dict:
    """The figures of all faces, and of those in each list and of the others, to two decimals."""
    whole = {name: round(value, 2) for name, value in summarize(predictions).items()}
    return whole | {name: {key: round(value, 2) for key, value in part.items()}
                    for name, part in accuracy_by_list(predictions, lists).items()}


@torch.no_grad()
def drawn_logits(model: nn.Module) -> list[list[float]]:
    """The logits of a model for four drawn faces, which anyone can draw again, to four decimals."""
    rng = np.random.default_rng(0)
    faces = [draw_face(expression, yaw, person, rng, side=64) for person, (expression, yaw) in enumerate(
        [("happiness", 0.), ("surprise", 20.), ("sadness", -20.), ("neutral", 40.)])]
    logits = model.eval()(torch.from_numpy(np.stack(faces))[:, None] / 255)
    return [[round(value, 4) for value in row] for row in logits.tolist()]


@torch.no_grad()
def hits_in_sample(model: nn.Module, dataset: str, data_root: str | Path) -> dict[str, int]:
    """How many faces of a fixed sample of the test split a model gets right, by timm's own transform.

    Args:
        model: A model with a ``pretrained_cfg``.
        dataset: The ``type`` of the data set in a config.
        data_root: The folder with its official files.

    Returns:
        The number of ``faces`` in the sample, and of ``hits``.
    """
    selected = {_FERPLUS: select_ferplus, _FER2013: select_fer2013}[dataset](data_root, "test")
    rows, labels = selected.rows[::SAMPLE], selected.labels[::SAMPLE]
    transform = create_transform(**resolve_data_config(model=model))
    images = torch.stack([transform(Image.fromarray(selected.faces.pixels[row])) for row in rows])
    hits = model.eval()(images).argmax(1).numpy() == labels
    return {"faces": len(rows), "hits": int(hits.sum())}


def metafile(cards: Iterable[dict], models: dict[str, nn.Module]) -> str:
    """OpenMMLab's metafile of the packaged weights, in YAML.

    Args:
        cards: Their cards.
        models: The model of each, by the card's name.
    """
    head = """\
        # Written by tools/publish_model.py from the cards in lanmsff_plugins/weights.
        Collections:
          - Name: LANMSFF
            Metadata:
              Architecture: [MassAtt, PWFS, Depthwise Separable Convolution]
            Paper:
              Title: A Lightweight Attention-based Deep Network via Multi-Scale Feature Fusion for Multi-View Facial
                Expression Recognition
              URL: https://arxiv.org/abs/2403.14318
        Models:
        """
    entry = """\
          - Name: {name}
            In Collection: LANMSFF
            Config: {config}
            Metadata:
              FLOPs: {flops}
              Parameters: {parameters}
              Training Data: [{data}]
            Results:
              - Task: Image Classification
                Dataset: {data}
                Metrics:
                  Top 1 Accuracy: {accuracy:.2f}
            Weights: lanmsff://{name}
        """
    return textwrap.dedent(head) + "".join(
        textwrap.indent(textwrap.dedent(entry), "  ").format(
            name=card["name"], config=Path(card["recipe"]["config"]).name, parameters=card["parameters"],
            flops=count(models[card["name"]], (1, 64, 64)).macs, data=card["data"]["name"],
            accuracy=card["figures"]["test"]["accuracy"])
        for card in cards)


def tables(cards: Iterable[dict]) -> str:
    """The packaged weights in Markdown: what they reach on the test split, and on the listed faces of it."""
    columns = ("accuracy", "balanced_accuracy", "macro_f1", "calibration_error")
    whole, listed = [], []
    for card in cards:
        test, name = card["figures"]["test"], f"`{card['name']}`"
        whole.append([name, card["data"]["test"], f"{test['faces']:,}", *(f"{test[column]:.2f}" for column in columns),
                      f"{card['figures']['test_with_mirror']['accuracy']:.2f}",
                      f"{card['figures']['val']['accuracy']:.2f}"])
        listed += [[name, part.replace("_", " "), f"{value['faces']:,}", f"{value['accuracy']:.2f}",
                    f"{value['accuracy_of_others']:.2f}" if "accuracy_of_others" in value else "-"]
                   for part, value in test.items() if isinstance(value, dict)]
    return "\n\n".join([
        markdown(["weights", "test split", "faces", *(column.replace("_", " ") for column in columns),
                  "accuracy with the mirror image", "accuracy on PublicTest"], whole),
        markdown(["weights", "list", "faces of it", "accuracy", "accuracy of the others"], listed)])
