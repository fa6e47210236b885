"""A path gives what it names, or an error that says why not."""
import collections

import pytest

from lanmsff_plugins.base.imports import import_callable


@pytest.mark.parametrize("path", ["collections:OrderedDict", "collections.OrderedDict"])
def test_a_path_gives_what_it_names(path):
    assert import_callable(path) is collections.OrderedDict


@pytest.mark.parametrize(("path", "message"), [
    ("nowhere:Layer", r"nothing to import at 'nowhere:Layer' \(No module named 'nowhere'\); expected module:name"),
    ("collections:Nothing", r"nothing to import at 'collections:Nothing' \(.*Nothing.*\); expected module:name"),
    ("a b:c", "nothing to import at 'a b:c'"), ("collections.abc", "collections.abc is module, expected something"),
    ("sys:path", "sys:path is list, expected something that makes a torch.nn.Module")])
def test_a_path_to_nothing_that_can_be_called_is_refused(path, message):
    with pytest.raises(ValueError, match=message):
        import_callable(path)
