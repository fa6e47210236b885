"""A trial that is done is not done again; many have a mean and a deviation."""
import json
import math

import pytest

from lanmsff_plugins.base.errors import ConfigError
from lanmsff_plugins.mm.engine.launch import load_config
from lanmsff_plugins.mm.engine.trials import mean_and_deviation, run_trial, write_json


def test_a_result_that_is_there_is_read_and_nothing_trained(tmp_path):
    write_json(tmp_path / "result.json", {"protocol": {"fold": 1}, "metrics": {"accuracy/top1": 70.}})
    cfg = load_config("lanmsff_kdef", str(tmp_path))
    assert run_trial(cfg, {"fold": 1}) == {"accuracy/top1": 70.}
    with pytest.raises(ConfigError, match="is of {'fold': 1}, not of {'fold': 2}; name another --work-dir"):
        run_trial(cfg, {"fold": 2})


def test_mean_and_deviation_are_those_of_statistics():
    mean, deviation = mean_and_deviation([{"a": 1., "b": 2.}, {"a": 3., "b": 2.}])
    assert mean == {"a": 2., "b": 2.} and deviation == {"a": pytest.approx(math.sqrt(2)), "b": 0.}
    assert math.isnan(mean_and_deviation([{"a": 1.}])[1]["a"])


def test_a_result_is_written_as_json(tmp_path):
    write_json(tmp_path / "x.json", {"a": [1, 2.5]})
    assert json.loads((tmp_path / "x.json").read_text()) == {"a": [1, 2.5]}
