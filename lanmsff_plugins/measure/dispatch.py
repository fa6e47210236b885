"""How many operators PyTorch runs one by one: on a GPU, each costs a start, however small it is.

    print(sum(count_operators(optimizer.step).values()))
"""
from collections import Counter
from collections.abc import Callable

from torch.utils._python_dispatch import TorchDispatchMode

__all__ = ["count_operators"]


def count_operators(call: Callable[[], object]) -> Counter[str]:
    """The operators that a call runs in PyTorch's dispatcher, the backward pass included, and how often.

    Views are left out, which only describe a tensor anew, and the profiler's marks. An operator on a list of tensors
    (``_foreach_``) is one.
    """
    with _Count() as mode:
        call()
    return mode.found


class _Count(TorchDispatchMode):
    def __init__(self):
        super().__init__()
        self.found: Counter[str] = Counter()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        returns = func._schema.returns
        is_view = any(each.alias_info is not None and not each.alias_info.is_write for each in returns)
        if not is_view and func.namespace != "profiler":
            self.found[str(func)] += 1
        return func(*args, **(kwargs or {}))
