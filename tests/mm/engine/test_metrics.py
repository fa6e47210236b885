"""Metrics are those of the scores, against a count by hand."""
import numpy as np
import pytest
import torch

from lanmsff_plugins.mm.engine.metrics import CrossEntropy, ExpressionMetric
from lanmsff_plugins.scores import Predictions

SCORES = torch.tensor([[.7, .2, .1], [.1, .6, .3], [.5, .3, .2], [0., 0., 1.]])
LABELS = [0, 1, 1, 2]


def feed(metric):
    metric.dataset_meta = {"classes": ("a", "b", "c")}
    metric.process(None, [
        {"pred_score": score, "gt_label": torch.tensor([label]), "sample_idx": i, "row": 10 + i, "name": f"f{i}",
         "view": "S" if i < 2 else "HL"} for i, (score, label) in enumerate(zip(SCORES, LABELS))])
    return metric.compute_metrics(metric.results)


def test_cross_entropy_is_the_mean_of_the_logarithms():
    expected = -np.log(SCORES.numpy()[range(4), LABELS].clip(1e-7)).mean()
    assert feed(CrossEntropy()) == {"cross_entropy": pytest.approx(expected, rel=1e-6)}


def test_classes_views_and_lists_have_their_own_figures(tmp_path):
    (tmp_path / "list.txt").write_text("10\n12\n")
    found = feed(ExpressionMetric(lists={"some": str(tmp_path / "list.txt")}, out_file=str(tmp_path / "test.npz")))
    assert [found[f"recall/{name}"] for name in "abc"] == [100., 50., 100.]
    assert found["balanced_accuracy"] == pytest.approx(250 / 3)
    assert (found["view/S"], found["view/HL"]) == (100., 50.)
    assert (found["some/listed"], found["some/others"]) == (50., 100.)
    saved = Predictions.load(tmp_path / "test.npz")
    assert saved.rows.tolist() == [10, 11, 12, 13] and saved.names.tolist() == ["f0", "f1", "f2", "f3"]


def test_a_missing_list_is_refused_before_anything_is_tested():
    with pytest.raises(FileNotFoundError, match="no list of faces at nowhere.txt"):
        ExpressionMetric(lists={"some": "nowhere.txt"})
