"""What the gate asks where something is large: reads it, and looks at it, without opening it here."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

from mcp_gate.annex import frames, job
from mcp_gate.annex.process import AnnexWorker, Answerer
from mcp_gate.annex.turns import Turns
from mcp_gate.gate.leaving.exits import Changed, Counts, Egress, Passed, Withheld
from mcp_gate.gate.terms import Terms
from mcp_gate.lang import strictjson
from mcp_gate.model.foreign import Json, JsonObject, Packed
from mcp_gate.output.redact import Tokenizer
from mcp_gate.scanning.workers import MOST, Workers
from mcp_gate.wire.message import Message

T = TypeVar("T")
READ_SEC: Final = 15.0
"""How long reading a message may take."""
LOOK_SEC: Final = 45.0
"""How long looking at one may take, all rounds of it together; to scan it once has a limit of its own."""
IDLE_SEC: Final = 600.0
"""How long the last process waits for more to do."""
SPARE_SEC: Final = 20.0
"""How long others do."""


class Annex:
    """Implements `wire.opener.Opener` and `gate.terms.Annex`. Starts nothing before something large comes along."""

    def __init__(self, rules: Path, *, most: int | None = None, idle_sec: float = IDLE_SEC) -> None:
        """
        Args:
            rules: a directory, the caller's alone, in which compiled rules are kept.
        """
        self._workers = Workers(partial(AnnexWorker.start, rules))
        self._idle_sec = idle_sec
        self._reading = Turns(1)
        self._looking = Turns(most or MOST)
        """A place of its own for what is read: to look at something may take a hundred times as long."""
        self._ending: asyncio.TimerHandle | None = None

    @property
    def pids(self) -> frozenset[int]:
        """Of those that run."""
        return self._workers.pids

    async def close(self) -> None:
        """End them all, whatever they are at."""
        if self._ending is not None:
            self._ending.cancel()
        await self._workers.close()

    # ---- what it does

    async def opened(self, line: Sequence[bytes], depth: int, who: Hashable = None) -> Message:
        """See `wire.opener`.

        Raises:
            ScanFailed: it could not be read.
        """
        head, bulk = await self._done(self._reading, who, ("open", depth), line, READ_SEC)
        return frames.read_message(head, bulk)

    async def reread(self, data: bytes) -> JsonObject:
        """An object as the gate itself wrote it, with its bulk packed.

        Raises:
            ScanFailed: it could not be read.
        """
        head, bulk = await self._done(self._reading, None, ("reread",), (data,), READ_SEC)
        return frames.reopened(head["members"], bulk)

    async def reviewed(
        self, terms: Terms, method: str, payload: JsonObject, counts: Counts, tokens: Tokenizer | None
    ) -> Egress:
        """See `gate.egress`.

        Raises:
            ScanFailed: nothing is known of it.
        """
        answerer = None if tokens is None else _answerer(tokens)
        asked = ("review", job.packed(terms), method, answerer is not None)
        bulk = strictjson.pieces(payload)
        head, packed = await self._done(self._looking, terms.agent, asked, bulk, LOOK_SEC, answerer)
        counts.update({(entity, word): count for entity, word, count in head["counts"]})
        seen = _seen(head, packed, payload)
        if tokens is not None and not isinstance(seen, Withheld):
            tokens.keep()
        return seen

    # ---- processes

    async def _done(
        self, places: Turns, who: Hashable, asked: tuple[Any, ...], bulk: Sequence[bytes], limit_sec: float,
        answerer: Answerer | None = None,
    ) -> tuple[JsonObject, list[Packed]]:  # fmt: skip
        """A caller that goes away does not disturb the process at it; what waits for its turn then is not begun."""
        await places.take(who)
        return await self._workers.undisturbed(
            self._in_place(places, lambda worker: worker.do(asked, bulk, limit_sec, answerer))
        )

    async def _in_place(self, places: Turns, job: Callable[[AnnexWorker], Awaitable[T]]) -> T:
        """In a place that its caller took."""
        try:
            return await self._workers.do(job)
        finally:
            self._end_later()
            places.give()

    def _end_later(self) -> None:
        """The last one waits longest."""
        if self._ending is not None:
            self._ending.cancel()
        if not self._workers.closed:
            wait = self._idle_sec if len(self._workers.pids) == 1 else min(self._idle_sec, SPARE_SEC)
            self._ending = asyncio.get_running_loop().call_later(wait, self._end_idle)

    def _end_idle(self) -> None:
        """Nothing came for a while."""
        if self._workers.end_idle():
            self._end_later()


def _answerer(tokens: Tokenizer) -> Answerer:
    def answered(values: Sequence[Json]) -> list[Json]:
        return [tokens.of(str(entity), str(text)) for entity, text in values]

    return answered


def _seen(head: JsonObject, bulk: Sequence[Packed], payload: JsonObject) -> Egress:
    """
    Raises:
        ValueError, TypeError, KeyError: it is not an answer.
    """
    match head["kind"]:
        case "passed":
            return Passed(payload)
        case "changed":
            return Changed(frames.reopened(head["members"], bulk), dict(head["review"]))
        case "withheld":
            return Withheld(str(head["why"]), dict(head["review"]))
        case _:
            raise ValueError("no word on a payload")
