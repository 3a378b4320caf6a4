"""Things that happen in the order in which they came, each after it was looked at."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any, Final

from mcp_gate.model.foreign import JsonObject

log = logging.getLogger(__name__)

MOST: Final = 1024
"""Things that may wait; what comes then is dropped."""

Act = Callable[[JsonObject], None]


class InOrder:
    """One line of things."""

    def __init__(self) -> None:
        self._line: deque[tuple[asyncio.Future[JsonObject | None], Act]] = deque()

    def put(self, look: Coroutine[Any, Any, JsonObject | None], act: Act) -> bool:
        """Have `act` called with what `look` comes to, after everything that was put before; not where it is None.

        False: too much waits, and it was dropped.
        """
        if len(self._line) >= MOST:
            look.close()
            return False
        looking: asyncio.Future[JsonObject | None] = asyncio.ensure_future(look)
        self._line.append((looking, act))
        looking.add_done_callback(self._advance)
        return True

    def add(self, found: JsonObject, act: Act) -> None:
        """The same with what need not be looked at: now, where nothing waits."""
        if not self._line:
            _done(act, found)
            return
        turn: asyncio.Future[JsonObject | None] = asyncio.get_running_loop().create_future()
        turn.set_result(found)
        self._line.append((turn, act))

    async def settled(self) -> None:
        """Wait until what was put so far has happened."""
        if self._line:
            passed = asyncio.Event()
            self.add({}, lambda _: passed.set())
            await passed.wait()

    def _advance(self, _: object) -> None:
        while self._line and self._line[0][0].done():
            looked, act = self._line.popleft()
            if looked.cancelled():
                continue
            if (error := looked.exception()) is not None:
                log.error("what an upstream said could not be looked at: %s", type(error).__name__)
                continue
            found = looked.result()
            if found is not None:
                _done(act, found)


def _done(act: Act, found: JsonObject) -> None:
    """One that fails holds nothing up that comes after it."""
    try:
        act(found)
    except Exception as e:
        log.error("what an upstream said could not be passed on: %s", type(e).__name__)
