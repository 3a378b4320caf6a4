"""What a process of the gate's that looks at anybody's texts is held to."""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import signal
import sys
from pathlib import Path
from typing import BinaryIO, Final

_PR_SET_PDEATHSIG: Final = 1
_PR_SET_DUMPABLE: Final = 4
_OPEN: Final = Path("/dev/fd")
"""Names what this process has open. The limit says nothing of that: it may be a thousand million."""


def confine(gate: int, memory: int) -> None:
    """Dies with the gate, keeps open nothing of it, dumps no memory, takes no more of it than it may.

    Args:
        gate: the process id of whoever started it.
        memory: bytes of addresses; what needs more fails.
    """
    _close_others()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the gate says when to end
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        _, most = resource.getrlimit(resource.RLIMIT_AS)
        memory = memory if most == resource.RLIM_INFINITY else min(memory, most)
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        libc = ctypes.CDLL(None)
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        libc.prctl(_PR_SET_DUMPABLE, 0)
    if os.getppid() != gate:  # it was gone before the kernel was asked
        os._exit(1)


def _close_others() -> None:
    """All but the standard streams. Where they cannot be listed, what `spawn` left open stays open."""
    with contextlib.suppress(OSError):
        for other in [int(one.name) for one in _OPEN.iterdir() if int(one.name) > 2]:
            with contextlib.suppress(OSError):  # one of them the list was read by
                os.close(other)


def give_back() -> None:
    """Memory that is not needed any more. Other libraries than glibc have no such call."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


def own_output() -> BinaryIO:
    """Nothing that a library prints gets between the answers."""
    out = os.fdopen(os.dup(1), "wb", buffering=0)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    os.close(nowhere)
    return out


def write(out: BinaryIO, data: bytes) -> None:
    """All of it."""
    view = memoryview(data)
    while view:
        view = view[out.write(view) :]
