"""The table names the operators that take the time."""
import torch

from lanmsff_plugins.measure.profiling import operator_table


def test_the_operator_that_does_the_work_stands_first_with_its_inputs_and_calls():
    a, before = torch.rand(300, 300), torch.get_num_threads()
    header, first, *_ = operator_table(lambda: [a @ a for _ in range(3)], threads=1).splitlines()
    torch.set_num_threads(before)
    assert header.split() == ["operator", "inputs", "calls", "ms", "share"]
    assert first.split()[:4] == ["aten::mm", "300x300", "300x300", "3"]
