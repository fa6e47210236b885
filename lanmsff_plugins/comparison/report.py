"""What a comparison has shown: a table, a picture, and words that say where a difference may be chance.

    report = make_report(plan, results, costs)
    print(report.text())
"""
import json
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from ..base.files import write_atomically
from ..base.tables import aligned, markdown
from ..hosts.variants import NONE
from ..reporting.plots import plot_differences
from .costs import Cost
from .differences import CONFIDENCE, Difference, compare_hits
from .runs import Plan, Result

__all__ = ["Report", "Row", "make_report"]

_HEADER = ["layer", "accuracy", f"difference to {NONE}", f"{CONFIDENCE:.0%} interval", "verdict", "parameters", "MACs",
           "step"]


@dataclass(frozen=True)
class Row:
    """What was found of one layer.

    Attributes:
        layer: Its name.
        accuracies: One for each seed, between 0 and 1.
        difference: To the host without a layer; None for that itself.
        cost: What the host costs with the layer.
        step: Seconds of a step in the trainings.
    """

    layer: str
    accuracies: tuple[float, ...]
    difference: Difference | None
    cost: Cost
    step: float


@dataclass(frozen=True)
class Report:
    """All rows of a comparison, that without a layer first."""

    plan: Plan
    rows: Sequence[Row]

    def table(self, form=aligned) -> str:
        """The table, by one of the functions of ``base/tables.py``."""
        return form(_HEADER, [[
            row.layer, _accuracy(row.accuracies), *_difference(row.difference), f"{row.cost.parameters:,}",
            "?" if row.cost.macs is None else f"{row.cost.macs / 1e6:.1f} M",
            f"{row.step * 1e3:.0f} ms" if row.difference is None else f"{row.cost.step:.2f}x"] for row in self.rows])

    def text(self, form=aligned) -> str:
        """The table, and what it says."""
        plan = self.plan
        return "\n".join([
            self.table(form), "",
            f"{self._head()}: trained on {plan.train:,} pictures of {len(plan.classes)} classes, tested on "
            f"{plan.val:,} others, {plan.shape[1]}x{plan.shape[2]} pixels.",
            *self._verdicts(), self._intervals()])

    def _head(self) -> str:
        counts = {"epoch": self.plan.epochs, "seed": len(self.rows[0].accuracies)}
        return ", ".join([self.plan.host, *(f"{n} {what}{'s' * (n > 1)}" for what, n in counts.items())])

    def _verdicts(self) -> list[str]:
        layers: dict[str, list[str]] = {}
        for row in self.rows:
            if row.difference is not None:
                layers.setdefault(row.difference.verdict, []).append(row.layer)
        words = {"better": f"Better than {NONE}", "worse": f"Worse than {NONE}",
                 "within chance": f"No different from {NONE} beyond chance"}
        return [f"{phrase}: {', '.join(layers[verdict])}." for verdict, phrase in words.items() if verdict in layers]

    def _intervals(self) -> str:
        layers, seeds = len(self.rows) - 1, len(self.rows[0].accuracies)
        told = ("The intervals are over pictures, by pairs (Bonett and Price); with one seed nothing tells how much "
                "other initial weights would change." if seeds == 1 else
                "The intervals are by pairs, over seeds (Student's t) or over pictures (Bonett and Price), whichever "
                "is wider.")
        if layers > 1:
            told += (f" Each holds for one layer: of {layers} layers that change nothing, at least one would be called "
                     f"better or worse in up to {1 - CONFIDENCE ** layers:.0%} of such tables.")
        return told

    def write(self, folder: Path) -> list[Path]:
        """Write the report as Markdown, as JSON, and as a picture; gives the files."""
        files = [folder / f"compare.{kind}" for kind in ("md", "json", "svg")]
        write_atomically(files[0], (self.text(markdown) + "\n").encode())
        write_atomically(files[1], (json.dumps(asdict(self), indent=2) + "\n").encode())
        plot_differences(
            {row.layer: (100 * row.difference.low, 100 * row.difference.mean, 100 * row.difference.high)
             for row in self.rows if row.difference is not None},
            self._head(),
            f"difference of accuracy to {NONE}, in points, with {CONFIDENCE:.0%} intervals", files[2])
        return files


def make_report(plan: Plan, results: Mapping[str, Sequence[Result]], costs: Mapping[str, Cost]) -> Report:
    """Put the results together.

    Args:
        plan: What was compared.
        results: Of each layer, one for each seed, in the same order for all; ``NONE`` is one of the layers.
        costs: Of each layer.
    """
    hits = {layer: np.stack([result.hits for result in runs]) for layer, runs in results.items()}
    order = sorted(results, key=lambda layer: layer != NONE)
    return Report(plan, [Row(
        layer, tuple(hits[layer].mean(1).tolist()),
        None if layer == NONE else compare_hits(hits[layer], hits[NONE]), costs[layer],
        statistics.median(result.step for result in results[layer])) for layer in order])


def _accuracy(values: Sequence[float]) -> str:
    mean = f"{100 * statistics.mean(values):.2f}"
    return mean + (f" ± {100 * statistics.stdev(values):.2f}" if len(values) > 1 else "")


def _difference(difference: Difference | None) -> tuple[str, str, str]:
    if difference is None:
        return "", "", ""
    return (f"{100 * difference.mean:+.2f}", f"{100 * difference.low:+.2f} to {100 * difference.high:+.2f}",
            difference.verdict)
