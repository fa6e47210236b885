"""What a checkpoint may hold, and what becomes of those that hold more."""
import os
import pickle

import numpy as np
import pytest
import torch
from mmengine.logging import HistoryBuffer
from mmengine.registry import init_default_scope
from mmengine.runner import CheckpointLoader
from safetensors.torch import save_file

from lanmsff_plugins import LANMSFF
from lanmsff_plugins.base import compat
from lanmsff_plugins.base.errors import CheckpointError
from lanmsff_plugins.mm.engine.checkpoint import check_parts, plain, read_checkpoint, read_start
from lanmsff_plugins.models.naming import to_mm

from ...versions import needs
from ..runs import CHANNELS, call_command, finish, load, tiny

more_than_weights = needs("torch", "2.6", "permitting more than weights for one file")
FOREIGN = pytest.param("foreign://", marks=more_than_weights)


class Call:
    """Pickles as a call of anything."""

    def __init__(self, function, *args):
        self.call = function, args

    def __reduce__(self):
        return self.call


@pytest.fixture
def foreign(tmp_path):
    """What MMEngine's own hook leaves: buffers, and NumPy's values."""
    path = tmp_path / "foreign.pth"
    torch.save({
        "state_dict": {"weight": torch.arange(3.)},
        "meta": {"accuracy": np.float64(0.5), "epoch": np.int64(3), "names": np.array(["a", "b"])},
        "message_hub": {"log_scalars": {"train/loss": HistoryBuffer([3., 2., 1.], [1, 1, 1])}}}, path)
    return path


def test_plain_values_are_plain_at_any_depth():
    made = plain({"a": [np.float32(1.5), (np.int64(2), {np.str_("b")})], "c": np.arange(2)})
    assert made == {"a": [1.5, (2, {"b"})], "c": [0, 1]}
    assert type(made["a"][0]) is float and type(made["a"][1][0]) is int
    with pytest.raises(TypeError, match="plain values only, got object"):
        plain([object()])


@more_than_weights
@pytest.mark.parametrize("prefix", ["", "foreign://"])
def test_what_mmengine_writes_by_itself_loads_wherever_mmengine_loads_a_file(foreign, prefix):
    checkpoint = CheckpointLoader.load_checkpoint(f"{prefix}{foreign}", "cpu", logger=None)
    assert torch.equal(checkpoint["state_dict"]["weight"], torch.arange(3.))
    buffer = checkpoint["message_hub"]["log_scalars"]["train/loss"]
    assert isinstance(buffer, HistoryBuffer) and buffer.mean() == 2 and buffer.current() == 1
    assert checkpoint["meta"]["accuracy"] == 0.5 and checkpoint["meta"]["names"].tolist() == ["a", "b"]
    with pytest.raises(pickle.UnpicklingError):  # the door is closed again
        torch.load(foreign, weights_only=True)


@pytest.mark.parametrize(("path", "backend"), [
    pytest.param("{}", "local", marks=more_than_weights),
    pytest.param("foreign://{}", "local", marks=more_than_weights),
    ("lanmsff://lanmsff_ferplus", "packaged")])
def test_mmengines_log_names_where_a_checkpoint_is_from(foreign, path, backend, capsys):
    CheckpointLoader.load_checkpoint(path.format(foreign), "cpu", logger=None)
    assert capsys.readouterr().out.startswith(f"Loads checkpoint by {backend} backend from path: ")


@pytest.mark.parametrize("prefix", ["", FOREIGN])
@pytest.mark.parametrize("old_format", [False, True])
@pytest.mark.parametrize(("call", "name"), [
    (lambda mark: Call(os.system, f"touch {mark}"), "posix.system"),
    (lambda mark: Call(eval, f"open({str(mark)!r}, 'w')"), "eval"),
    (lambda mark: Call(exec, f"open({str(mark)!r}, 'w')"), "exec"),
    (lambda mark: Call(getattr, HistoryBuffer, "__init__"), "getattr"),
    (lambda mark: Call(getattr, HistoryBuffer, "register_statistics"), "getattr")])
