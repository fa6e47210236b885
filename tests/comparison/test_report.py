"""The report says what the figures say."""
import json
from dataclasses import replace

import numpy as np
import pytest

from lanmsff_plugins.base.tables import markdown
from lanmsff_plugins.comparison.costs import Cost
from lanmsff_plugins.comparison.report import make_report
from lanmsff_plugins.comparison.runs import Plan, Result

PLAN = Plan("resnet18", "flowers", "", (3, 64, 64), ("a", "b"), "0", train=800, val=200, epochs=7)


@pytest.fixture
def report():
    rng = np.random.default_rng(0)
    rates = {"SAFM": 0.7, "se": 0.9, "none": 0.7}
    results = {layer: [Result(rng.random(200) < rate, 0.1) for _ in range(3)] for layer, rate in rates.items()}
    results["SAFM"] = results["none"]
    costs = {"none": Cost(100, 2_000_000, 1.), "SAFM": Cost(1100, None, 1.25), "se": Cost(110, 2_500_000, 1.)}
    return make_report(PLAN, results, costs)


def test_the_host_without_a_layer_comes_first_and_the_others_are_compared_with_it(report):
    none, safm, se = ([cell.strip() for cell in line.strip("|").split("|")]
                      for line in report.table(markdown).splitlines()[2:])
    assert none[0] == "none" and none[2:5] == ["", "", ""] and none[5:] == ["100", "2.0 M", "100 ms"]
    assert safm[2] == "+0.00" and safm[4:] == ["within chance", "1,100", "?", "1.25x"]
    accuracies = 100 * np.array(report.rows[2].accuracies)
    assert se[1] == f"{accuracies.mean():.2f} ± {accuracies.std(ddof=1):.2f}"
    low, high = map(float, se[3].split(" to "))
    assert 0 < low < float(se[2]) < high and se[4] == "better"


def test_the_words_name_what_is_chance_and_what_is_not(report):
    text = report.text()
    assert "Better than none: se." in text and "No different from none beyond chance: SAFM." in text
    assert "resnet18, 7 epochs, 3 seeds: trained on 800 pictures of 2 classes, tested on 200 others, 64x64" in text
    assert "over seeds (Student's t) or over pictures" in text and "of 2 layers that change nothing" in text
    alone = replace(report, rows=[replace(row, accuracies=row.accuracies[:1]) for row in report.rows[:2]]).text()
    assert "with one seed nothing tells" in alone and "layers that change nothing" not in alone


def test_three_files_hold_the_report(report, tmp_path):
    assert [path.name for path in report.write(tmp_path)] == ["compare.md", "compare.json", "compare.svg"]
    assert report.table(markdown) in (tmp_path / "compare.md").read_text()
    content = json.loads((tmp_path / "compare.json").read_text())
    assert content["plan"]["host"] == "resnet18" and [row["layer"] for row in content["rows"]] == ["none", "SAFM", "se"]
    assert content["rows"][2]["difference"]["low"] == report.rows[2].difference.low
    picture = (tmp_path / "compare.svg").read_text()
    assert "SAFM" in picture and "difference of accuracy to none" in picture
