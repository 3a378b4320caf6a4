"""What agents usually do, as it is read when they call."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from mcp_gate.lang.times import rfc3339
from mcp_gate.store.habits import Habits, _Past

pytestmark = pytest.mark.anyio


class Slow:
    """A database whose answer comes when the test says so."""

    def __init__(self) -> None:
        self.answer: asyncio.Future[_Past] = asyncio.get_running_loop().create_future()

    def write(self, body: object, **_: Any) -> asyncio.Future[_Past]:
        return self.answer


async def test_who_asks_in_the_moment_that_the_past_was_read_knows_it() -> None:
    database = Slow()
    habits = Habits(cast(Any, database), lambda: 0.0)
    first = asyncio.create_task(habits.acquaint("bot"))
    await asyncio.sleep(0)
    database.answer.set_result(_Past((), ()))
    await habits.acquaint("bot")  # nobody else had his turn since
    assert habits.judge("bot", "get", rfc3339(0), {}, 2)[1]["argument_bytes"] == 2
    await first
