"""The page about runs is complete in itself and reads the log of a resumed run in order."""
import json

import numpy as np
import pytest

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
    assert text.count("data:image/png;base64,") == 2 + 2 * 4 and "src='http" not in text
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
