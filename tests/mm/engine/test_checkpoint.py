"""What a checkpoint may hold, and what becomes of those that hold more."""
import os
import pickle

import numpy as np
import pytest
import torch
from mmengine.logging import HistoryBuffer
from mmengine.runner import CheckpointLoader

from lanmsff_plugins.base.errors import CheckpointError
from lanmsff_plugins.mm.engine.checkpoint import plain, read_checkpoint


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
    ("{}", "local"), ("foreign://{}", "local"), ("lanmsff://lanmsff_ferplus", "packaged")])
def test_mmengines_log_names_where_a_checkpoint_is_from(foreign, path, backend, capsys):
    CheckpointLoader.load_checkpoint(path.format(foreign), "cpu", logger=None)
    assert capsys.readouterr().out.startswith(f"Loads checkpoint by {backend} backend from path: ")


@pytest.mark.parametrize("prefix", ["", "foreign://"])
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


def test_the_hostile_checkpoint_would_run_if_it_were_let(tmp_path):
    mark = tmp_path / "ran"
    torch.save(Call(os.system, f"touch {mark}"), tmp_path / "hostile.pth")
    torch.load(tmp_path / "hostile.pth", weights_only=False)
    assert mark.exists()


@pytest.mark.parametrize("prefix", ["", "foreign://"])
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
