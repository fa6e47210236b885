"""What is said of packaged weights: the parts of their cards, the metafile of mm_configs, the table of the docs.

Every figure comes from predictions of the weights, or is counted here; none is typed.
"""
import textwrap
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import torch
from torch import nn

from ..base.errors import DataError, unknown
from ..base.tables import markdown
from ..data.catalog import DATASETS, DataSet
from ..data.face_list import FaceList
from ..data.synthetic.drawing import draw_face
from ..inference.preprocess import to_batch
from ..measure.flops import count
from ..scores import Predictions, accuracy_by_list, at_temperature, calibration_error, summarize

__all__ = ["data_set", "describe_data", "describe_input", "drawn_logits", "figures", "hits_in_sample", "metafile",
           "tables"]

SAMPLE = 16  # every 16th face of the test split: enough to notice a wrong file, and seconds to run


def data_set(config_type: str) -> DataSet:
    """The row of the catalog that a config's data set ``type`` names.

    Raises:
        DataError: if there is none.
    """
    name = config_type.rpartition(".")[2]
    found = next((row for row in DATASETS.values() if row.type == name), None)
    if found is None:
        raise DataError(unknown("data set", config_type, [row.type for row in DATASETS.values()]))
    return found


def describe_data(config_type: str, split: str, mode: str | None) -> dict[str, str]:
    """What a card says of the data: for the ``type``, ``split`` and label ``mode`` of a config's training set.

    Raises:
        DataError: if the catalog has no such data set.
    """
    row = data_set(config_type)
    labels = f", labels {row.labels}" if row.labels else ""
    return {"name": row.title, "source": row.source, "licence": row.licence, "type": config_type,
            "train": row.splits[split] + (f", labels by {mode}" if mode else ""), "val": row.splits["val"] + labels,
            "test": row.splits["test"] + labels}


def describe_input(side: int) -> str:
    """What a card says of the tensor that a network takes.

    Args:
        side: Side of a face in pixels.
    """
    return f"(N, 1, {side}, {side}) float, grey divided by 255, bilinear with antialiasing"


def figures(predictions: Predictions, lists: Mapping[str, FaceList], temperature: float = 1.) -> dict:
    """The figures of all faces, and of those in each list and of the others, to two decimals.

    Args:
        predictions: Of a split.
        lists: Lists of its faces, by name.
        temperature: At which the calibration error is told as well.
    """
    whole = {name: round(value, 2) for name, value in summarize(predictions).items()}
    whole["calibration_error_at_temperature"] = round(
        100 * calibration_error(at_temperature(predictions, temperature)), 2)
    return whole | {name: {key: round(value, 2) for key, value in part.items()}
                    for name, part in accuracy_by_list(predictions, lists).items()}


@torch.no_grad()
def drawn_logits(model: nn.Module, side: int) -> list[list[float]]:
    """The logits of a model for four drawn faces of 64 pixels, which anyone can draw again, to four decimals.

    Args:
        model: A model.
        side: The side in pixels that the faces are resized to.
    """
    rng = np.random.default_rng(0)
    faces = [draw_face(expression, yaw, person, rng, side=64) for person, (expression, yaw) in enumerate(
        [("happiness", 0.), ("surprise", 20.), ("sadness", -20.), ("neutral", 40.)])]
    logits = model.eval()(to_batch(faces, side))
    return [[round(value, 4) for value in row] for row in logits.tolist()]


@torch.no_grad()
def hits_in_sample(model: nn.Module, side: int, dataset: str, data_root: str | Path) -> dict[str, int]:
    """How many faces of a fixed sample of the test split a model gets right.

    Args:
        model: A model.
        side: The side in pixels that the faces are resized to.
        dataset: The ``type`` of the data set in a config.
        data_root: The folder with its official files.

    Returns:
        The number of ``faces`` in the sample, and of ``hits``.
    """
    selected = data_set(dataset).select(data_root, "test")
    chosen = range(0, len(selected), SAMPLE)
    classes = model.eval()(to_batch((selected.pictures[i] for i in chosen), side)).argmax(1)
    hits = classes.numpy() == selected.labels[chosen]
    return {"faces": len(chosen), "hits": int(hits.sum())}


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
            flops=count(models[card["name"]], (1, card["size"], card["size"])).macs, data=card["data"]["name"],
            accuracy=card["figures"]["test"]["accuracy"])
        for card in cards)


def tables(cards: Iterable[dict]) -> str:
    """The packaged weights in Markdown: what they reach on the test split, and on the listed faces of it."""
    columns = ("accuracy", "balanced_accuracy", "macro_f1", "calibration_error", "calibration_error_at_temperature")
    whole, listed = [], []
    for card in cards:
        test, name = card["figures"]["test"], f"`{card['name']}`"
        whole.append([name, f"{card['parameters']:,}", card["size"], card["data"]["test"], f"{test['faces']:,}",
                      *(f"{test[column]:.2f}" for column in columns), f"{card['temperature']:.2f}",
                      f"{card['figures']['test_with_mirror']['accuracy']:.2f}",
                      f"{card['figures']['val']['accuracy']:.2f}"])
        listed += [[name, part.replace("_", " "), f"{value['faces']:,}", f"{value['accuracy']:.2f}",
                    f"{value['accuracy_of_others']:.2f}" if "accuracy_of_others" in value else "-"]
                   for part, value in test.items() if isinstance(value, dict)]
    return "\n\n".join([
        markdown(["weights", "parameters", "pixels", "test split", "faces",
                  *(column.replace("_", " ") for column in columns), "temperature",
                  "accuracy with the mirror image", "accuracy on PublicTest"], whole),
        markdown(["weights", "list", "faces of it", "accuracy", "accuracy of the others"], listed)])
