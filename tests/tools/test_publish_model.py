"""A checkpoint is published with a card of its own figures, from a checkout that is what its commit says."""
import json
from hashlib import sha256
from pathlib import Path

import pytest
import torch

pytest.importorskip("mmpretrain")

from safetensors.torch import load_file  # noqa: E402

import timm_registry  # noqa: E402, F401
from lanmsff_plugins import weights  # noqa: E402
from lanmsff_plugins.scores import Predictions, best_temperature, summarize  # noqa: E402

from ..processes import MODERN, make_checkout, refusal, run_process  # noqa: E402


@pytest.fixture
def checkout(tmp_path, drawn_faces) -> Path:
    """A repository of the files as they are now, with the drawn faces in the place of the data."""
    folder = tmp_path / "checkout"
    make_checkout(folder, drawn_faces)
    return folder


@pytest.mark.slow
def test_a_checkpoint_is_published_with_its_card(checkout, tested_dir, predictions, last_ten, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(checkout))
    args = ["--list", f"last={last_ten}", "--work-dir", tmp_path / "tested"]
    done = run_process("publish_model.py", "ferplus", MODERN, tested_dir, *args, cwd=checkout)
    assert done.returncode == 0, done.stderr
    folder = checkout / "lanmsff_plugins" / "weights"
    card = json.loads((folder / "lanmsff_ferplus.json").read_text())
    assert card["sha256"] == sha256((folder / "lanmsff_ferplus.safetensors").read_bytes()).hexdigest()
    published = load_file(folder / "lanmsff_ferplus.safetensors")
    for name, value in load_file(weights.weights_file("lanmsff_ferplus")).items():
        assert torch.equal(published[name], value)
    assert card["figures"]["test"]["accuracy"] == round(100 * predictions.accuracy, 2)
    assert card["temperature"] == best_temperature(Predictions.load(tmp_path / "tested" / "val.npz"))
    mirrored = Predictions.load(tested_dir / "test_mirror.npz")
    assert card["figures"]["test_with_mirror"]["macro_f1"] == round(summarize(mirrored)["macro_f1"], 2)
    assert card["figures"]["test"]["last"]["faces"] == 10 and card["recipe"]["seed"] == 7
    assert f"| {100 * predictions.accuracy:.2f} |" in (checkout / "docs" / "results.md").read_text()

    def refuses(*args) -> str:
        return refusal(run_process("publish_model.py", "ferplus", *args, cwd=checkout))

    assert "no checkpoint at nowhere" in refuses(MODERN, "nowhere")
    assert "what is published is a variant of LANMSFF" in refuses("mm_configs/resnet18_ferplus.py", tested_dir)
    (checkout / "tools" / "train.py").write_text("")
    assert "commit first 'M tools/train.py'" in refuses(MODERN, tested_dir)
    assert load_file(folder / "lanmsff_ferplus.safetensors").keys() == published.keys()
