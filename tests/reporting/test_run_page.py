"""The page about runs is complete in itself and reads the log of a resumed run in order."""
import json
from dataclasses import replace

import numpy as np
import pytest

from lanmsff_plugins.data.fer2013.selection import select_fer2013, select_ferplus
from lanmsff_plugins.reporting import run_page
from lanmsff_plugins.reporting.run_page import Run, page, read_scalars
from lanmsff_plugins.scores import Predictions


def run(name: str = "a run") -> Run:
    rng = np.random.default_rng(0)
    scores = rng.dirichlet(np.ones(3), 30)
    blank = np.full(30, "")
    scalars = [{"loss": 1., "step": 50}, {"accuracy/top1": 40., "step": 1}]
    return Run(name, ("a", "b", "c"), 1000, "FERPlus", scalars,
               Predictions(scores, np.arange(30) % 3, np.arange(30), blank, blank),
               faces=lambda rows: np.zeros((len(rows), 8, 8), np.uint8))


def test_the_page_holds_its_pictures_and_asks_for_nothing():
    text = page([run(), run("<b>")])
    assert text.count("data:image/png;base64,") == 1 + 2 * 4 and "src='http" not in text
    assert "&lt;b&gt;" in text and "<b>" not in text


def test_a_page_of_no_run_is_refused():
    with pytest.raises(ValueError, match="a report needs at least one run"):
        page([])


def test_the_parts_of_a_resumed_run_are_read_in_the_order_of_time_and_cut_lines_left_out(tmp_path):
    for folder, content in (("20260102", '{"step": 2}\n{"st'), ("20260101", '{"step": 1}\n')):
        (tmp_path / folder / "vis_data").mkdir(parents=True)
        (tmp_path / folder / "vis_data" / "scalars.json").write_text(content)
    assert read_scalars(tmp_path) == [json.loads('{"step": 1}'), {"step": 2}]


def test_a_folder_without_a_log_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="no log of a training"):
        read_scalars(tmp_path)


def figures(monkeypatch, runs) -> list:
    """The figures of a page, as matplotlib has them."""
    found = []
    monkeypatch.setattr(run_page, "_figure", lambda figure: found.append(figure) or "")
    page(runs)
    return found


def tested_on(labels, **changes) -> Run:
    labels = np.array(labels)
    scores, blank = np.eye(8)[labels], np.full(len(labels), "")
    return replace(run(), classes=tuple("abcdefgh"), faces=None,
                   predictions=Predictions(scores, labels, np.arange(len(labels)), blank, blank), **changes)


PRIVATE_TEST = np.repeat(np.arange(8), (1090, 893, 396, 384, 273, 18, 83, 16))


@pytest.mark.parametrize(("labels", "compared"), [
    (PRIVATE_TEST, True), (PRIVATE_TEST[1:], True), (PRIVATE_TEST[:-40], False), (np.arange(3153) % 8, False),
    (np.arange(40) % 8, False)], ids=["official", "without a copy", "a part", "other labels", "drawn"])
def test_only_figures_of_private_test_stand_beside_the_paper_s(monkeypatch, labels, compared):
    found = figures(monkeypatch, [tested_on(labels)])
    labelled = [axes.get_ylabel() for figure in found for axes in figure.axes]
    assert ("accuracy on PrivateTest, %" in labelled) == compared
    assert ("was not tested on all of PrivateTest" in page([tested_on(labels)])) == (not compared)


def test_the_real_faces_are_those_of_private_test(real_data, monkeypatch):
    for name, select in (("FERPlus", select_ferplus), ("FER2013", select_fer2013)):
        found = figures(monkeypatch, [tested_on(select(real_data, "test").labels, dataset=name)])
        assert len(found) == 5


def losses(*steps: int) -> list[dict]:
    return [{"loss": 1., "step": step} for step in steps]


@pytest.mark.parametrize(("records", "curves"), [
    (losses(50, 100) + losses(50, 100, 150), [[50, 100], [50, 100, 150]]),
    (losses(50, 100, 150, 200) + losses(150, 200, 250), [[50, 100, 150, 200, 250]]),  # resumed from step 100
    (losses(50, 100) + losses(150), [[50, 100, 150]]), (losses(50) + losses(50) + losses(20), [[50], [50], [20]])],
    ids=["two", "resumed", "resumed at once", "three"])
def test_each_training_in_a_work_dir_has_a_curve_and_a_resumed_one_is_one(monkeypatch, records, curves):
    records = [{"text": "no record"}, *records, {"accuracy/top1": 40., "step": 1}]
    lines = figures(monkeypatch, [replace(run(), scalars=records)])[0].axes[0].lines
    assert [line.get_xdata().tolist() for line in map(plain, lines)] == curves
    labels = [line.get_label().strip("\u200b") for line in lines]
    assert labels == ["a run"] if len(curves) == 1 else labels[:2] == ["a run, training 1", "a run, training 2"]


def plain(line):
    line.set_xdata(np.array(line.get_xdata()))
    return line


def test_two_trainings_without_a_loss_in_the_log_are_two_curves(monkeypatch):
    records = [{"accuracy/top1": 40., "step": step} for step in (1, 2, 1, 2)]
    lines = figures(monkeypatch, [replace(run(), scalars=records)])[0].axes[1].lines
    assert [list(line.get_xdata()) for line in lines] == [[1, 2], [1, 2]]


def test_weights_that_were_only_tested_have_no_curves(monkeypatch):
    assert len(figures(monkeypatch, [replace(run(), scalars=[])])) == 4


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", ["_run", "cost $5 or $x_{", "a_b"])
def test_any_name_of_a_run_stands_in_the_legend(monkeypatch, name):
    found = figures(monkeypatch, [run(name)])
    legend, = found[0].axes[1].get_legend().get_texts()
    assert legend.get_text().replace("\\$", "$").strip("\u200b") == name
    for figure in found:
        figure.canvas.draw()
