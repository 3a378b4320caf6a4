"""What the store knows of agents: their levels, and who is stopped."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from functools import partial

from mcp_gate.autonomy.ladder import Ladder
from mcp_gate.autonomy.level import AgentLevel, Change
from mcp_gate.model.event import Event
from mcp_gate.model.foreign import JsonObject
from mcp_gate.store import calls
from mcp_gate.store.database import Database, Tx, Unavailable
from mcp_gate.store.levels import Judge, Levels, Moved
from mcp_gate.store.stops import Stops


class Agents:
    """Of one store; what is not said to be from memory may raise `Unavailable`."""

    def __init__(self, database: Database, levels: Levels, stops: Stops) -> None:
        self._db = database
        self._levels = levels
        self._stops = stops

    def level(self, agent: str) -> int:
        """An agent's autonomy level. From memory."""
        return self._levels.level(agent)

    @property
    def ladder(self) -> Ladder | None:
        """The levels in force; None: there are none."""
        return self._levels.ladder

    def of(self, agent: str) -> AgentLevel:
        """An agent's level, since when, and what it did since. From memory."""
        return self._levels.of(agent)

    def known(self) -> dict[str, AgentLevel]:
        """Every agent that was counted or given a level. From memory."""
        return {agent: self._levels.of(agent) for agent in sorted(self._levels.known())}

    async def callers(self) -> set[str]:
        """Every agent that made a call or is stopped by its name, counted or not; `EVERYBODY` if all are stopped."""
        return await self._db.read(calls.agents)

    async def move(self, agent: str, judge: Judge, fields: JsonObject) -> Moved:
        """Let `judge` say what a person's word does to an agent's level as it is in this transaction, and write it.

        `fields` are the members of `agent.level_changed`: who says so, when, and why.
        """
        return await self._db.write(partial(self._levels.move, agent=agent, judge=judge, fields=fields))

    def stopped(self, agent: str) -> bool:
        """Whether nothing of this agent is let pass. From memory."""
        return self._stops.stopped(agent)

    def stopped_by_name(self, agent: str) -> bool:
        """Whether it is stopped itself, and not only with everybody (`stops.EVERYBODY`)."""
        return self._stops.named(agent)

    def stop(self, agent: str, event: Event) -> Awaitable[None]:
        """Stop an agent, or everybody: from now on, even if that cannot be recorded and `Unavailable` is raised; it is
        recorded then as soon as it can be."""
        self._stops.hold(agent)
        write = partial(self._stops.stop, agent=agent, event=event)
        return self._written(self._db.write(write), write)

    async def _written(self, written: Awaitable[None], write: Callable[[Tx], None]) -> None:
        try:
            await written
        except Unavailable:
            self._db.write(write, lazy=True)
            raise

    async def resume(self, agent: str, event: Event) -> None:
        """Let an agent, or everybody, go on."""
        await self._db.write(partial(self._stops.resume, agent=agent, event=event))

    def on_level_changed(self, told: Callable[[str, Change], None]) -> None:
        """Have every change of a level told in the event loop, once it is durable."""
        loop = asyncio.get_running_loop()

        def tell(agent: str, change: Change) -> None:
            with contextlib.suppress(RuntimeError):  # the loop is gone, and with it whoever listened
                loop.call_soon_threadsafe(told, agent, change)

        self._levels.changed = tell
