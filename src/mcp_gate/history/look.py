"""The recorded calls of a period, each with what a candidate would look at.

Signals are those of then. Only what calls come to over time (`count(24h)`) is counted anew where the candidate asks for
what the policy of then did not: as if every call had gone as it went.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from heapq import heappop, heappush

from mcp_gate.history.again import Candidate, Snapshots, WhyNot
from mcp_gate.history.past import Held, Past
from mcp_gate.lang.conditions import Window
from mcp_gate.model.call import Facts, Unknown
from mcp_gate.model.request import CallState, RequestStatus
from mcp_gate.signals.recorded import attributes_json
from mcp_gate.signals.windows import Deed, Windows


@dataclass(frozen=True, slots=True)
class Seen:
    """One call, and what the candidate would look at."""

    past: Past
    facts: Facts | WhyNot
    recounted: bool = False
    """Whether something of it was counted anew."""


class Look:
    """One pass over history; the calls come in their order, from the candidate's reach before the period on."""

    def __init__(self, candidate: Candidate, snapshots: Snapshots, settled: Callable[[Held], float | None]) -> None:
        """
        Args:
            settled: when people settled a request, seconds since the epoch; None where they did not.
        """
        self._candidate = candidate
        self._snapshots = snapshots
        self._windows = candidate.loaded.policy.windows
        self._counted = _Counted(self._windows, settled)

    def over(self, pasts: Iterable[Past], start: float) -> Iterator[Seen]:
        """The calls from `start` on; those before are only counted."""
        for past in pasts:
            facts = self._candidate.facts(past)
            if not self._windows:
                if past.at >= start:
                    yield Seen(past, facts)
                continue
            deed = _deed(past, facts)
            if past.at >= start:
                yield self._recounted(past, facts, deed)
            self._counted.add(past, deed)

    def _recounted(self, past: Past, facts: Facts | WhyNot, deed: Deed) -> Seen:
        if isinstance(facts, WhyNot):
            return Seen(past, facts)
        missing = self._missing(past, facts)
        if not missing:
            return Seen(past, facts)
        windows = {**facts.signals.windows, **self._counted.values(missing, deed, past.at)}
        return Seen(past, replace(facts, signals=replace(facts.signals, windows=windows)), recounted=True)

    def _missing(self, past: Past, facts: Facts) -> tuple[Window, ...]:
        """The windows that nobody asked for when the call was decided."""
        own = self._snapshots(past.snapshot)
        asked = facts.signals.windows.keys() if own is None else {window.text for window in own.policy.windows}
        return tuple(window for window in self._windows if window.text not in asked)


def _deed(past: Past, facts: Facts | WhyNot) -> Deed:
    """What windows look at, as the candidate describes the call."""
    if isinstance(facts, WhyNot):
        return Deed.of(past.call)
    told = facts.description
    return Deed(facts.agent, facts.upstream, facts.tool, told.topic, attributes_json(told.attributes))


class _Counted:
    """Which calls count, as in a gate: a held one from when it came, until it is certain that it is not sent."""

    def __init__(self, windows: Iterable[Window], settled: Callable[[Held], float | None]) -> None:
        self._windows = Windows(windows)
        self._settled = settled
        self._moves: list[tuple[float, str, bool]] = []
        """A heap: when a held call was sent, or will never be."""

    def values(self, windows: Iterable[Window], deed: Deed, now: float) -> dict[str, Decimal | Unknown]:
        while self._moves and self._moves[0][0] <= now:
            at, call_id, sent = heappop(self._moves)
            if sent:
                self._windows.sent(call_id, at)
            else:
                self._windows.remove(call_id)
        return self._windows.values(windows, deed, now)

    def add(self, past: Past, deed: Deed) -> None:
        held = past.held
        if held is None:
            if past.state is not CallState.DENIED:
                self._windows.add(past.call.id, deed, past.at)
            return
        self._windows.add(past.call.id, deed, None)
        if held.status is not RequestStatus.PENDING:
            settled = self._settled(held)
            at = held.due if settled is None else settled
            heappush(self._moves, (at, past.call.id, held.status is RequestStatus.APPROVED))
