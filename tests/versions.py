"""Marks for tests of what other packages, missing or older, cannot do; the reason stands in the report."""
from importlib.util import find_spec

import pytest

from lanmsff_plugins.base import compat


def needs(package: str, oldest: str, what: str) -> pytest.MarkDecorator:
    """Leave a test out where an installed package is older.

    Args:
        package: Its name.
        oldest: The first release that can do it, as '2.6'.
        what: What that is.
    """
    try:
        compat.require(package, oldest, what, "")
    except ImportError as error:
        return pytest.mark.skip(reason=str(error).rstrip("; "))
    return pytest.mark.skipif(False, reason="")


small_resnet = needs("timm", "1.0.10", "test_resnet")

local_dir = needs("timm", "1.0.26", "safetensors by local-dir:")
"""For folders for the hub as well, which are loaded once before they are left there."""

nncf = pytest.mark.skipif(find_spec("nncf") is None, reason="NNCF is not installed")
"""Without importing it, for that would tell its makers of the tests."""
