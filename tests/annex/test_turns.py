"""Places for what is large: in turn, whoever wants how many."""

from __future__ import annotations

import asyncio

import pytest

from mcp_gate.annex.turns import Turns

pytestmark = pytest.mark.anyio


async def test_who_wants_many_places_keeps_nobody_from_theirs() -> None:
    turns, had = Turns(1), []

    async def use(who: str) -> None:
        await turns.take(who)
        had.append(who)
        await asyncio.sleep(0)
        turns.give()

    await asyncio.gather(*(use(who) for who in ["a1"] * 5 + ["b2", "c3", "b2"]))
    assert had == ["a1", "a1", "b2", "c3", "a1", "b2", "a1", "a1"]


async def test_a_place_is_not_lost_by_whoever_stops_waiting() -> None:
    turns = Turns(2)
    await turns.take("a")
    await turns.take("a")
    waiting = [asyncio.create_task(turns.take(who)) for who in "abab"]
    await asyncio.sleep(0)
    waiting[0].cancel()
    await asyncio.sleep(0)
    turns.give()
    waiting[1].cancel()  # it has its place already, and does not know
    await asyncio.wait(waiting[:2])
    await waiting[2]
    turns.give()
    await waiting[3]
    turns.give()
    turns.give()
    await asyncio.wait_for(asyncio.gather(turns.take("a"), turns.take("b")), 1)
