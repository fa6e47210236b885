"""Testing leaves the config as it was, and refuses weights of another network before anything is built."""
import copy

import pytest
import torch

from lanmsff_plugins import LANMSFF
from lanmsff_plugins.base.errors import CheckpointError
from lanmsff_plugins.mm.engine.evaluation import evaluate
from lanmsff_plugins.models.naming import to_mm

from ..runs import tiny


def config(drawn_faces, tmp_path):
    return tiny(drawn_faces, tmp_path / "work", "lanmsff_ferplus_modern.py")


@pytest.mark.parametrize(("content", "message"), [
    ({"meta": {}}, "holds no weights"),
    ({"state_dict": to_mm(LANMSFF(num_classes=7).state_dict())}, "does not fit the model: "),
    ({"state_dict": {}}, "holds no weights: expected a state dict, got an empty one")])
def test_what_is_not_of_this_network_is_refused_and_leaves_nothing(drawn_faces, tmp_path, content, message):
    torch.save(content, tmp_path / "x.pth")
    with pytest.raises(CheckpointError, match=f"x.pth {message}"):
        evaluate(config(drawn_faces, tmp_path), str(tmp_path / "x.pth"), "test")
    assert not (tmp_path / "work").exists()


def test_the_config_stays_as_it_is(drawn_faces, tmp_path):
    cfg = config(drawn_faces, tmp_path)
    before = copy.deepcopy(cfg.to_dict())
    with pytest.raises(FileNotFoundError, match="no checkpoint at"):
        evaluate(cfg, str(tmp_path / "none.pth"), "val", mirror=True, lists={"a": "b.txt"})
    assert cfg.to_dict() == before
