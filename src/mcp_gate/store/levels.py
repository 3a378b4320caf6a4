"""Levels of agents: rows that change with what causes it, and a copy in memory that is asked on every call."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Final, TypeAlias

from mcp_gate.autonomy.ladder import Ladder
from mcp_gate.autonomy.level import AgentLevel, Cause, Change, Conduct, Counts, after
from mcp_gate.lang.times import parse_rfc3339
from mcp_gate.model.event import Event
from mcp_gate.model.foreign import JsonObject
from mcp_gate.model.judged import Refused
from mcp_gate.store.database import Outdated, Row, Tx

Moved: TypeAlias = Change | Refused
Judge: TypeAlias = Callable[[AgentLevel], Moved]
"""What a person's word does to an agent's level; pure, and run in the transaction that reads the level."""

HIGHEST: Final = 99
_PUT: Final = (
    "insert into levels(agent, level, since, successes, errors, violations) "
    "values(:agent, :level, :since, :successes, :errors, :violations) on conflict(agent) do update set "
    "level = excluded.level, since = excluded.since, successes = excluded.successes, errors = excluded.errors, "
    "violations = excluded.violations"
)


class Levels:
    """Every agent that was ever counted. What cannot be read, or is not what the record says, is level 0.

    Bodies run in the writer's thread and readers in the event loop's, as in `facts.History`.
    """

    def __init__(self, now: Callable[[], str]) -> None:
        """
        Args:
            now: the time as it is written down.
        """
        self._now = now
        self._known: dict[str, AgentLevel] = {}
        self._ladder: Ladder | None = None
        self.changed: Callable[[str, Change], None] = lambda agent, change: None
        """Told of every change once it is durable, in the writer's thread."""

    # -- asked on every call, from memory -------------------------------------------------------------------------

    @property
    def ladder(self) -> Ladder | None:
        """The levels in force; None: there are none, and nothing is counted."""
        return self._ladder

    def level(self, agent: str) -> int:
        """The number alone."""
        return self.of(agent).level

    def of(self, agent: str) -> AgentLevel:
        """An agent as of the last durable transaction. Without levels everybody is at 0."""
        return AgentLevel() if self._ladder is None else self._known.get(agent, AgentLevel())

    def known(self) -> frozenset[str]:
        """Every agent of which something is known."""
        return frozenset(self._known.copy())

    # -- within transactions --------------------------------------------------------------------------------------

    def govern(self, tx: Tx, ladder: Ladder | None, fields: JsonObject) -> None:
        """From now on agents move on this ladder: new ones begin at their first level, those too high come down, and
        what is stored of an agent must be what the record says."""
        tx.after(lambda: self._begin(ladder))
        if ladder is None:
            return
        rows = {row["agent"]: _read(row) for row in tx.all("select * from levels")}
        recorded = _recorded(tx)
        new = {agent for agent in ladder.agents if ladder.first(agent) and agent not in rows.keys() | recorded.keys()}
        for agent in sorted(new):
            first = ladder.first(agent)
            self._put(tx, agent, AgentLevel(first), Change(0, first, Cause.INITIAL), fields)
        for agent in sorted(rows.keys() | recorded.keys()):
            found, said = rows.get(agent), recorded.get(agent, 0)
            most = ladder.most(agent)
            if found is None or found.level != said:
                self._put(tx, agent, AgentLevel(), Change(said, 0, Cause.LOST), fields)
            elif found.level > most:
                self._put(tx, agent, AgentLevel(most), Change(found.level, most, Cause.CAPPED), fields)
            else:
                self._remember(tx, agent, found)

    def note(self, tx: Tx, agent: str, conduct: Conduct, fields: JsonObject) -> None:
        """Count what an agent did, with whatever that does to its level.

        Args:
            fields: members of the event that says what it did.
        """
        if self._ladder is not None:
            now, change = after(self.current(tx, agent, fields), conduct, self._ladder)
            self._put(tx, agent, now, change, fields)

    def move(self, tx: Tx, agent: str, judge: Judge, fields: JsonObject) -> Moved:
        """A person's word on an agent's level.

        Args:
            fields: who says so, when, and why.
        """
        moved = judge(self.current(tx, agent, fields))
        if isinstance(moved, Change):
            self._put(tx, agent, AgentLevel(moved.now), moved, fields)
        return moved

    def check(self, tx: Tx, agent: str, decided_at: int) -> None:
        """
        Raises:
            Outdated: the agent is not at the level that the call was decided at.
        """
        if self._ladder is not None:
            found = _row(tx, agent)
            if found is None:
                self._known.pop(agent, None)  # lost while the gate runs: at 0 from now on
            if (0 if found is None else found.level) != decided_at:
                raise Outdated("the agent's level changed since the call was decided")

    def current(self, tx: Tx, agent: str, fields: JsonObject) -> AgentLevel:
        """The agent's row. One that was lost is level 0, and that is recorded."""
        found = _row(tx, agent)
        if found is not None:
            return found
        fresh, said = AgentLevel(since=self._now()), _recorded(tx).get(agent, 0)
        if said:
            self._put(tx, agent, fresh, Change(said, 0, Cause.LOST), fields)
        return fresh

    def _put(self, tx: Tx, agent: str, state: AgentLevel, change: Change | None, fields: JsonObject) -> None:
        if change is not None or not state.since:
            state = AgentLevel(state.level, self._now(), state.counts)
        counts = state.counts
        tx.run(
            _PUT, agent=agent, level=state.level, since=state.since, successes=counts.successes,
            errors=counts.errors, violations=counts.violations,
        )  # fmt: skip
        self._remember(tx, agent, state)
        if change is not None:
            tx.record(Event("agent.level_changed", {**fields, "agent": agent}, change.as_json()))
            tx.after(lambda: self.changed(agent, change))

    def _remember(self, tx: Tx, agent: str, state: AgentLevel) -> None:
        tx.after(lambda: self._known.__setitem__(agent, state))

    def _begin(self, ladder: Ladder | None) -> None:
        self._ladder = ladder


def _row(tx: Tx, agent: str) -> AgentLevel | None:
    row = tx.one("select * from levels where agent = :agent", agent=agent)
    return None if row is None else _read(row)


def _read(row: Row) -> AgentLevel | None:
    """None: this is not what a gate wrote."""
    numbers = [row[name] for name in ("level", "successes", "errors", "violations")]
    if not all(type(number) is int and number >= 0 for number in numbers) or row["level"] > HIGHEST:
        return None
    try:
        parse_rfc3339(row["since"])
    except (ValueError, TypeError):
        return None
    return AgentLevel(row["level"], row["since"], Counts(*numbers[1:]))


def _recorded(tx: Tx) -> dict[str, int]:
    """Every agent's level as the record has it."""
    rows = tx.all("select body from audit where event = 'agent.level_changed' order by seq")
    bodies = [json.loads(row["body"]) for row in rows]
    return {body["agent"]: body["data"]["to"] for body in bodies}