def test_a_hostile_checkpoint_is_refused_by_name_and_runs_nothing(tmp_path, call, name, prefix, old_format):
    path, mark = tmp_path / "hostile.pth", tmp_path / "ran"
    torch.save({"state_dict": call(mark)}, path, _use_new_zipfile_serialization=not old_format)
    with pytest.raises(CheckpointError) as refused:
        read_checkpoint(f"{prefix}{path}")
    assert name in str(refused.value) and str(path) in str(refused.value)
    assert "\n" not in str(refused.value)
    assert not mark.exists()


def test_before_torch_2_6_foreign_checkpoints_are_refused_by_name(foreign, monkeypatch):
    monkeypatch.setattr(compat, "has_safe_globals", lambda: False)
    with pytest.raises(CheckpointError, match=r"^foreign://.*foreign\.pth needs torch 2\.6 or newer, which can permit"):
        read_checkpoint(f"foreign://{foreign}")
    with pytest.raises(CheckpointError, match="asks for .*; if timm's train.py or MMEngine wrote it, load it with tor"):
        read_checkpoint(foreign)


def test_the_hostile_checkpoint_would_run_if_it_were_let(tmp_path):
    mark = tmp_path / "ran"
    torch.save(Call(os.system, f"touch {mark}"), tmp_path / "hostile.pth")
    torch.load(tmp_path / "hostile.pth", weights_only=False)
    assert mark.exists()


@pytest.mark.parametrize("prefix", ["", FOREIGN])
@pytest.mark.parametrize("share", [0, 0.01, 0.5, 0.99])
@pytest.mark.parametrize("old_format", [False, True])
def test_a_truncated_checkpoint_is_refused_in_one_line(tmp_path, prefix, share, old_format):
    path = tmp_path / "cut.pth"
    torch.save({"state_dict": {"weight": torch.rand(1000)}}, path, _use_new_zipfile_serialization=not old_format)
    path.write_bytes(path.read_bytes()[:int(share * path.stat().st_size)])
    with pytest.raises(CheckpointError, match=r"cut.pth is damaged, or is no checkpoint \(.+\)$") as refused:
        read_checkpoint(f"{prefix}{path}")
    assert "\n" not in str(refused.value)


def test_a_missing_checkpoint_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="no checkpoint at .*none.pth; `lanmsff train` writes them"):
        read_checkpoint(tmp_path / "none.pth")


@pytest.fixture
def cfg(drawn_faces, tmp_path):
    init_default_scope("mmpretrain")
    return tiny(drawn_faces, tmp_path / "run")


def network(classes: int = 8) -> LANMSFF:
    torch.manual_seed(1)
    return LANMSFF(channels=CHANNELS, num_classes=classes)


def started(cfg, content, tmp_path, **more) -> dict | None:
    torch.save(content, tmp_path / "x.pth")
    cfg.merge_from_dict({"load_from": str(tmp_path / "x.pth"), **more})
    return read_start(cfg)


@pytest.mark.parametrize("kind", ["ours", "MMPretrain's", "wrapped", "averaged"])
def test_a_training_starts_from_weights_under_any_of_their_names(cfg, tmp_path, kind):
    weights = network().state_dict()
    content = {"ours": weights, "MMPretrain's": {"state_dict": to_mm(weights)},
               "wrapped": {"state_dict": {f"module.{key}": value for key, value in to_mm(weights).items()}},
               "averaged": {"state_dict": network().state_dict(), "state_dict_ema": weights}}[kind]
    torch.testing.assert_close(started(cfg, content, tmp_path)["state_dict"], to_mm(weights), rtol=0, atol=0)


@pytest.mark.parametrize(("content", "message"), [
    (lambda: network(7).state_dict(), r"head.fc.weight is \[8, 24\] there, \[7, 24\] in the file; name the config"),
    (lambda: LANMSFF().state_dict(), r"x.pth does not fit the model: backbone.blocks.0.conv1.conv.weight is \[12, 1"),
    (lambda: {"state_dict": {}}, "x.pth holds no weights: expected a state dict, got an empty one"),
    (lambda: {"conv1.weight": torch.rand(3)}, "it is of another network, with weights such as 'conv1.weight'"),
    (lambda: {**network().state_dict(), "head.fc.bias": torch.full((8,), torch.inf)}, "not finite .* in head.fc.bias")])
