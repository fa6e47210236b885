"""A checkpoint loads under any of its names, or is refused in one line."""
import pytest
import torch
from safetensors.torch import save_file

from lanmsff_plugins import LANMSFF
from lanmsff_plugins.models.naming import to_mm
from lanmsff_plugins.weights.loading import load_weights


def test_a_checkpoint_loads_under_any_of_its_names(tmp_path):
    weights = LANMSFF().state_dict()
    torch.save({"state_dict": to_mm(weights), "meta": {}}, tmp_path / "mm.pth")
    torch.save(weights, tmp_path / "ours.pth")
    save_file(weights, tmp_path / "ours.safetensors")
    for name in ("mm.pth", "ours.pth", "ours.safetensors"):
        model = LANMSFF()
        load_weights(model, str(tmp_path / name))
        torch.testing.assert_close(model.state_dict(), weights, rtol=0, atol=0)


def test_a_checkpoint_that_would_run_code_or_does_not_fit_is_refused(tmp_path):
    torch.save({"state_dict": LANMSFF}, tmp_path / "code.pth")
    torch.save(LANMSFF(num_classes=7).state_dict(), tmp_path / "seven.pth")
    torch.save(LANMSFF().fuse().state_dict(), tmp_path / "fused.pth")
    for name, message in (("code", "cannot be read as a checkpoint"), ("seven", r"head.fc.weight is \[8, 156\] there"),
                          ("fused", "norm.weight is .* missing in the file")):
        with pytest.raises(ValueError, match=f"{name}.pth .*{message}"):
            load_weights(LANMSFF(), str(tmp_path / f"{name}.pth"))
    with pytest.raises(FileNotFoundError, match="no checkpoint at nowhere.pth"):
        load_weights(LANMSFF(), "nowhere.pth")
