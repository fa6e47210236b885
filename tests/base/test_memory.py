"""What is kept need not be fetched again."""
import subprocess
import sys

import pytest

PROGRAM = """
import resource, sys
import torch
from lanmsff_plugins.base.memory import keep_freed_memory

torch.set_num_threads(1)
if sys.argv[1] == "keep":
    assert keep_freed_memory()

def fetched():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(4):
        torch.ones(10 * 2 ** 20)  # 40 MiB
    return (resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before) * resource.getpagesize() / 2 ** 20

for _ in range(5):  # until the heap has found its shape
    fetched()
print(fetched())
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only glibc has such settings")
def test_kept_memory_is_not_fetched_page_by_page_again():
    fetched, kept = (float(subprocess.run([sys.executable, "-c", PROGRAM, how], check=True, stdout=subprocess.PIPE,
                                          text=True).stdout) for how in ("return", "keep"))
    assert kept < 1 < 100 < fetched  # MiB, of 160 that were asked for
