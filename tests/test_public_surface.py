"""What is public stands in tests/fixtures/public_surface.txt, so that nothing enters or leaves it unseen.

After a change that is meant: python -m tests.test_public_surface
"""
import argparse
import importlib
import inspect
from pathlib import Path
from types import GenericAlias

import pytest

PAGE = Path(__file__).parent / "fixtures" / "public_surface.txt"
MODULES = (
    "lanmsff_plugins", "lanmsff_plugins.layers", "lanmsff_plugins.layers.catalog", "lanmsff_plugins.models",
    "lanmsff_plugins.models.naming", "lanmsff_plugins.models.keras", "lanmsff_plugins.hosts", "lanmsff_plugins.data",
    "lanmsff_plugins.data.catalog", "lanmsff_plugins.data.datasets", "lanmsff_plugins.data.synthetic",
    "lanmsff_plugins.pictures", "lanmsff_plugins.scores", "lanmsff_plugins.weights", "lanmsff_plugins.weights.loading",
    "lanmsff_plugins.inference.preprocess", "lanmsff_plugins.inference.crops", "lanmsff_plugins.inference.detect",
    "lanmsff_plugins.inference.predictor", "lanmsff_plugins.faces", "lanmsff_plugins.export", "timm_registry")


def surface() -> str:
    """Names of modules with their arguments, names in MMEngine's registries, commands with their options."""
    lines = []
    for module in map(importlib.import_module, MODULES):
        for name in sorted(module.__all__):
            value = getattr(module, name)
            plain = (not callable(value) or isinstance(value, GenericAlias)
                     or inspect.isclass(value) and issubclass(value, Exception))
            arguments = "" if plain else f"({', '.join(inspect.signature(value).parameters)})"
            lines.append(f"{module.__name__}.{name}{arguments}")
    registry = importlib.import_module("lanmsff_plugins.registry")
    importlib.import_module("lanmsff_plugins.mm")
    for scope in sorted(set(registry.__all__) - {"register"}):
        lines += [f"{scope}: lanmsff_plugins.{name}" for name in sorted(getattr(registry, scope).module_dict)]
    for command in importlib.import_module("lanmsff_plugins.cli.main").COMMANDS:
        parser = argparse.ArgumentParser(add_help=False)
        importlib.import_module(f"lanmsff_plugins.cli.{command.replace('-', '_')}").add_arguments(parser)
        names = [action.option_strings[0] if action.option_strings else action.dest.upper()
                 for action in parser._actions if action.help != argparse.SUPPRESS]
        lines.append(f"lanmsff {command} {' '.join(names)}")
    return "\n".join(lines) + "\n"


def test_the_public_surface_is_the_one_that_was_agreed_on():
    pytest.importorskip("mmpretrain")
    assert surface() == PAGE.read_text()


if __name__ == "__main__":
    PAGE.write_text(surface())
