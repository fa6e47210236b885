"""Splits have four names; folds keep what belongs together, and are of nearly equal size."""
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lanmsff_plugins.data.splits import SPLITS, check_split, deal_folds


def test_the_known_splits_pass_and_others_are_refused():
    for split in SPLITS:
        check_split(split)
    with pytest.raises(ValueError, match=r"unknown split 'valid'; expected one of train, val, test, train\+val"):
        check_split("valid")


@given(st.lists(st.sampled_from("abcdefgh"), min_size=8), st.integers(2, 4), st.integers(0, 5))
def test_items_of_one_unit_stay_together_and_folds_have_nearly_as_many_units(units, folds, seed):
    units = [*"abcdefgh", *units]
    dealt = deal_folds(units, folds, seed)
    fold_of = dict(zip(units, dealt.tolist()))
    assert [fold_of[unit] for unit in units] == dealt.tolist()
    sizes = Counter(fold_of.values())
    assert set(sizes) == set(range(folds)) and max(sizes.values()) - min(sizes.values()) <= 1
    assert deal_folds(units, folds, seed).tolist() == dealt.tolist()


@pytest.mark.parametrize("folds", [0, 1, 4])
def test_impossible_folds_are_refused(folds):
    with pytest.raises(ValueError, match=f"cannot split 3 persons into {folds} folds; expected 2 to 3"):
        deal_folds(["a", "b", "c", "a"], folds, what="person")
