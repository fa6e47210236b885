"""Plots of what was measured."""
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib
from matplotlib.figure import Figure

from ..base.files import write_atomically
from ..measure.speed import Row

__all__ = ["Point", "plot_accuracies", "plot_differences", "plot_growth"]

_MARKERS = "os^vDPX*<>x+1"  # not as many as there are colours, so that no two networks look alike


@dataclass(frozen=True)
class Point:
    """A network among others.

    Attributes:
        name: What the legend calls it.
        accuracy: In percent, by label set.
        cost: Positive numbers, by what is counted.
    """

    name: str
    accuracy: Mapping[str, float]
    cost: Mapping[str, float]


def plot_growth(lines: dict[str, list[Row]], path: str | Path) -> None:
    """Draw how time and memory grow with the number of pixels of a batch.

    Both axes are logarithmic; the dotted line through a line's largest measurement grows with the pixels, as
    the convolutions' work does.

    Args:
        lines: What was measured, by the name of the line; sides and batches may both differ.
        path: The picture; its suffix says the kind, .svg or .png.
    """
    def draw(figure: Figure) -> None:
        time, memory = figure.subplots(1, 2)
        _panel(time, lines, lambda row: row.latency * 1e3, "milliseconds")
        _panel(memory, lines, lambda row: row.memory and row.memory / 2 ** 20, "MiB held at most")
        time.legend(fontsize="small")

    _save(path, (9, 4), draw)


def plot_differences(differences: Mapping[str, tuple[float, float, float]], title: str, label: str, path: str | Path
                     ) -> None:
    """Draw differences with their confidence intervals, one below the other, and a line at 0.

    Args:
        differences: Lower end, difference and upper end, by name.
        title: What was compared.
        label: What the differences are, with their unit.
        path: As for :func:`plot_growth`.
    """
    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        for y, (low, mean, high) in enumerate(differences.values()):
            axes.plot([low, high], [y, y], "-", color="C0")
            axes.plot(mean, y, "o", color="C0")
        axes.axvline(0, color="grey", linestyle=":")
        axes.set_yticks(range(len(differences)), differences.keys())
        axes.set(title=title, xlabel=label, ylim=(len(differences) - 0.5, -0.5))

    _save(path, (7, 1.2 + 0.35 * len(differences)), draw)


def plot_accuracies(points: Sequence[Point], path: str | Path) -> None:
    """Draw the accuracy of networks against their cost, which is logarithmic: a panel for each label set and cost.

    Args:
        points: The networks; all have the same label sets and costs.
        path: As for :func:`plot_growth`.
    """
    labels, costs = points[0].accuracy, points[0].cost

    def draw(figure: Figure) -> None:
        panels = figure.subplots(len(labels), len(costs), sharex="col", sharey="row", squeeze=False)
        for row, label in zip(panels, labels):
            row[0].set_ylabel(f"accuracy on {label}, %")
            for axes, cost in zip(row, costs):
                for i, point in enumerate(points):
                    axes.plot(point.cost[cost], point.accuracy[label], _MARKERS[i % len(_MARKERS)], label=point.name)
                axes.set_xscale("log")
                axes.grid(alpha=.3)
        for axes, cost in zip(panels[-1], costs):
            axes.set_xlabel(cost)
        figure.legend(*panels[0][0].get_legend_handles_labels(), loc="outside lower center", ncols=3, fontsize="small")

    _save(path, (4.5 * len(costs), 3 * len(labels) + 1), draw)


def _save(path: str | Path, size: tuple[float, float], draw: Callable[[Figure], None]) -> None:
    kind = Path(path).suffix[1:]
    buffer = io.BytesIO()
    # The same file from the same figures: no random names, and text as text.
    with matplotlib.rc_context({"svg.hashsalt": "lanmsff", "svg.fonttype": "none"}):
        figure = Figure(figsize=size, layout="constrained")
        draw(figure)
        figure.savefig(buffer, format=kind, metadata={"Date": None} if kind == "svg" else None)
    write_atomically(path, buffer.getvalue())


def _panel(axes, lines: dict[str, list[Row]], value, label: str) -> None:
    for name, rows in lines.items():
        points = sorted((row.setup.batch * row.setup.shape[1] * row.setup.shape[2], value(row))
                        for row in rows if value(row))
        if points:
            pixels, values = zip(*points)
            line, = axes.plot(pixels, values, "o-", label=name)
            axes.plot(pixels, [values[-1] * p / pixels[-1] for p in pixels], ":", color=line.get_color())
    axes.set(xscale="log", yscale="log", xlabel="pixels in a batch", ylabel=label)
