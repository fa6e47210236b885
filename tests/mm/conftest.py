"""OpenMMLab may be missing where only the core is installed; then these tests have nothing to test."""
import pytest

pytest.importorskip("mmpretrain")
