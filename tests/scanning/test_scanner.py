"""Texts are looked at without holding anything up, by real processes that are killed, stopped and starved here."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any

import pytest

from mcp_gate.detect.finding import Leaf
from mcp_gate.detect.options import Options
from mcp_gate.scanning import scanner as module
from mcp_gate.scanning.failed import Failure, ScanFailed
from mcp_gate.scanning.pieces import LONGEST
from mcp_gate.scanning.pool import Pool
from mcp_gate.scanning.scanner import Scanner
from support.labelled import records
from support.scanning import rules

pytestmark = pytest.mark.anyio
RULES = Options(ner=False)
MAIL = "dana@example.com"
LARGE = [Leaf("no more than words, " * 4_000 + MAIL)]
"""Enough for a process."""


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine is no fault; and what is not small goes to a process."""
    monkeypatch.setattr(module, "WHOLE_SEC", 45.0)
    monkeypatch.setattr(module, "BIT_BY_BIT", 0)


@asynccontextmanager
async def scanner(**settings: Any) -> AsyncIterator[Scanner]:
    one = Scanner(rules(), pool=Pool(rules(), **{"piece_sec": 30.0, **settings}))
    try:
        yield one
    finally:
        await one.close()


def texts(leaves: list[Leaf], scan: Any) -> list[list[str]]:
    return [[leaf.text[f.start : f.end] for f in own] for leaf, own in zip(leaves, scan.findings, strict=True)]


async def failure(scanning: Any) -> Failure:
    with pytest.raises(ScanFailed) as caught:
        await scanning
    return caught.value.failure


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_small_texts_start_no_process_and_large_ones_do_once() -> None:
    async with scanner(most=1) as one:
        small = [Leaf(f"ask {MAIL}"), Leaf("fine"), Leaf("")]
        assert texts(small, await one.scan(small, RULES)) == [[MAIL], [], []]
        assert one.pids == frozenset()
        assert texts(LARGE, await one.scan(LARGE, RULES)) == [[MAIL]]
        first = one.pids
        assert len(first) == 1
        await one.scan(LARGE, RULES)
        assert one.pids == first
    assert not any(alive(pid) for pid in first)


async def test_small_texts_full_of_signs_are_left_to_a_process() -> None:
    async with scanner(most=1) as one:
        crowded = [Leaf("a@b.co\n" * 1_200)]
        assert len((await one.scan(crowded, RULES)).findings[0]) == 1_200
        assert len(one.pids) == 1


async def test_long_texts_with_hardly_anything_in_them_start_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BIT_BY_BIT", 1_048_576)
    many = [Leaf(f"row {n} of many: all is well", ("rows", "note")) for n in range(5_000)]
    async with scanner() as one:
        for quiet in (LARGE, [Leaf("x" * 1_000_000)], [*many, *LARGE]):
            assert texts(quiet, await one.scan(quiet, RULES))[-1] == ([MAIL] if quiet[-1] is LARGE[0] else [])
        assert one.pids == frozenset()
        for busy in ("a@b.co, " * 12_000, "all is \\u0077ell, " * 6_000):
            await one.scan([Leaf(busy)], RULES)
            assert len(one.pids) == 1
        table = [Leaf("name,email,phone\n" + "Ann Lee,none,none\n" * 4_000)]
        assert len((await one.scan(table, RULES)).findings[0]) == 4_000
        assert len(one.pids) == 1


async def test_what_is_found_bit_by_bit_is_what_processes_find(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SIGNS", 100_000)
    drawn = [Leaf(record.text) for record in records(Random(6), 300)]
    async with scanner(most=1) as one:
        before = await one.scan(drawn, RULES)
        assert len(one.pids) == 1
        monkeypatch.setattr(module, "BIT_BY_BIT", 1_048_576)
        monkeypatch.setattr(one._pool, "scan", None)
        await one._shapes_loaded(RULES)
        assert await one.scan(drawn, RULES) == before


async def test_a_text_of_30_megabytes_is_seen_whole_and_holds_nothing_up() -> None:
    at = LONGEST * 20
    words = "all is well and nothing to see\n" * (30_000_000 // 31)
    text = words[: at - 8] + f"\n{MAIL}\n" + words[at + 9 :]
    longest = 0.0

    async def watch() -> None:
        nonlocal longest
        while True:
            before = time.perf_counter()
            await asyncio.sleep(0.001)
            longest = max(longest, time.perf_counter() - before)

    async with scanner() as one:
        await one.scan(LARGE, RULES)
        watching = asyncio.create_task(watch())
        assert texts([Leaf(text)], await one.scan([Leaf(text)], RULES)) == [[MAIL]]
        watching.cancel()
    assert longest < 1.0  # the bench measures it; this is a busy machine's bound


async def test_S204_a_process_that_is_killed_fails_what_it_was_at_and_is_replaced() -> None:
    async with scanner(most=1) as one:
        await one.scan(LARGE, RULES)
        (pid,) = one.pids
        os.kill(pid, signal.SIGSTOP)
        under_way = asyncio.create_task(failure(one.scan(LARGE, RULES)))
        await asyncio.sleep(0.05)
        os.kill(pid, signal.SIGKILL)
        assert await under_way is Failure.ENDED
        assert texts(LARGE, await one.scan(LARGE, RULES)) == [[MAIL]]
        assert one.pids.isdisjoint({pid})


@pytest.mark.parametrize("anyio_backend", [("asyncio", {"use_uvloop": wanted}) for wanted in (False, True)])
async def test_S204_a_process_that_is_killed_while_it_waits_is_replaced_before_it_fails_anything() -> None:
    async with scanner(most=1) as one:
        await one.scan(LARGE, RULES)
        (pid,) = one.pids
        os.kill(pid, signal.SIGKILL)
        for _ in range(200):
            await asyncio.sleep(0.01)
            if not alive(pid):
                break
        assert texts(LARGE, await one.scan(LARGE, RULES)) == [[MAIL]]
        assert one.pids.isdisjoint({pid})


async def test_S204_a_process_that_hangs_is_ended_in_time() -> None:
    async with scanner(most=1, piece_sec=0.3) as one:
        await one.scan(LARGE, RULES)
        (pid,) = one.pids
        os.kill(pid, signal.SIGSTOP)
        assert await failure(one.scan(LARGE, RULES)) is Failure.TIME
        assert not alive(pid)


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="only Linux bounds another process")
async def test_S204_a_process_without_memory_fails_and_is_replaced() -> None:
    async with scanner(most=1) as one:
        await one.scan(LARGE, RULES)
        (pid,) = one.pids
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[0])
        bound = (pages + 64) * resource.getpagesize()
        resource.prlimit(pid, resource.RLIMIT_AS, (bound, bound))
        assert await failure(one.scan([Leaf("words " * 170_000)], RULES)) is Failure.ENDED
        assert texts(LARGE, await one.scan(LARGE, RULES)) == [[MAIL]]


