"""What each agent usually does, held in memory for the agents that called last; read from the record when one calls."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from mcp_gate.lang.times import parse_rfc3339, rfc3339
from mcp_gate.model.call import Call
from mcp_gate.model.foreign import JsonMapping, JsonObject
from mcp_gate.signals.anomaly import MOST, Act, Anomaly, Profile, numbers_of
from mcp_gate.store import rows
from mcp_gate.store.database import Database, Row, Tx

log = logging.getLogger(__name__)

AGENTS: Final = 100
"""Agents whose past is held in memory; beyond that, the one that has been silent longest is dropped."""
MINUTE: Final = 60.0
FASTEST: Final = 10_000
"""Calls of one agent in a minute that are told apart."""
MEASURED: Final = "measured"
"""Under `Call.signals`: what was measured of a call when it was decided, so that it is learned as it was seen."""


@dataclass(slots=True)
class _Known:
    profile: Profile
    times: deque[float]
    """When the agent called in the last minute; seconds since the epoch, as in the record."""


@dataclass(slots=True)
class _Reading:
    """An agent whose past is being read, and what it did meanwhile."""

    done: asyncio.Future[_Past]
    seen: list[Call] = field(default_factory=list)
    executed: list[Call] = field(default_factory=list)


class Habits:
    """Belongs to the event loop."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._db = database
        self._clock = clock
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._reading: dict[str, _Reading] = {}

    async def acquaint(self, agent: str) -> None:
        """Read what an agent did before, unless that is known. Before a call of it is judged.

        Raises:
            Unavailable: the record cannot be read.
        """
        if agent in self._known:
            return
        reading = self._reading.get(agent)
        if reading is None:
            done = self._db.write(partial(_read, agent=agent, now=self._clock()), reads_record=True)
            reading = self._reading[agent] = _Reading(done)
            done.add_done_callback(lambda _: self._have_read(agent, reading))
        await asyncio.shield(reading.done)
        self._have_read(agent, reading)  # where it was done already, nobody else need have had his turn

    def judge(self, agent: str, tool: str, ts: str, arguments: JsonMapping, size: int) -> tuple[Anomaly, JsonObject]:
        """How unusual a call is, and what was measured of it.

        Raises:
            KeyError: the agent's past was not read.
        """
        known = self._known[agent]
        now = parse_rfc3339(ts)
        while known.times and known.times[0] <= now - MINUTE:
            known.times.popleft()
        pace = len(known.times) + 1
        anomaly = known.profile.score(Act(tool, size, pace, numbers_of(arguments)))
        return anomaly, {"calls_in_last_minute": pace, "argument_bytes": size}

    def seen(self, call: Call) -> None:
        """A call was decided, whatever the decision."""
        known = self._known.get(call.agent)
        if known is not None:
            self._known.move_to_end(call.agent)
            known.times.append(parse_rfc3339(call.ts))
        elif call.agent in self._reading:
            self._reading[call.agent].seen.append(call)

    def executed(self, call: Call) -> None:
        """A call was executed: it is usual from now on. That it was executed is recorded whatever happens here."""
        known = self._known.get(call.agent)
        if known is not None:
            try:
                known.profile.learn(_act(call.upstream, call.tool, call.arguments, call.signals))
            except Exception:
                log.exception("what agent %s did cannot be compared with; it is read anew", call.agent)
                del self._known[call.agent]
        elif call.agent in self._reading:
            self._reading[call.agent].executed.append(call)

    def _have_read(self, agent: str, reading: _Reading) -> None:
        if self._reading.get(agent) is not reading:
            return
        del self._reading[agent]
        if reading.done.exception() is not None:
            return
        past = reading.done.result()
        known = self._known[agent] = _Known(Profile(), deque(past.times, FASTEST))
        for act in past.acts:
            known.profile.learn(act)
        for call in reading.seen:
            self.seen(call)
        for call in reading.executed:
            self.executed(call)
        if len(self._known) > AGENTS:
            self._known.popitem(last=False)


@dataclass(frozen=True, slots=True)
class _Past:
    """What the record says of one agent."""

    acts: tuple[Act, ...]
    """What was executed, in that order."""
    times: tuple[float, ...]


def _read(tx: Tx, agent: str, now: float) -> _Past:
    """As a transaction that writes: what was queued before it is on the record, and nothing that comes after."""
    found = tx.all(
        "select c.upstream, c.tool, c.arguments, c.signals, a.seq from calls c "
        "join audit a on a.call_id = c.id and a.event = 'call.executed' "
        "where c.agent = :agent order by c.ts desc, c.id desc limit :most",
        agent=agent, most=MOST,
    )  # fmt: skip
    times = tx.all(
        "select ts from calls where agent = :agent and ts > :since and state <> 'proposed' order by ts",
        agent=agent, since=rfc3339(now - MINUTE),
    )  # fmt: skip
    acts = tuple(_row_act(row) for row in sorted(found, key=lambda row: row["seq"]))
    return _Past(acts, tuple(parse_rfc3339(row["ts"]) for row in times))


def _row_act(row: Row) -> Act:
    return _act(row["upstream"], row["tool"], rows.value(row["arguments"]), rows.value(row["signals"]))


def _act(upstream: str, tool: str, arguments: JsonMapping, signals: JsonMapping) -> Act:
    """A call of an older gate, which measured nothing, is one of its own minute and without size."""
    measured = signals.get(MEASURED, {})
    size, pace = measured.get("argument_bytes", 0), measured.get("calls_in_last_minute", 1)
    return Act(f"{upstream} {tool}", size, pace, numbers_of(arguments))
