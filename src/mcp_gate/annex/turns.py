"""Places for which many wait, given in turn to each of those who wait: whoever wants many keeps nobody from theirs."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Hashable


class Turns:
    """First come, first served among the wishes of one; among several, one after the other."""

    def __init__(self, places: int) -> None:
        self._free = places
        self._waiting: dict[Hashable, deque[asyncio.Future[None]]] = {}
        """The one whose turn it is next comes first. Whoever stopped waiting is still among them."""

    async def take(self, who: Hashable) -> None:
        """Wait for a place."""
        if self._free:
            self._free -= 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(who, deque()).append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():  # it was given at the same moment
                self.give()
            raise

    def give(self) -> None:
        """Give a place back."""
        while self._waiting:
            who = next(iter(self._waiting))
            line = self._waiting.pop(who)
            turn = line.popleft()
            if line:
                self._waiting[who] = line
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1
