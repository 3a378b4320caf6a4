"""One process of the annex, as the gate sees it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from mcp_gate.annex import frames
from mcp_gate.model.foreign import Json, JsonObject, Packed
from mcp_gate.scanning.child import Child
from mcp_gate.scanning.failed import Failure, ScanFailed

PROGRAM: Final = "mcp_gate.annex.worker"
MOST_BULK: Final = 1 << 28
"""Bytes of one answer."""

Desk = Callable[[Sequence[Json]], list[Json]]
"""Answers what the process asks in the midst of a job."""


class Hand:
    """Does one job at a time. What fails in any other way than by saying so is not used again."""

    def __init__(self, child: Child) -> None:
        self._child = child
        self.pid = child.pid
        self.usable = True
        self.warm = False
        """Whether it has done anything: what it needs is loaded then."""

    @classmethod
    async def start(cls, rules: Path) -> Hand:
        """
        Args:
            rules: where compiled rules are kept.

        Raises:
            ScanFailed: it does not start.
        """
        return cls(await Child.start(PROGRAM, rules))

    @property
    def there(self) -> bool:
        """Whether it can be given work."""
        return self.usable and self._child.there

    async def do(
        self, job: tuple[Any, ...], bulk: Sequence[bytes], limit_sec: float, desk: Desk | None = None
    ) -> tuple[JsonObject, list[Packed]]:
        """What becomes of a job: the head of its answer, and the bulk.

        Raises:
            ScanFailed: nothing is known of it.
        """
        try:
            async with asyncio.timeout(limit_sec):
                return await self._do(job, bulk, desk)
        except TimeoutError:
            self.kill()
            raise ScanFailed(Failure.TIME) from None
        except (OSError, EOFError, RuntimeError):  # the last one is uvloop's word for a closed pipe
            self.kill()
            raise ScanFailed(Failure.ENDED) from None
        except (ValueError, TypeError, KeyError) as e:
            self.kill()
            raise ScanFailed(Failure.DETECTOR, "its answer cannot be read") from e
        except BaseException:
            self.kill()
            raise

    async def _do(
        self, job: tuple[Any, ...], bulk: Sequence[bytes], desk: Desk | None
    ) -> tuple[JsonObject, list[Packed]]:
        await self._send(frames.asked(job, bulk))
        while True:
            head = await self._head()
            if head["kind"] != "asks":
                return head, await self._bulk(head["bulk"])
            if desk is None:
                raise ValueError("it was given nobody to ask")
            await self._send(frames.asked(tuple(desk(head["values"])), ()))

    async def _send(self, parts: Sequence[bytes]) -> None:
        for part in parts:
            self._child.writer.write(part)
            await self._child.writer.drain()

    async def _head(self) -> JsonObject:
        out = self._child.reader
        (size,) = frames.SIZE.unpack(await out.readexactly(frames.SIZE.size))
        if size > frames.MOST_HEAD:
            raise ValueError("a head of that size")
        return frames.read_told(await out.readexactly(size))

    async def _bulk(self, sizes: Sequence[int]) -> list[Packed]:
        """In pieces of bounded size: none is copied twice, and others have their turn in between."""
        out = self._child.reader
        if sum(sizes) > MOST_BULK:
            raise ValueError("an answer of that size")
        found = []
        for size in sizes:
            parts = []
            for at in range(0, size, frames.CHUNK):
                part = await out.readexactly(min(frames.CHUNK, size - at))
                if b"\n" in part:
                    raise ValueError("what is passed on stands on one line")
                parts.append(part)
            found.append(Packed(parts))
        return found

    def kill(self) -> None:
        """It is not used again."""
        self.usable = False
        self._child.kill()

    async def gone(self) -> None:
        """Wait until it ended and was reaped."""
        await self._child.gone()
