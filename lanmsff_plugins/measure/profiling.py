"""Which of PyTorch's operators take the time.

    print(operator_table(call, threads=2))
"""
from collections.abc import Callable

import torch

from ..base.tables import aligned

__all__ = ["operator_table"]

_CALLS = 5


def operator_table(call: Callable[[], object], threads: int, most: int = 12) -> str:
    """A table of the operators that take the most time, each by the shapes of its inputs.

    Args:
        call: What to run.
        threads: Number of PyTorch's threads.
        most: Number of rows.
    """
    torch.set_num_threads(threads)
    call()
    with torch.profiler.profile(record_shapes=True) as profiler:
        for _ in range(_CALLS):
            call()
    operators = sorted(profiler.key_averages(group_by_input_shape=True), key=lambda op: -op.self_cpu_time_total)
    everything = sum(op.self_cpu_time_total for op in operators)
    rows = [[op.key[:40], " ".join("x".join(map(str, shape)) for shape in op.input_shapes if shape), op.count // _CALLS,
             f"{op.self_cpu_time_total / _CALLS / 1e3:.2f}", f"{op.self_cpu_time_total / everything:.2f}"]
            for op in operators[:most]]
    return aligned(["operator", "inputs", "calls", "ms", "share"], rows)
