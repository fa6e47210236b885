"""The figures of a test split agree with MMPretrain's metrics, with definitions by hand, and with themselves."""
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lanmsff_plugins.base.errors import DataError
from lanmsff_plugins.scores import (
    Predictions,
    at_temperature,
    best_temperature,
    calibration_bins,
    calibration_error,
    confusion_matrix,
    summarize,
)


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


def softmax(logits):
    scores = np.exp(logits - logits.max(1, keepdims=True))
    return scores / scores.sum(1, keepdims=True)


def test_scores_at_a_temperature_are_the_softmax_of_the_logits_divided_by_it():
    logits = np.random.default_rng(0).normal(0, 4, (50, 8))
    found = at_temperature(predictions(softmax(logits), np.zeros(50, int)), 1.7)
    np.testing.assert_allclose(found.scores, softmax(logits / 1.7), rtol=1e-9)


@pytest.mark.parametrize("temperature", [0.6, 1., 2.5])
def test_the_best_temperature_is_the_one_that_the_labels_were_drawn_at(temperature):
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 3, (20_000, 5))
    labels = (rng.random((len(logits), 1)) > softmax(logits / temperature).cumsum(1)).sum(1)
    p = predictions(softmax(logits), labels)
    assert best_temperature(p) == pytest.approx(temperature, rel=0.05)
    assert calibration_error(at_temperature(p, best_temperature(p))) < 0.01


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


GOOD = dict(scores=np.full((3, 4), .25, np.float32), labels=np.array([0, 3, 1]), rows=np.array([5, 7, 9]),
            names=np.array(["a", "", "b"]), views=np.full(3, ""))


@pytest.mark.parametrize(("wrong", "message"), [
    ({"scores": GOOD["scores"] * np.nan}, "scores that are not finite, such as for row 5"),
    ({"scores": np.where(np.eye(3, 4) > 0, np.inf, .25)}, "scores that are not finite"),
    ({"scores": np.array([[.25] * 4, [-.5, .5, .5, .5], [.25] * 4])}, "negative scores, .* such as for row 7"),
    ({"scores": GOOD["scores"] * 2}, "scores that do not sum to 1, expected probabilities"),
    ({"scores": GOOD["scores"] * 0}, "scores that do not sum to 1"),
    ({"scores": np.full((3, 4), "0.25")}, "scores of type <U4 and shape \\(3, 4\\), expected floating-point numbers"),
    ({"scores": np.full((3, 4), 1)}, "scores of type int64"),
    ({"scores": np.full(3, .25)}, "scores of type float64 and"),
    ({"scores": np.full((3, 4), .25j)}, "scores of type complex"),
    ({"scores": np.ones((3, 1))}, "scores of 3 faces and 1 classes"),
    ({"labels": np.array([0, 4, 1])}, "labels beyond its 4 classes, such as for row 7"),
    ({"labels": np.array([0, -1, 1])}, "labels beyond its 4 classes"),
    ({"labels": GOOD["labels"] * 1.}, "labels of type"),
    ({"rows": np.array(["5", "7", "9"])}, "rows of type <U1"), ({"rows": -GOOD["rows"]}, "negative rows"),
    ({"rows": np.stack([GOOD["rows"]] * 2, 1)}, "rows of type int64 and shape \\(3, 2\\), expected integers in 1 dim"),
    ({"rows": np.arange(4)}, "parts do not have one row for each face"),
    ({"names": np.arange(3)}, "names of type int64"),
    ({name: array[:0] for name, array in GOOD.items()}, "scores of 0 faces")])
def test_what_are_no_probabilities_of_classes_is_refused(tmp_path, wrong, message):
    np.savez(tmp_path / "p.npz", **GOOD)
    assert len(Predictions.load(tmp_path / "p.npz")) == 3
    np.savez(tmp_path / "p.npz", **GOOD | wrong)
    with pytest.raises(DataError, match=f"p.npz holds .*{message}.*; write it anew by `lanmsff test`$"):
        Predictions.load(tmp_path / "p.npz")


def test_scores_of_half_precision_are_taken(tmp_path):
    scores = np.random.default_rng(0).dirichlet(np.ones(8), 500).astype(np.float16)
    predictions(scores, np.zeros(500, int)).save(tmp_path / "p.npz")
    assert Predictions.load(tmp_path / "p.npz").scores.dtype == np.float16


def test_an_archive_that_is_damaged_anywhere_is_refused_in_one_line(tmp_path):
    np.savez_compressed(tmp_path / "p.npz", **GOOD)
    content = (tmp_path / "p.npz").read_bytes()
    np.save(tmp_path / "array.npy", GOOD["scores"])
    for damaged in (*(content[:end] for end in range(0, len(content), 97)), (tmp_path / "array.npy").read_bytes(),
                    *(content[:at] + bytes([content[at] ^ 255]) + content[at + 1:] for at in range(30, 400, 7))):
        (tmp_path / "p.npz").write_bytes(damaged)
        try:
            Predictions.load(tmp_path / "p.npz")  # some bytes of an archive mean nothing
        except DataError as error:
            assert str(error).startswith(str(tmp_path / "p.npz")) and "\n" not in str(error)
