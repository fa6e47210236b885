"""A checkpoint loads under any of its names, or is refused in one line and leaves the model as it was."""
import argparse
import copy
import json

import pytest
import torch
from safetensors.torch import save_file
from timm.models import load_checkpoint
from timm.utils import ModelEmaV3
from torch import nn
from torch.optim.swa_utils import AveragedModel

from lanmsff_plugins import LANMSFF, weights
from lanmsff_plugins.base.errors import CheckpointError
from lanmsff_plugins.models.naming import to_mm
from lanmsff_plugins.weights.loading import load_weights

from ..versions import needs

NARROW = {"channels": (12, 12, 12, 12)}


@pytest.fixture
def trained() -> dict:
    torch.manual_seed(1)
    return LANMSFF(**NARROW).state_dict()


def loaded(path) -> dict:
    model = LANMSFF(**NARROW)
    load_weights(model, path)
    return model.state_dict()


def test_a_checkpoint_loads_under_any_of_its_names(trained, tmp_path):
    torch.save({"state_dict": to_mm(trained), "meta": {}}, tmp_path / "mm.pth")
    torch.save(trained, tmp_path / "ours.pth")
    save_file(trained, tmp_path / "ours.safetensors")
    for name in ("mm.pth", "ours.pth", "ours.safetensors"):
        torch.testing.assert_close(loaded(str(tmp_path / name)), trained, rtol=0, atol=0)


@pytest.mark.parametrize("prefix", [
    "module.", "_orig_mod.", "module._orig_mod.", "_orig_mod.module.", "model.", "backbone.", "timm_model.",
    "module.model.backbone."])
@pytest.mark.parametrize("key", [None, "state_dict", "model"])
def test_what_stood_around_the_network_is_taken_off(trained, tmp_path, prefix, key):
    wrapped = {prefix + name: value for name, value in trained.items()}
    torch.save(wrapped if key is None else {key: wrapped, "epoch": 3}, tmp_path / "x.pth")
    torch.testing.assert_close(loaded(tmp_path / "x.pth"), trained, rtol=0, atol=0)


@needs("torch", "2.6", "what timm's train.py writes")
def test_a_file_of_timm_s_train_script_gives_the_weights_that_timm_s_own_loader_gives(tmp_path):
    torch.manual_seed(0)
    model = LANMSFF(**NARROW)
    average = ModelEmaV3(model, decay=0.5)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(1)
    average.update(model)
    torch.save({"epoch": 1, "arch": "lanmsff", "state_dict": model.state_dict(), "version": 2, "metric": 50.,
                "args": argparse.Namespace(lr=0.1, sizes=[1, 2]), "state_dict_ema": average.module.state_dict(),
                "optimizer": torch.optim.AdamW(model.parameters()).state_dict()}, tmp_path / "last.pth.tar")
    other = LANMSFF(**NARROW)
    load_checkpoint(other, str(tmp_path / "last.pth.tar"))
    torch.testing.assert_close(loaded(tmp_path / "last.pth.tar"), other.state_dict(), rtol=0, atol=0)
    assert not torch.equal(other.head.fc.weight, model.head.fc.weight)


def test_an_average_of_torch_comes_first_and_its_counter_is_no_weight(trained, tmp_path):
    average = AveragedModel(LANMSFF(**NARROW))
    torch.save({"model": trained, "model_ema": average.state_dict()}, tmp_path / "x.pth")
    torch.testing.assert_close(loaded(tmp_path / "x.pth"), average.module.state_dict(), rtol=0, atol=0)


def test_mmengine_saves_its_average_as_the_state_dict_and_others_as_ema_state_dict(trained, tmp_path):
    other = {"module." + name: value for name, value in LANMSFF(**NARROW).state_dict().items()}
    content = {"state_dict": trained, "ema_state_dict": {**other, "steps": torch.tensor(3)}}
    torch.save({**content, "message_hub": {}, "meta": {}}, tmp_path / "mmengine.pth")
    torch.save(content, tmp_path / "stripped.pth")
    for name in ("mmengine.pth", "stripped.pth"):
        torch.testing.assert_close(loaded(tmp_path / name), trained, rtol=0, atol=0)


def test_a_folder_of_transformers_and_a_work_dir_are_checkpoints(trained, tmp_path):
    folder = tmp_path / "wrapper"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"architecture": "lanmsff", "model_type": "timm_wrapper"}))
    save_file({f"timm_model.{name}": value for name, value in trained.items()}, folder / "model.safetensors")
    work_dir = tmp_path / "work_dir"
    work_dir.mkdir()
    torch.save({"state_dict": to_mm(trained)}, work_dir / "best_accuracy_epoch_3.pth")
    for path in (folder, work_dir):
        torch.testing.assert_close(loaded(path), trained, rtol=0, atol=0)
    with pytest.raises(FileNotFoundError, match=r"no best_\*.pth in"):
        load_weights(LANMSFF(), tmp_path)


