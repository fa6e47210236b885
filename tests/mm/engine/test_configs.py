"""Configs are found by name or path, and one that was written stands alone."""
import pytest
from mmengine.config import Config

from lanmsff_plugins.base.errors import ConfigError
from lanmsff_plugins.mm.engine.configs import FOLDER, config_names, find_config, read_config, standalone

from ..openmmlab import OF_OTHERS


def test_every_leaf_config_has_a_name():
    assert {"lanmsff_ferplus", "lanmsff_kdef", "plugins/resnet18_mass_att_ferplus"} <= set(config_names())
    assert not [name for name in config_names() if name.startswith(("_base_", "ablation"))]


def test_a_path_comes_before_a_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("lanmsff_ferplus", "lanmsff_ferplus.py"):
        assert find_config(name) == FOLDER / "lanmsff_ferplus.py"
    (tmp_path / "lanmsff_ferplus").write_text("a = 1\n")
    assert find_config("lanmsff_ferplus").read_text() == "a = 1\n"


@pytest.mark.parametrize("name", ["lanmsff_ferpluss", "lanmsff_ferpluss.py", "configs/lanmsff_ferpluss.py"])
def test_a_config_that_there_is_not_is_answered_with_the_nearest(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileNotFoundError, match=f"^no config at {name}; unknown config .*lanmsff_ferplus"):
        read_config(name)


@pytest.mark.parametrize("content", ["a = (", "_base_ = 'nowhere.py'", "raise OSError('no')"])
def test_a_file_that_is_no_config_is_refused_in_one_line(content, tmp_path):
    path = tmp_path / "bad.py"
    path.write_text(content)
    with pytest.raises(ConfigError, match=f"^{path} cannot be read as a config: .") as caught:
        read_config(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", [name for name in config_names() if name not in OF_OTHERS])
def test_a_standalone_config_says_the_same(name, tmp_path):
    path = tmp_path / "alone.py"
    path.write_text(standalone(name))
    assert Config.fromfile(path).to_dict() == read_config(name).to_dict()


def test_a_comment_stands_above_the_setting_that_it_is_about():
    lines = standalone("lanmsff_ferplus").splitlines()
    assert lines[0].startswith("# ")
    comment = next(i for i, line in enumerate(lines) if "for the inferencer, which reads files as BGR" in line)
    assert next(line for line in lines[comment:] if not line.startswith("#")).startswith("test_pipeline")
