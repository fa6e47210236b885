"""What is kept need not be fetched again, and what is returned does not make the process larger."""
import subprocess
import sys

import pytest

FETCHING = """
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
GROWING = """
import random, re, sys
from lanmsff_plugins.base.memory import return_freed_memory

if sys.argv[1] == "return":
    assert return_freed_memory()

def held():
    return int(re.search(r"VmRSS:\\s*(\\d+) kB", open("/proc/self/status").read())[1]) / 1024

before, draw, notes = held(), random.Random(0), []
for _ in range(300):  # a large picture, a note that stays, and the picture goes
    picture = bytearray(draw.randrange(2 ** 21, 2 ** 24))
    notes.append(bytearray(2 ** 10))
    del picture
print(held() - before)
"""
glibc = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only glibc has such settings")


def printed(program: str, how: str) -> float:
    return float(subprocess.run([sys.executable, "-c", program, how], check=True, stdout=subprocess.PIPE,
                                text=True).stdout)


@glibc
def test_kept_memory_is_not_fetched_page_by_page_again():
    fetched, kept = (printed(FETCHING, how) for how in ("leave", "keep"))
    assert kept < 1 < 100 < fetched  # MiB, of 160 that were asked for


@glibc
def test_large_blocks_that_are_returned_leave_nothing_behind():
    left, returned = (printed(GROWING, how) for how in ("leave", "return"))
    assert returned < 2 < 10 < left  # MiB; the notes are 0.3
