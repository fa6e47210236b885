"""One page about finished runs: how they learned, whom they get wrong, how sure they are, what they cost.

Reads what `lanmsff train` and `lanmsff test` leave in a work dir; the page holds its pictures in itself.
"""
import base64
import html
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from ..data.face_list import FaceList
from ..scores import Predictions, accuracy_by_list, calibration_bins, calibration_error, confusion_matrix, summarize

__all__ = ["PEERS", "Run", "page", "read_scalars"]

# By data set: name and source, parameters, accuracy on PrivateTest.
PEERS = {
    "FER2013": (("LANMSFF, arXiv:2403.14318", 356_294, 70.44), ("fer, its packaged weights, measured", 58_000, 65.8)),
    "FERPlus": (("LANMSFF, arXiv:2403.14318", 356_451, 86.96),),
}
# The faces of each class in PrivateTest, those of FERPlus by majority: how it is told from other faces.
_PRIVATE_TEST = {
    "FER2013": (491, 55, 528, 879, 594, 416, 626),
    "FERPlus": (1090, 893, 396, 384, 273, 18, 83, 16),
}
_MAY_DIFFER = 3  # faces: some layouts hold one face less, and copies of the files differ in a label
_WORST = 16
_HEAD = """<!doctype html><meta charset=utf-8><title>LANMSFF</title>
<style>
body { font: 16px sans-serif; max-width: 70em; margin: 2em auto }
td, th { padding: .2em .8em; text-align: right }
img { max-width: 100% }
</style>"""


@dataclass(frozen=True)
class Run:
    """A finished run.

    Attributes:
        name: What to call it; not empty, and another one for each run.
        classes: The names of its classes.
        parameters: How many its network has.
        dataset: The type of its data set, 'FERPlus' say.
        scalars: The records of its logs, of training and validation, in order; empty where it was only tested.
        predictions: What it says of the test split.
        faces: Gives the pixels (N, H, W) uint8 of rows of the data set; None if the data are not at hand.
        lists: Lists of faces to tell the accuracies of, by their names.
    """

    name: str
    classes: Sequence[str]
    parameters: int
    dataset: str
    scalars: Sequence[dict]
    predictions: Predictions
    faces: Callable[[np.ndarray], np.ndarray] | None = None
    lists: Mapping[str, FaceList] = field(default_factory=dict)


def read_scalars(work_dir: str | Path) -> list[dict]:
    """The records that MMEngine logged in a work dir, of a resumed run's parts in the order of time.

    A line that a kill has cut short is left out.

    Raises:
        FileNotFoundError: if there is no log.
    """
    files = sorted(Path(work_dir).glob("*/vis_data/scalars.json"))
    if not files:
        raise FileNotFoundError(f"no log of a training in {work_dir}; expected the work dir of `lanmsff train`")
    records = []
    for line in (line for file in files for line in file.read_text().splitlines()):
        try:
            records.append(json.loads(line))
        except json.JSONDecodeError:
            continue
    return records


def page(runs: Sequence[Run]) -> str:
    """The page in HTML, complete in itself.

    Raises:
        ValueError: if there is no run.
    """
    if not runs:
        raise ValueError("a report needs at least one run; name the work dirs of `lanmsff train`")
    parts = ["<h1>Runs</h1>", _summary(runs)]
    if any(run.scalars for run in runs):
        parts.append(_figure(_curves(runs)))
    for dataset in PEERS:
        comparable = [run for run in runs if run.dataset == dataset and _is_private_test(run)]
        if comparable:
            parts += [f"<h2>Accuracy and size, {dataset}</h2>", _figure(_peers(dataset, comparable))]
    for name in (run.name for run in runs if run.dataset in PEERS and not _is_private_test(run)):
        parts.append(f"<p>{html.escape(name)} was not tested on all of PrivateTest: published figures do not compare.")
    for run in runs:
        parts += [f"<h2>{html.escape(run.name)}</h2>", _figure(_confusion(run)), _figure(_bars(run)),
                  _figure(_calibration(run))]
        if run.faces is not None:
            parts += ["<h3>The faces it is surest of, and wrong</h3>", _figure(_most_confused(run, run.faces))]
    return "\n".join([_HEAD, *parts])


def _summary(runs: Sequence[Run]) -> str:
    figures = [summarize(run.predictions) for run in runs]
    header = "".join(f"<th>{html.escape(name.replace('_', ' '))}</th>" for name in figures[0])
    rows = "".join(
        f"<tr><th>{html.escape(run.name)}</th>" + "".join(
            f"<td>{value:,}</td>" if isinstance(value, int) else f"<td>{value:.2f}</td>" for value in row.values())
        + "</tr>" for run, row in zip(runs, figures))
    return f"<table><tr><th></th>{header}</tr>{rows}</table>"


def _figure(figure: Figure) -> str:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110, bbox_inches="tight")
    return f"<p><img src='data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}'>"


def _is_private_test(run: Run) -> bool:
    """Whether a run was tested on what published figures are of: not on drawn faces, a part, or other labels."""
    official = _PRIVATE_TEST[run.dataset]
    found = np.bincount(run.predictions.labels, minlength=len(official))
    return len(found) == len(official) and np.abs(found - official).sum() <= _MAY_DIFFER


