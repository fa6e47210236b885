"""The package's configs are listed, and written as files that stand alone and say the same."""
import pytest

pytest.importorskip("mmpretrain")

from mmengine.config import Config  # noqa: E402

from lanmsff_plugins.mm.engine.configs import config_names, read_config  # noqa: E402

from .command import runner  # noqa: E402


@pytest.fixture
def run(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return runner("config", capsys)


def test_without_a_name_all_are_listed_with_what_they_are(run):
    status, out, _ = run()
    assert status == 0 and [line.split()[0] for line in out.splitlines()] == config_names()
    assert "The authors' recipe on FERPlus" in out


@pytest.mark.parametrize("name", ["lanmsff_ferplus", "lanmsff_fer2013_distilled", "plugins/resnet18_mass_att_ferplus"])
def test_a_config_that_was_written_stands_alone_says_the_same_and_keeps_the_comments(run, tmp_path, name):
    status, out, _ = run(name)
    path = tmp_path / f"{name.rpartition('/')[2]}.py"
    assert status == 0 and out == f"{path.name}: edit it, then `lanmsff train {path.name}`\n"
    assert Config.fromfile(path).to_dict() == read_config(name).to_dict()
    text = path.read_text()
    assert "_base_" not in text.replace("# _base_", "") and "# FER-2013 as the authors trained on it" in text


def test_a_file_that_is_there_is_left_alone(run, tmp_path):
    (tmp_path / "mine.py").write_text("mine")
    status, _, err = run("lanmsff_ferplus", "--out", "mine.py")
    assert status == 2 and err == "error: mine.py exists; name another file by --out\n"
    assert (tmp_path / "mine.py").read_text() == "mine"


def test_an_unknown_name_is_answered_with_the_nearest(run):
    status, _, err = run("lanmsff_ferpluss")
    assert status == 2 and "did you mean lanmsff_ferplus" in err and err.count("\n") == 1
