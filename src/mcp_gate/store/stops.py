"""Who is stopped. The word holds from the moment it is given, before it is on disk; a resume only once it is."""

from __future__ import annotations

from typing import Final

from mcp_gate.model.event import Event
from mcp_gate.store.database import Outdated, Tx

EVERYBODY: Final = "*"
"""Stands for every agent; no agent has this id."""


class Stops:
    """Ids of stopped agents, in memory for asking and in rows for keeping.

    Asked in the event loop and by bodies in the writer's thread: each step is one operation on a set.
    """

    def __init__(self, agents: set[str]) -> None:
        self._agents = agents

    @classmethod
    def load(cls, tx: Tx) -> Stops:
        """Load what the last gate left."""
        return cls({row["agent"] for row in tx.all("select agent from stops")})

    def stopped(self, agent: str) -> bool:
        """Whether an agent, or everybody, is stopped."""
        return agent in self._agents or EVERYBODY in self._agents

    def named(self, agent: str) -> bool:
        """Whether it is stopped by its own name."""
        return agent in self._agents

    def check(self, agent: str) -> None:
        """
        Raises:
            Outdated: it is stopped.
        """
        if self.stopped(agent):
            raise Outdated("the agent is stopped")

    def hold(self, agent: str) -> None:
        """Nothing of it is let pass from now on."""
        self._agents.add(agent)

    def stop(self, tx: Tx, agent: str, event: Event) -> None:
        """Write what `hold` began, with its record."""
        tx.run("insert into stops(agent) values(:agent) on conflict do nothing", agent=agent)
        tx.record(event)

    def resume(self, tx: Tx, agent: str, event: Event) -> None:
        """Let it pass again, once that is durable."""
        tx.run("delete from stops where agent = :agent", agent=agent)
        tx.record(event)
        tx.after(lambda: self._agents.discard(agent))
