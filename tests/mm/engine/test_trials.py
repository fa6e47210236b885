"""A trial that is done is not done again; many have a mean and a deviation."""
import json
import math
import multiprocessing

import pytest

from lanmsff_plugins.base.errors import ConfigError
from lanmsff_plugins.base.locks import FolderInUseError, folder_lock
from lanmsff_plugins.mm.engine.launch import load_config
from lanmsff_plugins.mm.engine.trials import mean_and_deviation, run_trial, write_json


def test_a_result_that_is_there_is_read_and_nothing_trained(tmp_path):
    write_json(tmp_path / "result.json", {"protocol": {"fold": 1}, "metrics": {"accuracy/top1": 70.}})
    cfg = load_config("lanmsff_kdef", str(tmp_path))
    assert run_trial(cfg, {"fold": 1}) == {"accuracy/top1": 70.}
    with pytest.raises(ConfigError, match="is of {'fold': 1}, not of {'fold': 2}; name another --work-dir"):
        run_trial(cfg, {"fold": 2})


def test_a_cut_training_is_not_resumed_under_another_protocol(tmp_path):
    write_json(tmp_path / "protocol.json", {"fold": 1})
    (tmp_path / "epoch_1.pth").touch()
    with pytest.raises(ConfigError, match="protocol.json is of {'fold': 1}, not of {'fold': 2}; name another"):
        run_trial(load_config("lanmsff_kdef", str(tmp_path)), {"fold": 2})


def test_a_training_that_was_cut_before_its_first_checkpoint_may_start_anew_under_another(tmp_path):
    write_json(tmp_path / "protocol.json", {"fold": 1})
    cfg = load_config("lanmsff_kdef", str(tmp_path), {"train_dataloader.dataset.data_root": "nowhere"})
    with pytest.raises(FileNotFoundError, match="nowhere"):
        run_trial(cfg, {"fold": 2})
    assert json.loads((tmp_path / "protocol.json").read_text()) == {"fold": 2}


def test_a_training_that_runs_keeps_its_protocol(tmp_path):
    def other(found):
        try:
            run_trial(load_config("lanmsff_kdef", str(tmp_path)), {"fold": 2})
        except FolderInUseError as error:
            found.put(str(error))

    write_json(tmp_path / "protocol.json", {"fold": 1})
    context = multiprocessing.get_context("fork")
    found = context.Queue()
    with folder_lock(tmp_path):
        process = context.Process(target=other, args=(found,))
        process.start()
        assert found.get(timeout=60).startswith("a training is running in")
        process.join()
    assert json.loads((tmp_path / "protocol.json").read_text()) == {"fold": 1}


def test_a_metric_is_averaged_over_the_results_that_have_it():
    mean, deviation = mean_and_deviation([{"a": 1., "b": 2.}, {"a": 3., "c": 5.}, {"a": 5., "b": 4., "c": 7.}])
    assert list(mean) == list(deviation) == ["a", "b", "c"]
    assert mean == {"a": 3., "b": 3., "c": 6.}
    assert deviation["c"] == pytest.approx(math.sqrt(2))


def test_mean_and_deviation_are_those_of_statistics():
    mean, deviation = mean_and_deviation([{"a": 1., "b": 2.}, {"a": 3., "b": 2.}])
    assert mean == {"a": 2., "b": 2.} and deviation == {"a": pytest.approx(math.sqrt(2)), "b": 0.}
    assert math.isnan(mean_and_deviation([{"a": 1.}])[1]["a"])


def test_a_result_is_written_as_json(tmp_path):
    write_json(tmp_path / "x.json", {"a": [1, 2.5]})
    assert json.loads((tmp_path / "x.json").read_text()) == {"a": [1, 2.5]}
