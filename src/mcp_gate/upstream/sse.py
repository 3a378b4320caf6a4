"""Server-sent events, read in bounded memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from mcp_gate.wire.opener import LARGE

DATA: Final = b"data:"


class EventTooLong(Exception):
    """One event is larger than allowed."""


@dataclass(frozen=True, slots=True)
class SseEvent:
    """One event, or (with empty data) a new position or waiting time that the server announced."""

    data: bytes
    id: str | None = None
    retry_ms: int | None = None
    parts: tuple[bytes, ...] = ()
    """The data of a large event as it came; `data` is empty then."""

    @property
    def said(self) -> tuple[bytes, ...]:
        """The data, in parts."""
        return self.parts or ((self.data,) if self.data else ())


class SseReader:
    """Splits a byte stream into events.

    The three line ends of the standard are one: what is carried here is JSON, which holds none of them. Memory stays
    below `limit` plus one chunk.
    """

    __slots__ = ("_after_cr", "_data", "_id", "_limit", "_line", "_parts", "_retry", "_size", "_started", "_type")

    def __init__(self, limit: int) -> None:
        """
        Args:
            limit: most bytes of one event, its field names included.
        """
        self._limit = limit
        self._line: list[bytes] = []
        self._data: list[bytes] = []
        self._parts: tuple[bytes, ...] = ()
        self._size = 0
        self._id: str | None = None
        self._retry: int | None = None
        self._type = b""
        self._after_cr = False
        self._started = False

    def feed(self, chunk: bytes) -> list[SseEvent]:
        """Take bytes; give the events that ended in them.

        Raises:
            EventTooLong: and nothing more may be fed.
        """
        if not self._started and chunk:
            self._started = True
            chunk = chunk.removeprefix(b"\xef\xbb\xbf")
        if self._after_cr and chunk:
            chunk = chunk.removeprefix(b"\n")
            self._after_cr = False
        if b"\r" in chunk:
            self._after_cr = chunk.endswith(b"\r")
            chunk = chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        first, *rest = chunk.split(b"\n")
        self._keep(first)
        events: list[SseEvent] = []
        for part in rest:
            parts, self._line = self._line, []
            begins = not self._data and not self._parts
            if begins and self._size > LARGE and len(parts) > 1 and parts[0].startswith(DATA):
                self._parts = parts[0].removeprefix(DATA).removeprefix(b" "), *parts[1:]
            else:
                self._end_of_line(b"".join(parts), events)
            self._keep(part)
        return events

    def _keep(self, part: bytes) -> None:
        if part:
            self._size += len(part)
            if self._size > self._limit:
                raise EventTooLong(f"an event is larger than {self._limit} bytes")
            self._line.append(part)

    def _end_of_line(self, line: bytes, events: list[SseEvent]) -> None:
        if not line:
            self._end_of_event(events)
            return
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"data":
            if self._parts:  # it goes on
                self._data, self._parts = [b"".join(self._parts)], ()
            self._data.append(value)
            return
        self._size -= len(line)  # a comment or a short field is done with; only data adds up
        if name == b"event":
            self._type = value
        elif name == b"id" and b"\0" not in value:
            self._id = value.decode("utf-8", "replace")
        elif name == b"retry" and value.isdigit() and len(value) < 10:
            self._retry = int(value)

    def _end_of_event(self, events: list[SseEvent]) -> None:
        if self._data or self._parts or self._id is not None or self._retry is not None:
            named = self._type in (b"", b"message")
            data = (self._data[0] if len(self._data) == 1 else b"\n".join(self._data)) if named else b""
            events.append(SseEvent(data, self._id, self._retry, self._parts if named else ()))
        self._data = []
        self._parts = ()
        self._size = 0
        self._id = self._retry = None
        self._type = b""