def test_a_training_does_not_start_from_what_does_not_fit(cfg, tmp_path, content, message):
    with pytest.raises(CheckpointError, match=message):
        started(cfg, content(), tmp_path)


@pytest.mark.parametrize(("change", "message"), [
    (lambda content: content.pop("meta"), "x.pth holds no training to resume"),
    (lambda content: content["meta"].pop("iter"), "x.pth holds no training to resume"),
    (lambda content: content.pop("message_hub"), "x.pth holds no training to resume"),
    (lambda content: content["optimizer"].update(param_groups=[]), "the state of another optimizer than Adam"),
    (lambda content: content["optimizer"]["param_groups"][0].pop("betas"), "the state of another optimizer than Adam"),
    (lambda content: None, None)])
def test_only_a_training_is_resumed_and_by_its_own_optimizer(cfg, tmp_path, change, message):
    model = network()
    content = {"state_dict": to_mm(model.state_dict()), "meta": {"epoch": 1, "iter": 4}, "message_hub": {},
               "optimizer": torch.optim.Adam(model.parameters()).state_dict()}
    change(content)
    if message is None:
        assert started(cfg, content, tmp_path, resume=True)["meta"] == content["meta"]
    else:
        with pytest.raises(CheckpointError, match=message):
            started(cfg, content, tmp_path, resume=True)


def test_a_part_starts_from_a_part_and_is_checked_as_well(cfg, tmp_path):
    """How a network is trained on with other classes: everything but the head."""
    torch.save({"state_dict": to_mm(network(7).state_dict())}, tmp_path / "seven.pth")

    def start_from(path, prefix):
        cfg.model.backbone.init_cfg = dict(type="Pretrained", checkpoint=str(path), prefix=prefix)
        check_parts(cfg)

    start_from(tmp_path / "seven.pth", "backbone.")
    with pytest.raises(CheckpointError, match="does not fit backbone, .*: it has no weights of that name; prefix='b"):
        start_from(tmp_path / "seven.pth", "back.")
    with pytest.raises(CheckpointError, match=r"does not fit backbone, .*: blocks.0.conv1.conv.bias is \[12\] the"):
        start_from("lanmsff://lanmsff_ferplus", "backbone.")


def test_what_was_checked_is_what_is_trained_the_average_too(drawn_faces, tmp_path):
    weights = network().state_dict()
    save_file(weights, tmp_path / "x.safetensors")
    cfg = tiny(drawn_faces, tmp_path / "run", "lanmsff_ferplus_modern.py", train_cfg__max_epochs=1,
               load_from=str(tmp_path / "x.safetensors"), param_scheduler=[],  # whose cosine ends above 0
               optim_wrapper__optimizer=dict(_delete_=True, type="SGD", lr=0., weight_decay=0.))
    assert finish(cfg) == 0
    content = load(tmp_path / "run" / "epoch_1.pth")
    for name, value in to_mm({name: weights[name] for name, _ in network().named_parameters()}).items():
        torch.testing.assert_close(content["state_dict"][name], value, rtol=0, atol=1e-6)
        assert torch.equal(content["ema_state_dict"][f"module.{name}"], value)


def test_a_start_that_is_refused_leaves_nothing_behind(drawn_faces, tmp_path):
    torch.save(network(7).state_dict(), tmp_path / "x.pth")
    done = call_command("train", "mm_configs/lanmsff_ferplus.py", "--work-dir", tmp_path / "run", "--cfg-options",
                        f"load_from={tmp_path / 'x.pth'}", f"train_dataloader.dataset.data_root={drawn_faces}")
    line, = done.stderr.splitlines()
    assert done.returncode == 2 and line.startswith("error: ") and not (tmp_path / "run").exists()
