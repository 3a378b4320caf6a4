"""Things that are looked at leave in the order in which they came."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from mcp_gate.gate.inorder import MOST, InOrder

pytestmark = pytest.mark.anyio


async def after(gate: asyncio.Event, found: Any) -> Any:
    await gate.wait()
    if isinstance(found, Exception):
        raise found
    return found


async def test_what_came_first_leaves_first_however_long_it_was_looked_at() -> None:
    line, left = InOrder(), list[int]()
    slow, quick = asyncio.Event(), asyncio.Event()

    def act(found: dict[str, Any]) -> None:
        left.append(found["n"])

    line.put(after(slow, {"n": 1}), act)
    line.put(after(quick, {"n": 2}), act)
    line.add({"n": 3}, act)
    settled = asyncio.ensure_future(line.settled())
    quick.set()
    for _ in range(5):
        await asyncio.sleep(0)
    assert (left, settled.done()) == ([], False)
    slow.set()
    await settled
    assert left == [1, 2, 3]
    line.add({"n": 4}, act)
    assert left == [1, 2, 3, 4], "an empty line is no line"
    await line.settled()


async def test_what_may_not_leave_or_fails_is_passed_over() -> None:
    line, left = InOrder(), list[Any]()
    now = asyncio.Event()
    now.set()
    for found in (None, ValueError("broken"), {"n": 1}):
        line.put(after(now, found), left.append)
    await line.settled()
    assert left == [{"n": 1}]


async def test_one_that_cannot_be_passed_on_holds_up_nothing_that_comes_after_it() -> None:
    line, left, now = InOrder(), list[Any](), asyncio.Event()

    def broken(found: dict[str, Any]) -> None:
        raise ValueError("the way to the client is gone")

    line.put(after(now, {"n": 1}), broken)
    line.put(after(now, {"n": 2}), left.append)
    settled = asyncio.ensure_future(line.settled())
    await asyncio.sleep(0)
    now.set()
    await asyncio.wait_for(settled, 5)
    assert left == [{"n": 2}]


async def test_a_flood_is_dropped_and_told_of() -> None:
    line, never = InOrder(), asyncio.Event()
    assert all(line.put(after(never, {}), lambda _: None) for _ in range(MOST))
    assert not line.put(after(never, {}), lambda _: None)
    never.set()
    await line.settled()
