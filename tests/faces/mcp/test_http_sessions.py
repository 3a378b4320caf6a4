"""All sessions: how many there may be, what they are called, and when they end."""

from __future__ import annotations

import asyncio

import pytest

from support.sessions import Kept

pytestmark = pytest.mark.anyio


async def test_ids_cannot_be_guessed() -> None:
    kept = Kept()
    ids = {kept.open().id for _ in range(100)}
    assert len(ids) == 100
    assert all(len(bytes.fromhex(id)) == 16 for id in ids)
    await kept.sessions.close()


async def test_there_are_no_more_sessions_than_allowed() -> None:
    kept = Kept(most=2)
    first = kept.open()
    kept.open()
    assert kept.sessions.open("a") is None
    await kept.sessions.end(first)
    kept.open()
    await kept.sessions.close()
    assert kept.count == 0
    assert [talk.closed for talk in kept.begun] == [1, 1, 1]


async def test_a_session_that_nobody_uses_ends_and_one_in_use_does_not() -> None:
    kept = Kept(idle_sec=0.0)
    unused, used = kept.open(), kept.open()
    with used.use():
        await asyncio.sleep(0.01)
        kept.sessions.sweep()
        await asyncio.sleep(0)
        assert kept.sessions.get(unused.id, "a") is None
        assert kept.sessions.get(used.id, "a") is used
    await kept.sessions.close()
