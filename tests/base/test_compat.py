"""Versions are compared as numbers; whatever torch is installed, no archive that it would run is loaded."""
import io
import os
import tarfile
from importlib import metadata

import pytest
import torch

from lanmsff_plugins.base import compat


@pytest.fixture
def installed(monkeypatch):
    """A function that pretends that a version of a package is installed."""
    def pretend(text: str) -> None:
        monkeypatch.setattr(metadata, "version", lambda package: text)
        compat.version.cache_clear()

    yield pretend
    compat.version.cache_clear()


@pytest.mark.parametrize(("text", "release"), [
    ("2.6.0", (2, 6, 0)), ("2.10.0+cu128", (2, 10, 0)), ("2.6.0a0+git1a2b", (2, 6, 0)), ("1.0.3.dev0", (1, 0, 3))])
def test_the_release_is_what_comes_before_any_suffix(installed, text, release):
    installed(text)
    assert compat.version("package") == release


def test_a_version_that_is_too_old_is_refused_by_name(installed):
    installed("1.0.15")
    compat.require("timm", "1.0.3", "The network", "upgrade")
    with pytest.raises(ImportError, match=r"^Muon needs timm 1\.0\.21, got 1\.0\.15; take AdamW$"):
        compat.require("timm", "1.0.21", "Muon", "take AdamW")


def test_ten_is_newer_than_nine(installed):
    installed("2.10.0")
    compat.require("torch", "2.9", "This", "upgrade")
    assert compat.has_safe_globals()


@pytest.fixture
def tar(tmp_path):
    """A tar archive, which torch before 2.6 reads without ``weights_only``."""
    path = tmp_path / "old.pth"
    with tarfile.open(path, "w") as archive:
        archive.addfile(tarfile.TarInfo("storages"), io.BytesIO())
    return path


@pytest.fixture
def script(tmp_path):
    torch.jit.script(torch.nn.ReLU()).save(str(tmp_path / "script.pth"))
    return tmp_path / "script.pth"


@pytest.mark.parametrize("archive", ["tar", "script"])
@pytest.mark.parametrize("release", [None, "2.5.1"])
def test_archives_that_weights_only_does_not_cover_are_refused(request, installed, archive, release):
    path = request.getfixturevalue(archive)
    if release:
        installed(release)
    with pytest.raises((ValueError, RuntimeError), match=r"weights_only|safe_globals|\.tar"):
        compat.load_plain(path)


@pytest.mark.parametrize("old_format", [False, True])
@pytest.mark.parametrize("release", [None, "2.5.1"])
def test_tensors_load_with_any_torch(installed, tmp_path, old_format, release):
    torch.save({"weight": torch.arange(3.)}, tmp_path / "x.pth", _use_new_zipfile_serialization=not old_format)
    if release:
        installed(release)
    assert torch.equal(compat.load_plain(tmp_path / "x.pth")["weight"], torch.arange(3.))


def test_others_load_by_weights_only_while_asked_to(installed, monkeypatch):
    monkeypatch.delenv("TORCH_FORCE_WEIGHTS_ONLY_LOAD", raising=False)
    installed("2.5.1")
    with compat.plain_loads():
        assert os.environ["TORCH_FORCE_WEIGHTS_ONLY_LOAD"] == "1"
    assert "TORCH_FORCE_WEIGHTS_ONLY_LOAD" not in os.environ
