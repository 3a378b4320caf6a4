"""Lines of an upstream that are too large to be read where others wait: somebody else reads them, and leaves closed
what is bulky."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Hashable, Sequence
from typing import Final, Protocol

from mcp_gate.lang import strictjson
from mcp_gate.model.foreign import JsonObject
from mcp_gate.wire.errors import PARSE_ERROR, RpcError
from mcp_gate.wire.message import LONGEST_END, Malformed, Message, Why, answered, read, read_quickly

log = logging.getLogger(__name__)

LARGE: Final = 1_200_000
"""Bytes of a message, above which it is read elsewhere."""
QUICK: Final = 400_000
"""Bytes of a message, below which it is read within a few milliseconds, however it is written; between the two only
what is written in the usual compact way is."""
PASSED_ON: Final = frozenset({"tools/call", "resources/read", "prompts/get", "tasks/get", "tasks/result"})
"""Methods whose results the gate hands on without reading what is bulky in them."""
BEGINNING: Final = 256
BESIDE: Final = 200
"""Bytes that a line takes which waits, beside its own: there may be a million short ones."""
TURN: Final = 65_536
"""Bytes of lines, with that, which are dealt with before others have their turn."""


class Opener(Protocol):
    """Reads lines of upstreams."""

    async def opened(self, line: Sequence[bytes], depth: int, who: Hashable) -> Message:
        """What `message.read` makes of a line, with its bulky members packed.

        Args:
            line: in parts.
            who: whose line it is: they take turns.

        Raises:
            Exception: it could not be read.
        """
        ...


class Reader(Protocol):
    """Whose lines they are."""

    def expects(self, id: int) -> bool:
        """Whether a request with that id waits for its answer."""
        ...

    def take(self, message: Message) -> None: ...

    def too_much(self) -> None:
        """More came behind a line than can be kept."""
        ...


class Opening:
    """The large lines of one connection. An answer disturbs nobody: what comes behind it is read meanwhile. What comes
    behind anything else waits until that was read."""

    def __init__(self, opener: Opener, reader: Reader, depth: int, limit: int) -> None:
        """
        Args:
            limit: bytes that wait behind a line.
        """
        self._opener = opener
        self._reader = reader
        self._depth = depth
        self._limit = limit
        self._behind: deque[list[bytes]] = deque()
        self._waiting = 0
        self._in_order: asyncio.Task[None] | None = None
        self._answers: dict[int, asyncio.Task[None]] = {}

    @property
    def coming(self) -> frozenset[int]:
        """Requests whose answers are here, and being read."""
        return frozenset(self._answers)

    @property
    def busy(self) -> bool:
        """Whether what comes now has to wait."""
        return self._in_order is not None

    def put(self, line: list[bytes]) -> None:
        """A large line; or any, while something has to be read before it."""
        id_ = None if self.busy else answered(_beginning(line), _end(line))
        if id_ is not None:
            self._put_answer(id_, line)
            return
        self._behind.append(line)
        self._waiting += sum(map(len, line)) + BESIDE
        if self._waiting > 2 * self._limit:
            self._reader.too_much()
        elif self._in_order is None:
            self._in_order = asyncio.create_task(self._all())

    def _put_answer(self, id: int, line: list[bytes]) -> None:
        if id not in self._answers and self._reader.expects(id):
            self._answers[id] = asyncio.create_task(self._answer(id, line))

    def forget(self, id: int) -> None:
        """Nobody waits for an answer any more."""
        if (task := self._answers.pop(id, None)) is not None:
            task.cancel()

    def close(self) -> None:
        """Nothing more is read in order; answers that are here still count, also those behind something."""
        behind = [*self._behind]
        self._behind.clear()
        for line in behind:
            id_ = answered(_beginning(line), _end(line))
            if id_ is not None:
                self._put_answer(id_, line)
        if self._in_order is not None:
            self._in_order.cancel()

    async def _answer(self, id: int, line: list[bytes]) -> None:
        message = await self._opened(line, id)
        del self._answers[id]
        self._reader.take(message)
        if self._reader.expects(id):  # it was the answer to nothing
            self._reader.take(_unreadable(id))

    async def _all(self) -> None:
        dealt_with = 0
        try:
            while self._behind:
                line = self._behind.popleft()
                size = sum(map(len, line))
                self._waiting -= size + BESIDE
                if size > QUICK:
                    self._reader.take(await self._opened(line, None))
                    continue
                self._reader.take(read(b"".join(line), upstream=True, depth=self._depth))
                dealt_with += size + BESIDE
                if dealt_with > TURN:
                    dealt_with = 0
                    await asyncio.sleep(0)
        finally:
            self._in_order = None

    async def _opened(self, line: list[bytes], id: int | None) -> Message:
        try:
            return await self._opener.opened(line, self._depth, self)
        except Exception as e:
            log.error("a message of an upstream could not be read: %s", e)
            return _unreadable(id)


def _beginning(line: Sequence[bytes]) -> bytes:
    return b"".join(part[:BEGINNING] for part in line[:4])[:BEGINNING]


def _end(line: Sequence[bytes]) -> bytes:
    return b"".join(part[-LONGEST_END:] for part in line[-4:])[-LONGEST_END:]


def _unreadable(id: int | None) -> Malformed:
    error = RpcError(PARSE_ERROR, "Parse error: it could not be read")
    return Malformed(Why.PARSE, error, id, answers=id is not None)


async def opened(opener: Opener | None, parts: Sequence[bytes], depth: int, who: Hashable) -> Message:
    """A message of an upstream that came by itself, as `message.read` reads it; where it is large, by `opener`."""
    size = sum(map(len, parts))
    if opener is None or size <= QUICK:
        return read(b"".join(parts), upstream=True, depth=depth)
    if size <= LARGE and (message := read_quickly(b"".join(parts), depth=depth)) is not None:
        return message
    try:
        return await opener.opened(parts, depth, who)
    except Exception as e:
        log.error("a message of an upstream could not be read: %s", e)
        return _unreadable(None)


def result_of(method: str, result: JsonObject) -> JsonObject:
    """A result as whoever asked takes it: closed only where it is handed on.

    Raises:
        JsonError: what is closed in it is no JSON.
    """
    return result if method in PASSED_ON else strictjson.unpacked(result)
