"""What the gate asks where something is large: reads it, and looks at it, without opening it here."""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Coroutine, Hashable, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

from mcp_gate.annex import frames, job
from mcp_gate.annex.process import Desk, Hand
from mcp_gate.annex.turns import Turns
from mcp_gate.gate.egress import Changed, Counts, Egress, Passed, Withheld
from mcp_gate.gate.terms import Terms
from mcp_gate.lang import strictjson
from mcp_gate.model.foreign import Json, JsonObject, Packed
from mcp_gate.output.redact import Tokenizer
from mcp_gate.scanning.failed import Failure, ScanFailed
from mcp_gate.wire.message import Message

T = TypeVar("T")
MOST: Final = 2
READ_SEC: Final = 15.0
"""How long reading a message may take."""
LOOK_SEC: Final = 45.0
"""How long looking at one may take, all rounds of it together; to scan it once has a limit of its own."""
START_SEC: Final = 20.0
"""How much longer the first job of a process may take."""
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
        self._rules = rules
        self._most = most or min(MOST, os.cpu_count() or 1)
        self._idle_sec = idle_sec
        self._idle: deque[Hand] = deque()
        self._all: set[Hand] = set()
        self._reading = Turns(1)
        self._looking = Turns(self._most)
        """A place of its own for what is read: to look at something may take a hundred times as long."""
        self._tasks: set[asyncio.Task[Any]] = set()
        self._ending: asyncio.TimerHandle | None = None
        self.closed = False

    @property
    def pids(self) -> frozenset[int]:
        """Of those that run."""
        return frozenset(hand.pid for hand in self._all)

    async def close(self) -> None:
        """End them all, whatever they are at."""
        self.closed = True
        if self._ending is not None:
            self._ending.cancel()
        for hand in self._all:
            hand.kill()
        await asyncio.gather(*(hand.gone() for hand in self._all))
        if self._tasks:
            await asyncio.wait(self._tasks)
        self._all.clear()

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
        desk = None if tokens is None else _desk(tokens)
        asked = ("review", job.packed(terms), method, desk is not None)
        bulk = strictjson.pieces(payload)
        head, packed = await self._done(self._looking, terms.agent, asked, bulk, LOOK_SEC, desk)
        counts.update({(entity, word): count for entity, word, count in head["counts"]})
        seen = _seen(head, packed, payload)
        if tokens is not None and not isinstance(seen, Withheld):
            tokens.keep()
        return seen

    # ---- processes

    async def _done(
        self, places: Turns, who: Hashable, asked: tuple[Any, ...], bulk: Sequence[bytes], limit_sec: float,
        desk: Desk | None = None,
    ) -> tuple[JsonObject, list[Packed]]:  # fmt: skip
        """A caller that goes away does not disturb the process at it; what waits for its turn then is not begun."""
        await places.take(who)
        return await asyncio.shield(self._own(self._do(places, asked, bulk, limit_sec, desk)))

    async def _do(
        self, places: Turns, asked: tuple[Any, ...], bulk: Sequence[bytes], limit_sec: float, desk: Desk | None
    ) -> tuple[JsonObject, list[Packed]]:  # fmt: skip
        """In a place that its caller took."""
        try:
            hand = await self._hand()
            try:
                found = await hand.do(asked, bulk, limit_sec if hand.warm else limit_sec + START_SEC, desk)
                hand.warm = True
                return found
            finally:
                if hand.usable:
                    self._idle.append(hand)
                    self._end_later()
                else:
                    await self._end(hand)
        finally:
            places.give()

    async def _hand(self) -> Hand:
        """One that is free. The one that was used last is the warmest."""
        if self.closed:
            raise ScanFailed(Failure.CLOSED)
        while self._idle:
            hand = self._idle.pop()
            if hand.there:
                return hand
            await self._end(hand)  # it was ended from outside, as when memory is short
        hand = await Hand.start(self._rules)
        self._all.add(hand)
        if self.closed:
            hand.kill()
        return hand

    def _end_later(self) -> None:
        """The last one waits longest."""
        if self._ending is not None:
            self._ending.cancel()
        wait = self._idle_sec if len(self._all) == 1 else min(self._idle_sec, SPARE_SEC)
        self._ending = asyncio.get_running_loop().call_later(wait, self._end_idle)

    def _end_idle(self) -> None:
        """Nothing came for a while."""
        if not self._idle:
            return  # they are all at work
        hand = self._idle.popleft()
        hand.kill()
        self._all.discard(hand)
        self._own(hand.gone())
        if self._idle:
            self._end_later()

    async def _end(self, hand: Hand) -> None:
        await hand.gone()
        self._all.discard(hand)

    def _own(self, work: Coroutine[None, None, T]) -> asyncio.Task[T]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._over)
        return task

    def _over(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # its caller may be gone


def _desk(tokens: Tokenizer) -> Desk:
    def answered(values: Sequence[Json]) -> list[Json]:
        return [tokens.of(str(entity), str(text)) for entity, text in values]

    return answered


def _seen(head: JsonObject, bulk: Sequence[Packed], payload: JsonObject) -> Egress:
    """
    Raises:
        ValueError, TypeError, KeyError: it is no answer.
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