def test_packaged_weights_load_by_name():
    model = LANMSFF()
    load_weights(model, "lanmsff://lanmsff_ferplus")
    torch.testing.assert_close(model.state_dict(), weights.load("lanmsff_ferplus").state_dict(), rtol=0, atol=0)
    with pytest.raises(ValueError, match="unknown packaged weights 'lanmsff_ferpluss'; expected one of"):
        load_weights(model, "lanmsff://lanmsff_ferpluss")


@pytest.mark.parametrize(("name", "message"), [
    ("a list", "holds no weights: expected a state dict, got list"),
    ("a tensor", "holds no weights: expected a state dict, got Tensor"),
    ("nothing", "holds no weights: expected a state dict, got an empty one"),
    ("None", "holds no weights: expected dense tensors by name, got NoneType as 'state_dict'"),
    ("a number for a name", "holds no weights: expected dense tensors by name, got Tensor as 1"),
    ("a string for a weight", "holds no weights: expected dense tensors by name, got str as 'head.fc.bias'"),
    ("a sparse weight", "holds no weights: expected dense tensors by name, got Tensor as 'head.fc.weight'"),
    ("no values", "holds no weights: expected dense tensors by name, got Tensor as 'head.fc.bias'"),
    ("NaN", r"holds values that are not finite \(NaN or infinite\), in blocks.1.conv.norm.running_var"),
    ("infinite", r"holds values that are not finite \(NaN or infinite\), in head.fc.bias"),
    ("integers", "does not fit the model: head.fc.bias is torch.float32 there, torch.int8 in the file"),
    ("one less", r"does not fit the model: head.fc.bias is \[8\] there, missing in the file"),
    ("one more", "does not fit the model: the file also holds extra, which the model does not have"),
    ("other classes", r"head.fc.weight is \[8, 24\] there, \[7, 24\] in the file; name a model with the same layers"),
    ("another network", "it is of another network, with weights such as 'conv1.weight'"),
    ("a transformer", "it is of another network, with weights such as 'cls_token'"),
    ("folded", "norm.weight is .* missing in the file"),
    ("code", r"is refused and ran nothing: it asks for lanmsff_plugins[\w.]*LANMSFF, which is more than weights"),
    ("text", r"is damaged, or is no checkpoint \(")])
def test_what_is_no_weights_of_the_model_is_refused_in_one_line(trained, tmp_path, name, message):
    bias = trained["head.fc.bias"]
    content = {
        "a list": [1], "a tensor": torch.rand(3), "nothing": {}, "None": {"state_dict": None, "meta": {}},
        "a number for a name": {**trained, 1: bias},
        "a string for a weight": {"model": {**trained, "head.fc.bias": "x"}},
        "a sparse weight": {**trained, "head.fc.weight": trained["head.fc.weight"].to_sparse()},
        "no values": {**trained, "head.fc.bias": bias.to("meta")},
        "NaN": {**trained, "blocks.1.conv.norm.running_var": torch.full((12,), torch.nan)},
        "infinite": {"state_dict": to_mm({**trained, "head.fc.bias": bias - torch.inf})},
        "integers": {**trained, "head.fc.bias": bias.to(torch.int8)},
        "one less": {key: value for key, value in trained.items() if key != "head.fc.bias"},
        "one more": {**trained, "extra": bias}, "other classes": LANMSFF(num_classes=7, **NARROW).state_dict(),
        "another network": nn.ModuleDict({"conv1": nn.Conv2d(1, 2, 3)}).state_dict(),
        "a transformer": {"cls_token": bias, "blocks.0.attn.qkv.weight": bias},
        "folded": LANMSFF(**NARROW).fuse().state_dict(), "code": {"state_dict": LANMSFF},
    }.get(name)
    path = tmp_path / "x.pth"
    path.write_text("no checkpoint") if name == "text" else torch.save(content, path)
    model = LANMSFF(**NARROW)
    before = copy.deepcopy(model.state_dict())
    with pytest.raises(CheckpointError, match=f"x.pth .*{message}") as refused:
        load_weights(model, path)
    assert "\n" not in str(refused.value)
    torch.testing.assert_close(model.state_dict(), before, rtol=0, atol=0)


def test_a_missing_file_is_named():
    with pytest.raises(FileNotFoundError, match="no checkpoint at nowhere.pth"):
        load_weights(LANMSFF(), "nowhere.pth")


def test_counts_of_batches_may_be_missing_as_in_old_files(trained, tmp_path):
    torch.save({key: value for key, value in trained.items() if not key.endswith("num_batches_tracked")},
               tmp_path / "old.pth")
    torch.testing.assert_close(loaded(tmp_path / "old.pth"), trained, rtol=0, atol=0)
