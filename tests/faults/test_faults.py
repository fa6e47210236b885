"""The judge of the fault cases knows a fault when it sees one."""
from pathlib import Path
from random import Random

import pytest

pytest.importorskip("mmpretrain")

from .__main__ import FAMILIES, draw  # noqa: E402
from .case import Case, Outcome, judge, misspelt  # noqa: E402

REFUSED = Outcome(2, "", "error: no such thing\n", ())


@pytest.mark.parametrize("outcome, verdict", [
    (REFUSED, "refused"),
    (Outcome(2, "epoch 1\n", "error: no\n", ()), "refused in 1 lines and 1 on stdout"),
    (Outcome(2, "", "usage: x\nerror: no\n", ()), "refused in 2 lines"),
    (Outcome(2, "", "error: no\n", ("w/log.txt",)), "left w/log.txt"),
    (Outcome(2, "", "error: no\n", ("fer2013.cache.safetensors",)), "refused"),
    (Outcome(1, "", "Traceback (most recent call last):\nKeyError: 'x'\n", ()), "traceback: KeyError"),
    (Outcome(-9, "", "", ()), "exit status -9"),
    (Outcome(0, "", "", ("x.onnx",)), "taken without a word; wrote x.onnx"),
])
def test_what_must_be_refused_is_a_fault_unless_refused_in_one_line(outcome, verdict, tmp_path):
    assert verdict in judge(Case("absurd"), tmp_path, outcome)


def test_a_result_is_checked_and_a_refusal_of_what_is_fine_is_a_fault(tmp_path):
    def wrong(folder: Path, outcome: Outcome) -> None:
        raise AssertionError("7 faces of 60")

    done = Outcome(0, "", "", ())
    assert judge(Case("fine", right=lambda folder, outcome: None), tmp_path, done) == "right"
    assert judge(Case("fine", right=wrong), tmp_path, done) == "taken, but wrong: AssertionError: 7 faces of 60"
    assert "though it is fine" in judge(Case("fine", must_be_taken=True), tmp_path, REFUSED)


def test_a_misspelt_word_differs_by_one_slip():
    slips = {misspelt(Random(seed), "max_epochs") for seed in range(200)}
    assert "max_epochs" not in slips and len(slips) > 50
    assert {len(slip) for slip in slips} <= {9, 10, 11}


def test_no_case_is_drawn_twice_and_a_seed_gives_the_same_ones():
    families = [family for family in FAMILIES if family.kind == "layers"]
    cases = [case.what for _, case in draw(families, 60, seed=3)]
    assert len(set(cases)) == 60 and cases == [case.what for _, case in draw(families, 60, seed=3)]
