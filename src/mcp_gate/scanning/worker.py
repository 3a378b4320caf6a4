"""The program of a process that scans: reads jobs from standard input, writes answers to standard output.

Started by the gate alone: `python -m mcp_gate.scanning.worker CACHE GATE`, with the directory of compiled rules and the
gate's process id. It can take no more memory than `MEMORY` and ends with the gate.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import BinaryIO, Final

from mcp_gate.detect.ner.weights import NoModel
from mcp_gate.detect.secrets.shapes import NoShapes
from mcp_gate.lang.collector import quieten
from mcp_gate.scanning.confine import confine, own_output, write
from mcp_gate.scanning.failed import Failure
from mcp_gate.scanning.frames import SIZE, answers, failure, read_job
from mcp_gate.scanning.load import load

MEMORY: Final = 1 << 30
"""Bytes of addresses; what needs more fails."""


def main() -> None:
    """Until there is nothing more to read."""
    cache, gate = Path(sys.argv[1]), int(sys.argv[2])
    confine(gate, MEMORY)
    jobs, out = sys.stdin.buffer, own_output()
    quiet = False
    while body := _next(jobs):
        _answer(body, cache, out)
        if not quiet:  # what the first job loaded stays
            quieten()
            quiet = True


def _next(jobs: BinaryIO) -> bytes:
    """The next job; nothing when the gate has no more."""
    head = jobs.read(SIZE.size)
    return jobs.read(SIZE.unpack(head)[0]) if len(head) == SIZE.size else b""


def _answer(body: bytes, cache: Path, out: BinaryIO) -> None:
    """Scan one job. Of an error only its kind is told: its words may be those of the text."""
    try:
        leaves, options = read_job(body)
        for frame in answers(load(cache, options)(leaves, options)):
            write(out, frame)
    except (NoShapes, NoModel) as e:
        write(out, failure(Failure.MISSING, str(e)))
    except MemoryError:
        os._exit(1)
    except Exception as e:
        write(out, failure(Failure.DETECTOR, type(e).__name__))


if __name__ == "__main__":
    main()
