"""Cards hold figures that are counted, and name data sets that the catalog knows."""
import numpy as np
import pytest

from lanmsff_plugins import weights
from lanmsff_plugins.base.errors import DataError
from lanmsff_plugins.data.catalog import DATASETS
from lanmsff_plugins.reporting import cards
from lanmsff_plugins.scores import Predictions


@pytest.mark.parametrize("name", weights.names())
def test_what_a_packaged_card_says_of_its_data_is_what_the_catalog_says(name):
    card = weights.card(name)
    split, _, mode = card["data"]["train"].partition(", labels by ")
    names = {value: key for key, value in DATASETS[card["tag"]].splits.items()}
    assert card["data"] == cards.describe_data(card["data"]["type"], names[split], mode or None)
    assert tuple(card["classes"]) == DATASETS[card["tag"]].classes


def test_a_data_set_that_no_catalog_has_is_refused():
    with pytest.raises(DataError, match="unknown data set 'CustomDataset'; expected one of FER2013, FERPlus, KDEF"):
        cards.describe_data("CustomDataset", "train", None)


def test_figures_are_rounded_and_tell_of_each_list():
    class Half:
        def mask(self, rows, names):
            return rows < 2

    scores = np.eye(2)[[0, 1, 1, 1]]
    predictions = Predictions(scores, np.array([0, 1, 1, 0]), np.arange(4), np.full(4, ""), np.full(4, ""))
    found = cards.figures(predictions, {"half": Half()}, 2.)
    assert found["calibration_error_at_temperature"] == 25.  # sure of all, right of three
    assert found["accuracy"] == 75. and found["faces"] == 4
    assert found["half"] == {"faces": 2, "accuracy": 100., "accuracy_of_others": 50.}


def test_drawn_logits_are_those_of_four_faces():
    assert np.shape(cards.drawn_logits(weights.load("lanmsff_ferplus"), 64)) == (4, 8)
