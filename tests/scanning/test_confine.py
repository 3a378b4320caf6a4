"""What the gate's own processes are held to."""

from __future__ import annotations

import subprocess
import sys

HELD = """
import os, resource, sys
from mcp_gate.scanning.confine import confine

def closerange(first, last):
    assert last < 1_000_000, "a kernel or a C library without close_range tries every one of them"

os.closerange, resource.getrlimit = closerange, lambda _: (1 << 30, 1 << 30)
kept = os.open(os.devnull, os.O_RDONLY)
confine(os.getppid(), 1 << 40)
try:
    os.fstat(kept)
except OSError:
    print("closed")
"""


def test_what_is_open_is_closed_however_many_descriptors_there_may_be() -> None:
    done = subprocess.run([sys.executable, "-c", HELD], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("closed\n", "")
