"""The program of a process of the annex: reads jobs from standard input, writes answers to standard output.

Started by the gate alone: `python -m mcp_gate.annex.worker CACHE GATE`, with the directory of compiled rules and the
gate's process id. It runs the gate's own review (`gate.leaving.review`) over payloads that the gate does not open; what
detectors look at goes to processes of its own in turn. It takes no more memory than `MEMORY` and ends with the gate.
"""

from __future__ import annotations

import asyncio
import gc
import os
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

from mcp_gate.annex import frames, job
from mcp_gate.gate.foreseen import Foreseen, Wanted
from mcp_gate.gate.leaving.exits import Changed, Counts, Passed, Withheld
from mcp_gate.gate.leaving.review import UNCHECKED, reviewed
from mcp_gate.lang import strictjson
from mcp_gate.model.foreign import JsonObject
from mcp_gate.model.output import OutputDecision
from mcp_gate.output.record import record
from mcp_gate.scanning.confine import confine, give_back, own_output, write
from mcp_gate.scanning.scanner import Scanner
from mcp_gate.wire.errors import INVALID_REQUEST, RpcError
from mcp_gate.wire.message import Answer, Failure, Malformed, Why, read

MEMORY: Final = 3 << 30
"""Bytes of addresses; what needs more fails."""
NICE: Final = 5
"""What is large takes long anyway: on a busy machine the gate itself goes first, and with it all other calls."""


def main() -> None:
    """Until there is nothing more to read."""
    cache, gate = Path(sys.argv[1]), int(sys.argv[2])
    confine(gate, MEMORY)
    os.nice(NICE)  # and with it the processes that it starts
    asyncio.run(_serve(_Wire(sys.stdin.buffer, own_output()), cache))


@dataclass(frozen=True, slots=True)
class _Wire:
    jobs: BinaryIO
    out: BinaryIO

    def read(self) -> tuple[tuple[Any, ...], bytes] | None:
        """The next job with its bulk; None when the gate has no more."""
        size = self.jobs.read(frames.SIZE.size)
        if len(size) < frames.SIZE.size:
            return None
        asked, bulk = frames.read_asked(self.jobs.read(frames.SIZE.unpack(size)[0]))
        return asked, self.jobs.read(bulk)

    def write(self, parts: Sequence[bytes]) -> None:
        for part in parts:
            write(self.out, part)

    def ask(self, wanted: Wanted) -> Sequence[str | None]:
        """Tokens, in the midst of a job."""
        self.write(frames.told({"kind": "asks", "values": wanted}))
        answered = self.read()
        if answered is None:
            raise EOFError
        return answered[0]


async def _serve(wire: _Wire, cache: Path) -> None:
    """One job at a time; the gate waits with the next."""
    scanner = Scanner(cache)
    scanner.warm()
    gc.freeze()
    while (given := wire.read()) is not None:
        asked, bulk = given
        del given
        gc.disable()  # a job makes a million objects and few rings; they are gone when it is done
        try:
            wire.write(await _answer(wire, scanner, asked, bulk))
        except MemoryError:
            sys.exit(1)
        del bulk
        gc.enable()
        gc.collect()
        give_back()


async def _answer(wire: _Wire, scanner: Scanner, asked: tuple[Any, ...], bulk: bytes) -> list[bytes]:
    match asked:
        case ("open", depth):
            return _opened(bulk, depth)
        case ("reread",):
            members, packed = frames.closed(strictjson.parse_upstream(bulk))
            return frames.told({"kind": "object", "members": members}, packed)
        case ("review", terms, method, tokens):
            counts: Counts = Counter()
            foreseen = Foreseen(wire.ask) if tokens else None
            given = job.unpacked(terms)
            payload = strictjson.parse_upstream(bulk)
            seen = await reviewed(given, scanner, method, payload, counts, foreseen)
            try:
                return _told(seen, payload, counts)
            except frames.TooMuch:
                unsaid = record(given.job_id, OutputDecision.QUARANTINE, (), given.snapshot)
                return _told(Withheld(UNCHECKED, unsaid), payload, counts)
        case _:
            raise ValueError("no job")


def _opened(line: bytes, depth: int) -> list[bytes]:
    message = read(line, upstream=True, depth=depth)
    try:
        return frames.message_told(message)
    except frames.TooMuch:
        error = RpcError(INVALID_REQUEST, "Invalid answer: it is too large beside its content")
        id_ = getattr(message, "id", None)
        answers = isinstance(message, Answer | Failure)  # a request's id is another's, and may be one of ours
        return frames.message_told(Malformed(Why.SHAPE, error, id_, len(line), answers=answers))


def _told(seen: Passed | Changed | Withheld, payload: JsonObject, counts: Counts) -> list[bytes]:
    head: JsonObject = {"counts": [[entity, word, count] for (entity, word), count in counts.items()]}
    match seen:
        case Passed(out) if out is payload:
            return frames.told({**head, "kind": "passed"})
        case Passed():
            raise AssertionError("the gate left its own names out before")
        case Changed(out, review):
            members, bulk = frames.closed(out)
            return frames.told({**head, "kind": "changed", "members": members, "review": review}, bulk)
        case Withheld(why, review):
            return frames.told({**head, "kind": "withheld", "why": why, "review": review})


if __name__ == "__main__":
    main()
