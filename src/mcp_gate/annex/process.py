"""One process of the annex, as the gate sees it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Final

from mcp_gate.annex import frames
from mcp_gate.model.foreign import Json, JsonObject, Packed
from mcp_gate.scanning.child import Child

MOST_BULK: Final = 1 << 28
"""Bytes of one answer."""

Answerer = Callable[[Sequence[Json]], list[Json]]
"""Answers what the process asks in the midst of a job."""


class AnnexWorker(Child):
    """Reads or looks at one thing at a time."""

    PROGRAM: ClassVar = "mcp_gate.annex.worker"

    async def do(
        self, job: tuple[Any, ...], bulk: Sequence[bytes], limit_sec: float, answerer: Answerer | None = None
    ) -> tuple[JsonObject, list[Packed]]:
        """What becomes of a job: the head of its answer, and the bulk.

        Raises:
            ScanFailed: nothing is known of it.
        """
        async with self.job(limit_sec):
            await self.send(frames.asked(job, bulk))
            while True:
                head = frames.read_told(await self.frame(frames.SIZE, frames.MOST_HEAD))
                if head["kind"] != "asks":
                    return head, await self._bulk(head["bulk"])
                if answerer is None:
                    raise ValueError("it was given nobody to ask")
                await self.send(frames.asked(tuple(answerer(head["values"])), ()))

    async def _bulk(self, sizes: Sequence[int]) -> list[Packed]:
        """In pieces of bounded size: none is copied twice, and others have their turn in between."""
        if sum(sizes) > MOST_BULK:
            raise ValueError("an answer of that size")
        found = []
        for size in sizes:
            parts = []
            for at in range(0, size, frames.CHUNK):
                part = await self.read(min(frames.CHUNK, size - at))
                if b"\n" in part:
                    raise ValueError("what is passed on stands on one line")
                parts.append(part)
            found.append(Packed(parts))
        return found
