"""The intervals are those of the textbooks, and they hold as often as they say."""
import numpy as np
import pytest
from scipy import stats

from lanmsff_plugins.comparison.differences import compare_hits, over_pictures, over_seeds


def test_the_interval_over_seeds_is_that_of_the_paired_t_test():
    rng = np.random.default_rng(0)
    one, other = rng.random((2, 5))
    expected = stats.ttest_rel(one, other).confidence_interval(0.95)
    assert over_seeds(one - other) == pytest.approx((expected.low, expected.high))


def test_the_interval_over_pictures_is_the_formula_of_bonett_and_price():
    only_one, only_other, both = 12, 5, 83
    differences = np.repeat([1, -1, 0], [only_one, only_other, both])
    n = 100 + 2
    p, q = (only_one + 1) / n, (only_other + 1) / n
    half = stats.norm.ppf(0.975) * np.sqrt((p + q - (p - q) ** 2) / n)
    assert over_pictures(differences) == pytest.approx((p - q - half, p - q + half))


@pytest.mark.parametrize(("seeds", "share"), [(1, 0.05), (3, 0.05), (3, 0.4)])
def test_of_networks_that_are_equally_good_few_are_called_different(seeds, share):
    """``share`` of the pictures are hard; which of those a network gets right is drawn for each seed."""
    rng = np.random.default_rng(0)
    wrong = 0
    for _ in range(400):
        hard = rng.random(200) < share
        one, other = (~hard | (rng.random((seeds, 200)) < 0.5) for _ in range(2))
        wrong += compare_hits(one, other).verdict != "within chance"
    assert wrong / 400 <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 400)


def test_a_large_difference_is_seen_in_both_directions():
    rng = np.random.default_rng(0)
    good, bad = rng.random((3, 500)) < 0.9, rng.random((3, 500)) < 0.6
    assert compare_hits(good, bad).verdict == "better" and compare_hits(bad, good).verdict == "worse"


def test_few_pictures_are_no_proof_even_where_all_seeds_agree():
    hits = np.ones((3, 20), bool)
    others = hits.copy()
    others[:, 0] = False  # one picture, the same with every seed: the spread over the seeds is zero
    difference = compare_hits(hits, others)
    assert (difference.mean, difference.over, difference.verdict) == (pytest.approx(0.05), "pictures", "within chance")


def test_networks_that_agree_everywhere_differ_by_nothing():
    hits = np.random.default_rng(0).random((2, 50)) < 0.5
    difference = compare_hits(hits, hits)
    assert difference.mean == 0 and difference.low == -difference.high and difference.verdict == "within chance"
