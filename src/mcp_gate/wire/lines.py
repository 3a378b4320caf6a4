"""Splits a byte stream into lines of bounded length, in bounded memory."""

from __future__ import annotations

from collections.abc import Callable


class LineSplitter:
    """Feeds whole lines to `on_line`; a line longer than `limit` bytes is dropped to its end and told once. One above
    `large` goes to `on_large` as it came, in parts: to join them would take long.

    Memory never exceeds `limit` plus one chunk, whatever arrives. Blank lines are skipped.
    """

    __slots__ = ("_large", "_limit", "_on_large", "_on_line", "_on_overflow", "_parts", "_size", "_skipping")

    def __init__(
        self, limit: int, on_line: Callable[[bytes], None], on_overflow: Callable[[], None], large: int | None = None,
        on_large: Callable[[list[bytes]], None] | None = None,
    ) -> None:  # fmt: skip
        self._limit = limit
        self._large = limit if large is None else large
        self._on_large = on_large
        self._on_line = on_line
        self._on_overflow = on_overflow
        self._parts: list[bytes] = []
        self._size = 0
        self._skipping = False

    def feed(self, data: bytes) -> None:
        """Take the next bytes of the stream."""
        start = 0
        while (end := data.find(b"\n", start)) >= 0:
            self._end_line(data[start:end])
            start = end + 1
        if start < len(data):
            self._keep(data[start:] if start else data)

    def end(self) -> None:
        """The stream ended: what stands behind its last line feed is a line, too."""
        if self._parts or self._skipping:
            self._end_line(b"")

    def _keep(self, part: bytes) -> None:
        if self._skipping:
            return
        self._size += len(part)
        if self._size > self._limit:
            self._overflow(skipping=True)
        else:
            self._parts.append(part)

    def _end_line(self, tail: bytes) -> None:
        if self._skipping:
            self._skipping = False
            return
        if self._size + len(tail) > self._limit:
            self._overflow(skipping=False)
            return
        if self._on_large is not None and self._size + len(tail) > self._large:
            parts, self._parts, self._size = [*self._parts, tail], [], 0
            self._on_large(parts)
            return
        if self._parts:
            self._parts.append(tail)
            tail = b"".join(self._parts)
            self._parts.clear()
            self._size = 0
        if tail and not tail.isspace():
            self._on_line(tail)

    def _overflow(self, *, skipping: bool) -> None:
        self._parts.clear()
        self._size = 0
        self._skipping = skipping
        self._on_overflow()
