"""What a class or a function takes by name, also through ``**kwargs``."""
import inspect

import pytest
from mmengine.dataset import DefaultSampler
from mmengine.hooks import EMAHook
from mmengine.optim import LinearLR
from mmpretrain.models import ImageClassifier, LinearClsHead
from torch import nn

from lanmsff_plugins.mm.data.datasets import FERPlus
from lanmsff_plugins.mm.engine.arguments import Arguments
from lanmsff_plugins.mm.engine.hooks import EarlyStoppingHook


class Base:
    def __init__(self, size, depth=1):
        pass


class Passes(Base):
    def __init__(self, name, **kwargs):
        super().__init__(**kwargs)


class PassesByName(Base):
    def __init__(self, *args, **options):
        Base.__init__(self, *args, **options)


class TakesOut(Base):
    def __init__(self, **kwargs):
        self.colour = kwargs.pop("colour", None)
        super().__init__(**kwargs)


class Keeps:
    def __init__(self, name, **kwargs):
        self.kwargs = kwargs


class Mixed(Passes, Keeps):
    pass


def function(a, *, b=2):
    pass


def calls(c, **kwargs):
    return function(**kwargs)


@pytest.mark.parametrize(("target", "names", "is_open"), [
    (Base, {"size", "depth"}, False), (Passes, {"name", "size", "depth"}, False),
    (PassesByName, {"size", "depth"}, False), (TakesOut, {"colour", "size", "depth"}, False),
    (Keeps, {"name"}, True), (Mixed, {"name", "size", "depth"}, False), (function, {"a", "b"}, False),
    (calls, {"a", "b", "c"}, False), (nn.Conv2d, set(inspect.signature(nn.Conv2d).parameters), False),
    (object, set(), False), (dict, set(), True)])
def test_names_are_found_along_the_bases_and_calls(target, names, is_open):
    found = Arguments.of(target)
    assert (found.names, found.open) == (names, is_open)


def test_defaults_come_along():
    none = inspect.Parameter.empty
    assert Arguments.of(Passes).defaults == {"name": none, "size": none, "depth": 1}


@pytest.mark.parametrize(("target", "some"), [
    (LinearLR, {"start_factor", "begin", "by_epoch"}), (DefaultSampler, {"shuffle", "seed"}),
    (EMAHook, {"ema_type", "begin_epoch"}), (EarlyStoppingHook, {"monitor", "patience"}),
    (ImageClassifier, {"backbone", "neck", "head"}), (LinearClsHead, {"num_classes", "loss", "topk"}),
    (FERPlus, {"mode", "exclude", "versions", "teacher", "split", "pipeline", "indices", "data_root"})])
def test_what_configs_build_is_understood(target, some):
    assert some <= Arguments.of(target).names


@pytest.mark.parametrize("target", [LinearLR, EarlyStoppingHook, LinearClsHead, FERPlus])
def test_these_take_nothing_else(target):
    assert not Arguments.of(target).open
