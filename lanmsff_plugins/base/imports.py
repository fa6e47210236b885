"""From what a user writes to a class or function: ``import_callable("timm.layers:SEModule")``."""
import inspect
import pkgutil
from collections.abc import Callable

from .errors import one_line

__all__ = ["import_callable"]


def import_callable(path: str) -> Callable:
    """The class or function at 'module:name' or 'module.name'.

    Raises:
        ValueError: if nothing can be imported there, or it cannot be called.
    """
    try:
        found = pkgutil.resolve_name(path)
    except (ValueError, ImportError, AttributeError) as error:
        raise ValueError(f"nothing to import at {path!r} ({one_line(error)}); expected module:name") from None
    if not callable(found) or inspect.ismodule(found):
        raise ValueError(f"{path} is {type(found).__name__}, expected something that makes a torch.nn.Module")
    return found
