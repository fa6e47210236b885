"""A plot of the same figures is the same file."""

import torch
from matplotlib.figure import Figure

from lanmsff_plugins.measure.speed import Row, Setup
from lanmsff_plugins.reporting import plots
from lanmsff_plugins.reporting.plots import Point, plot_accuracies, plot_differences, plot_growth

FACES = torch.rand(8, 1, 64, 64, generator=torch.Generator().manual_seed(0))


def row(batch: int, side: int = 64, memory: int | None = 2 ** 20) -> Row:
    setup = Setup(form="fused", batch=batch, shape=(1, side, side))
    return Row(setup, 0.01 * batch, 0.009 * batch, 0.012 * batch, 100., 1e11, 0.6, memory, 2e-6)


def test_a_plot_is_the_same_file_each_time(tmp_path):
    lines = {"faces": [row(4), row(1), row(2)], "sides": [row(1, 32, None), row(1, 128, None)]}
    for name in ("a.svg", "b.svg", "c.png"):
        plot_growth(lines, tmp_path / name)
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
    assert "faces" in (tmp_path / "a.svg").read_text()


def test_differences_are_drawn_with_their_intervals_by_name(tmp_path):
    differences = {"SAFM": (-1., 0.5, 2.), "se": (0.25, 1., 1.75)}
    for name in ("a.svg", "b.svg"):
        plot_differences(differences, "a host", "points", tmp_path / name)
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
    assert all(word in (tmp_path / "a.svg").read_text() for word in ("SAFM", "se", "a host", "points"))


def test_accuracies_are_drawn_against_each_cost_for_each_label_set(tmp_path):
    points = [Point(f"network {i}", {"FER-2013": 60. + i, "FERPlus": 70. + i}, {"time": .1 * 10 ** i, "bytes": 1e5})
              for i in range(12)]
    for name in ("a.svg", "b.svg"):
        plot_accuracies(points, tmp_path / name)
    text = (tmp_path / "a.svg").read_text()
    assert (tmp_path / "b.svg").read_text() == text
    assert all(word in text for word in ("accuracy on FER-2013", "accuracy on FERPlus", "time", "bytes", "network 11"))


def test_no_two_networks_look_alike(tmp_path, monkeypatch):
    drawn = Figure()
    monkeypatch.setattr(plots, "_save", lambda path, size, draw: draw(drawn))
    plot_accuracies([Point(f"network {i}", {"FERPlus": 80.}, {"time": 1.}) for i in range(40)], tmp_path / "x.svg")
    assert len({(line.get_marker(), line.get_color()) for line in drawn.axes[0].lines}) == 40