def _split_trainings(scalars: Sequence[dict]) -> list[tuple[list[dict], list[dict]]]:
    """The records of each training in a work dir, those of the loss and those of the validation.

    A training that was resumed goes on behind its first record; what it had logged beyond its checkpoint is left out.
    Another training begins where an earlier one did, or before.
    """
    trainings: list[tuple[list[dict], list[dict]]] = []
    for record in scalars:
        if "step" not in record or not record.keys() & {"loss", "accuracy/top1"}:
            continue
        kind = 0 if "loss" in record else 1
        if not trainings or trainings[-1][kind] and record["step"] <= trainings[-1][kind][0]["step"]:
            trainings.append(([], []))
        kept = trainings[-1][kind]
        while kept and kept[-1]["step"] >= record["step"]:
            kept.pop()
        kept.append(record)
    return trainings


def _curves(runs: Sequence[Run]) -> Figure:
    figure = Figure(figsize=(10, 3.5))
    loss, accuracy = figure.subplots(1, 2)
    for run in runs:
        trainings = _split_trainings(run.scalars)
        for number, (training, validation) in enumerate(trainings, 1):
            name = _label(run.name + f", training {number}" * (len(trainings) > 1))
            loss.plot([r["step"] for r in training], [r["loss"] for r in training], linewidth=0.8, label=name)
            accuracy.plot([r["step"] for r in validation], [r["accuracy/top1"] for r in validation], ".-", label=name)
    loss.set(xlabel="step", ylabel="training loss")
    accuracy.set(xlabel="epoch", ylabel="validation accuracy, %")
    accuracy.legend()
    return figure


def _label(name: str) -> str:
    """A name for matplotlib, which leaves names with an underscore in front out of legends and sets formulas in $."""
    return "\N{ZERO WIDTH SPACE}" + name.replace("$", r"\$")


def _peers(dataset: str, runs: Sequence[Run]) -> Figure:
    figure = Figure(figsize=(6, 3.5))
    axes = figure.subplots()
    points = [(*peer, "o") for peer in PEERS[dataset]]
    points += [(run.name, run.parameters, 100 * run.predictions.accuracy, "*") for run in runs]
    for name, parameters, accuracy, marker in points:
        axes.plot(parameters, accuracy, marker, label=_label(name))
    axes.set(xscale="log", xlabel="parameters", ylabel="accuracy on PrivateTest, %")
    axes.legend()
    return figure


def _confusion(run: Run) -> Figure:
    counts = confusion_matrix(run.predictions)
    shares = counts / np.maximum(1, counts.sum(1, keepdims=True))
    figure = Figure(figsize=(6, 5))
    axes = figure.subplots()
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for i, j in np.ndindex(*counts.shape):
        axes.text(j, i, str(counts[i, j]), ha="center", va="center", color="white" if shares[i, j] > 0.5 else "black")
    ticks = range(len(run.classes))
    axes.set_xticks(ticks, run.classes, rotation=45, ha="right")
    axes.set_yticks(ticks, run.classes)
    axes.set(xlabel="predicted", ylabel="true")
    return figure


def _bars(run: Run) -> Figure:
    p = run.predictions
    masks = {name: p.labels == i for i, name in enumerate(run.classes)}
    masks |= {f"view {view}": p.views == view for view in sorted(set(p.views)) if view}
    groups = {name: (mask.sum(), 100 * p.take(mask).accuracy) for name, mask in masks.items() if mask.any()}
    for name, part in accuracy_by_list(p, run.lists).items():
        groups[name.replace("_", " ")] = part["faces"], part["accuracy"]
    figure = Figure(figsize=(10, 3))
    axes = figure.subplots()
    bars = axes.bar(range(len(groups)), [accuracy for _, accuracy in groups.values()])
    axes.bar_label(bars, [f"{faces:,}" for faces, _ in groups.values()])
    axes.set_xticks(range(len(groups)), map(_label, groups), rotation=30, ha="right")
    axes.set(ylabel="accuracy, %", title="by class, view and list, with the number of faces")
    return figure


def _calibration(run: Run) -> Figure:
    bins = calibration_bins(run.predictions)
    figure = Figure(figsize=(4, 4))
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], "k:", linewidth=0.8)
    axes.plot([sure for _, sure, _ in bins], [right for _, _, right in bins], "o-")
    axes.set(xlabel="confidence", ylabel="accuracy",
             title=f"expected calibration error {100 * calibration_error(run.predictions):.1f} %")
    return figure


def _most_confused(run: Run, faces: Callable[[np.ndarray], np.ndarray]) -> Figure:
    p = run.predictions
    wrong = np.flatnonzero(p.scores.argmax(1) != p.labels)
    worst = wrong[p.scores[wrong].max(1).argsort()[::-1][:_WORST]]
    figure = Figure(figsize=(10, 3))
    for i, (face, at) in enumerate(zip(faces(p.rows[worst]), worst)):
        axes = figure.add_subplot(2, _WORST // 2, i + 1)
        axes.imshow(Image.fromarray(face), cmap="gray", vmin=0, vmax=255)
        axes.set_title(f"{run.classes[p.scores[at].argmax()]}\nnot {run.classes[p.labels[at]]}", fontsize=8)
        axes.set_axis_off()
    return figure