async def test_S204_a_detector_that_is_missing_is_told_with_its_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "kingfisher_sdk", None)
    monkeypatch.setattr(module, "load", load_anew)
    async with scanner() as one:
        with pytest.raises(ScanFailed, match="kingfisher-secret-scanner") as caught:
            await one.scan([Leaf("anything")], RULES)
        assert caught.value.failure is Failure.MISSING


def load_anew(folder: Path, options: Options) -> Any:
    from mcp_gate.detect.secrets.shapes import Shapes

    return Shapes(folder)


async def test_a_detector_that_raises_says_only_what_kind_of_error_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> Any:
        raise ValueError(f"cannot read {MAIL}")

    monkeypatch.setattr(module, "load", lambda *_: broken)
    async with scanner() as one:
        with pytest.raises(ScanFailed, match="ValueError") as caught:
            await one.scan([Leaf("anything")], RULES)
        assert caught.value.failure is Failure.DETECTOR
        assert MAIL not in str(caught.value)


async def test_S203_more_than_is_scanned_is_refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST", 1_000)
    async with scanner() as one:
        assert await failure(one.scan([Leaf("x" * 600), Leaf("x" * 401)], RULES)) is Failure.TOO_LARGE
        assert one.pids == frozenset()


async def test_S203_all_of_it_may_take_only_so_long(monkeypatch: pytest.MonkeyPatch) -> None:
    async with scanner(most=1) as one:
        await one.scan(LARGE, RULES)
        (pid,) = one.pids
        os.kill(pid, signal.SIGSTOP)
        monkeypatch.setattr(module, "WHOLE_SEC", 0.1)
        assert await failure(one.scan(LARGE, RULES)) is Failure.TIME
        os.kill(pid, signal.SIGCONT)


async def test_a_caller_that_goes_away_disturbs_no_process() -> None:
    async with scanner(most=1) as one:
        await one.scan(LARGE, RULES)
        before = one.pids
        gone = asyncio.create_task(one.scan(LARGE, RULES))
        await asyncio.sleep(0.001)
        gone.cancel()
        assert texts(LARGE, await one.scan(LARGE, RULES)) == [[MAIL]]
        assert one.pids == before


async def test_what_is_under_way_fails_when_the_gate_ends() -> None:
    async with scanner(most=1) as one:
        await one.scan(LARGE, RULES)
        (pid,) = one.pids
        os.kill(pid, signal.SIGSTOP)
        under_way = asyncio.create_task(failure(one.scan(LARGE, RULES)))
        await asyncio.sleep(0.05)
        await one.close()
        assert await under_way is Failure.ENDED
        assert await failure(one.scan(LARGE, RULES)) is Failure.CLOSED
        assert not alive(pid)


GATE = """
import asyncio, sys, time
from pathlib import Path
from mcp_gate.detect.finding import Leaf
from mcp_gate.detect.options import Options
from mcp_gate.scanning.scanner import Scanner

async def main():
    one = Scanner(Path(sys.argv[1]))
    await one.scan([Leaf("words " * 200_000)], Options(ner=False))
    print(*one.pids, flush=True)
    time.sleep(60)

asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's word that a parent died")
async def test_no_process_outlives_a_gate_that_is_killed() -> None:
    gate = await asyncio.create_subprocess_exec(
        sys.executable, "-c", GATE, str(rules()), stdout=asyncio.subprocess.PIPE
    )
    assert gate.stdout is not None
    pids = [int(word) for word in (await gate.stdout.readline()).split()]
    assert pids
    assert all(alive(pid) for pid in pids)
    os.kill(pids[0], signal.SIGSTOP)
    gate.kill()
    await gate.wait()
    for _ in range(100):
        if not any(alive(pid) for pid in pids):
            return
        await asyncio.sleep(0.02)
    raise AssertionError("a process is still there")
