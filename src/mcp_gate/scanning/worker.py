"""The program of a process that scans: reads jobs from standard input, writes answers to standard output.

Started by the gate alone: `python -m mcp_gate.scanning.worker CACHE GATE`, with the directory of compiled rules and the
gate's process id. It can take no more memory than `MEMORY` and ends with the gate.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
from pathlib import Path
from typing import BinaryIO, Final

from mcp_gate.detect.ner.weights import NoModel
from mcp_gate.detect.secrets.shapes import NoShapes
from mcp_gate.scanning.failed import Failure
from mcp_gate.scanning.frames import SIZE, answers, failure, read_job
from mcp_gate.scanning.load import load

MEMORY: Final = 1 << 30
"""Bytes of addresses; what needs more fails."""
_PR_SET_PDEATHSIG: Final = 1
_PR_SET_DUMPABLE: Final = 4


def main() -> None:
    """Until there is nothing more to read."""
    cache, gate = Path(sys.argv[1]), int(sys.argv[2])
    _confine(gate)
    jobs, out = sys.stdin.buffer, _own_output()
    while body := _next(jobs):
        _answer(body, cache, out)


def _confine(gate: int) -> None:
    """Dies with the gate, dumps no memory, takes no more of it than it may."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the gate says when to end
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        libc = ctypes.CDLL(None)
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        libc.prctl(_PR_SET_DUMPABLE, 0)
    if os.getppid() != gate:  # it was gone before the kernel was asked
        os._exit(1)


def _own_output() -> BinaryIO:
    """Nothing that a library prints gets between the answers."""
    out = os.fdopen(os.dup(1), "wb", buffering=0)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    os.close(nowhere)
    return out


def _next(jobs: BinaryIO) -> bytes:
    """The next job; nothing when the gate has no more."""
    head = jobs.read(SIZE.size)
    return jobs.read(SIZE.unpack(head)[0]) if len(head) == SIZE.size else b""


def _answer(body: bytes, cache: Path, out: BinaryIO) -> None:
    """Scan one job. Of an error only its kind is told: its words may be those of the text."""
    try:
        leaves, options = read_job(body)
        for frame in answers(load(cache, options)(leaves, options)):
            _write(out, frame)
    except (NoShapes, NoModel) as e:
        _write(out, failure(Failure.MISSING, str(e)))
    except MemoryError:
        os._exit(1)
    except Exception as e:
        _write(out, failure(Failure.DETECTOR, type(e).__name__))


def _write(out: BinaryIO, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[out.write(view) :]


if __name__ == "__main__":
    main()
