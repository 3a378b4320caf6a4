"""A process at its job: whatever goes wrong is told in the same words, and what may be out of step is not used on."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from struct import Struct
from typing import Any

import pytest

from mcp_gate.scanning.child import Child
from mcp_gate.scanning.failed import Failure, ScanFailed
from mcp_gate.scanning.workers import Workers

pytestmark = pytest.mark.anyio

LENGTH = Struct(">I")
ECHO = """
import sys
while data := sys.stdin.buffer.read1():
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()
"""


class Echo(Child):
    """Says what it is told."""

    PROGRAM = "echo"

    async def said(self, data: bytes, most: int = 100, limit_sec: float = 30.0) -> bytes:
        async with self.job(limit_sec):
            await self.send([data])
            return await self.frame(LENGTH, most)


@pytest.fixture
def a_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a few lines in place of one of the gate's own, which take a second to start."""
    from mcp_gate.scanning import child

    def spawned(command: list[str], *more: Any) -> int:
        return spawn([command[0], "-I", "-c", ECHO], *more)

    spawn = child.spawn
    monkeypatch.setattr(child, "spawn", spawned)


@pytest.fixture
async def workers(a_program: None) -> AsyncIterator[Workers[Echo]]:
    some = Workers(lambda: Echo.start(Path("unused")))
    try:
        yield some
    finally:
        await some.close()


def framed(data: bytes) -> bytes:
    return LENGTH.pack(len(data)) + data


async def failing(workers: Workers[Echo], data: bytes = b"", **more: Any) -> Failure:
    with pytest.raises(ScanFailed) as caught:
        await workers.do(lambda worker: worker.said(data, **more))
    return caught.value.failure


async def test_one_process_does_one_job_after_the_other(workers: Workers[Echo]) -> None:
    assert not workers.warm
    for said in (b"", b"one", b"two"):
        assert await workers.do(lambda worker, said=said: worker.said(framed(said))) == said
    assert workers.warm
    assert len(workers.pids) == 1


async def test_only_one_that_has_done_nothing_yet_is_given_more_time(workers: Workers[Echo]) -> None:
    assert await workers.do(lambda worker: worker.said(framed(b"one"), limit_sec=0.0)) == b"one"
    assert await failing(workers, limit_sec=0.01) is Failure.TIME
    assert not workers.pids


async def test_what_cannot_be_read_ends_the_process(workers: Workers[Echo]) -> None:
    assert await failing(workers, framed(b"a word too long"), most=5) is Failure.DETECTOR
    assert not workers.pids


async def test_one_that_says_it_failed_goes_on(workers: Workers[Echo]) -> None:
    async def failed(worker: Echo) -> None:
        async with worker.job(30.0):
            raise ScanFailed(Failure.DETECTOR, "as it said")

    with pytest.raises(ScanFailed, match="as it said"):
        await workers.do(failed)
    before = workers.pids
    assert len(before) == 1
    assert await workers.do(lambda worker: worker.said(framed(b"one"))) == b"one"
    assert workers.pids == before


async def test_one_that_was_killed_fails_its_job_and_is_replaced(workers: Workers[Echo]) -> None:
    under_way = asyncio.create_task(failing(workers))
    while not workers.pids:
        await asyncio.sleep(0.001)
    (pid,) = workers.pids
    os.kill(pid, signal.SIGKILL)
    assert await under_way is Failure.ENDED
    assert await workers.do(lambda worker: worker.said(framed(b"one"))) == b"one"
    assert workers.pids.isdisjoint({pid})


async def test_whoever_goes_away_in_the_midst_of_a_job_ends_the_process_unless_undisturbed(
    workers: Workers[Echo],
) -> None:
    await workers.do(lambda worker: worker.said(framed(b"one")))
    before = workers.pids
    gone = asyncio.create_task(workers.undisturbed(workers.do(lambda worker: worker.said(framed(b"two")))))
    await asyncio.sleep(0)
    gone.cancel()
    assert await workers.undisturbed(workers.do(lambda worker: worker.said(framed(b"three")))) == b"three"
    assert before <= workers.pids
    under_way = [asyncio.create_task(workers.do(lambda worker: worker.said(b""))) for _ in range(2)]
    await asyncio.sleep(0.1)
    for one in under_way:
        one.cancel()
    await asyncio.wait(under_way)
    assert workers.pids.isdisjoint(before)


async def test_idle_ones_are_ended_the_longest_idle_first(workers: Workers[Echo]) -> None:
    await asyncio.gather(*(workers.do(lambda worker: worker.said(framed(b"one"))) for _ in range(2)))
    assert len(workers.pids) == 2
    assert workers.end_idle()
    assert not workers.end_idle()
    assert not workers.pids
    assert not workers.end_idle()


async def test_nothing_begins_after_the_end_and_what_is_under_way_fails(workers: Workers[Echo]) -> None:
    under_way = asyncio.create_task(failing(workers))
    while not workers.pids:
        await asyncio.sleep(0.001)
    await workers.close()
    assert await under_way is Failure.ENDED
    assert await failing(workers) is Failure.CLOSED


async def test_a_program_that_does_not_start_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", "/nowhere/at/all")
    with pytest.raises(ScanFailed) as caught:
        await Echo.start(Path("unused"))
    assert caught.value.failure is Failure.MISSING
