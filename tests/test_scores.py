"""The figures of a test split agree with MMPretrain's metrics, with definitions by hand, and with themselves."""
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lanmsff_plugins.scores import Predictions, calibration_bins, calibration_error, confusion_matrix, summarize


def predictions(scores, labels) -> Predictions:
    n = len(labels)
    return Predictions(np.array(scores), np.array(labels), np.arange(n), np.full(n, ""), np.full(n, ""))


@st.composite
def any_predictions(draw):
    classes, faces = draw(st.integers(2, 8)), draw(st.integers(1, 40))
    rng = np.random.default_rng(draw(st.integers(0, 2 ** 32 - 1)))
    return predictions(rng.dirichlet(np.ones(classes), faces), rng.integers(0, classes, faces))


@given(any_predictions())
def test_confusion_counts_each_face_once(p):
    confusion = confusion_matrix(p)
    for label, score in zip(p.labels, p.scores):
        confusion[label, score.argmax()] -= 1
    assert not confusion.any()


@given(any_predictions())
def test_macro_figures_are_means_over_the_classes_that_occur(p):
    got = summarize(p)
    predicted = p.scores.argmax(1)
    recalls, f1s = [], []
    for c in range(p.scores.shape[1]):
        hits = np.sum((predicted == c) & (p.labels == c))
        if (p.labels == c).any():
            recalls.append(hits / np.sum(p.labels == c))
        if (p.labels == c).any() or (predicted == c).any():
            precision = hits / max(1, np.sum(predicted == c))
            recall = hits / max(1, np.sum(p.labels == c))
            f1s.append(0 if hits == 0 else 2 * precision * recall / (precision + recall))
    assert got["balanced_accuracy"] == pytest.approx(100 * np.mean(recalls))
    assert got["macro_f1"] == pytest.approx(100 * np.mean(f1s))


def test_macro_figures_are_mmpretrains_when_every_class_occurs():
    mmpretrain = pytest.importorskip("mmpretrain.evaluation")
    rng = np.random.default_rng(0)
    p = predictions(rng.dirichlet(np.ones(8), 500), rng.integers(0, 8, 500))
    (_, recall, f1, _), = mmpretrain.SingleLabelMetric.calculate(p.scores, p.labels)
    got = summarize(p)
    assert (got["balanced_accuracy"], got["macro_f1"]) == pytest.approx((float(recall), float(f1)), rel=1e-4)


@given(any_predictions())
def test_bins_hold_every_face_and_average_to_the_accuracy(p):
    bins = calibration_bins(p)
    assert sum(n for n, _, _ in bins) == len(p)
    assert sum(n * right for n, _, right in bins) / len(p) == pytest.approx(p.accuracy)
    assert sum(n * sure for n, sure, _ in bins) / len(p) == pytest.approx(p.scores.max(1).mean())


def test_a_network_that_is_as_sure_as_it_is_right_has_no_calibration_error():
    p = predictions([[0.75, 0.25]] * 4, [0, 0, 0, 1])
    assert calibration_error(p) == pytest.approx(0)
    assert calibration_error(predictions([[0.75, 0.25]] * 4, [1] * 4)) == pytest.approx(0.75)


def test_predictions_come_back_from_a_file(tmp_path):
    p = Predictions(np.eye(3), np.arange(3), np.array([5, 7, 9]), np.array(["a", "", "b"]), np.array(["S", "", "FL"]))
    p.save(tmp_path / "p.npz")
    for name, array in vars(Predictions.load(tmp_path / "p.npz")).items():
        np.testing.assert_array_equal(array, getattr(p, name))


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 no zip", b"text"])
def test_a_file_that_holds_no_predictions_is_named(tmp_path, content):
    (tmp_path / "p.npz").write_bytes(content)
    with pytest.raises(ValueError, match="p.npz does not hold predictions"):
        Predictions.load(tmp_path / "p.npz")


def test_pickled_objects_are_refused(tmp_path):
    np.savez(tmp_path / "p.npz", scores=np.array([{}], object), labels=[0], rows=[0], names=[""], views=[""])
    with pytest.raises(ValueError, match="does not hold predictions"):
        Predictions.load(tmp_path / "p.npz")
