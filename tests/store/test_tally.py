from __future__ import annotations

from mcp_gate.evidence.chain import START
from mcp_gate.model.durations import Durations
from mcp_gate.model.event import Event
from mcp_gate.store.tally import Tally
from mcp_gate.store.transaction import Ledger


def test_calls_are_counted_by_what_the_policy_said_and_how_they_ended() -> None:
    tally = Tally()
    decided = Event("call.decided", {"decision": "allow", "agent": "a"}, {"tier": "low"})
    tally.committed([decided, decided, Event("call.executed", {}, {"is_error": True})], 0.003)
    tally.committed([Event("call.unknown"), Event("request.refused", {}, {"code": "claimed"})], 9.0)
    assert tally.events() == {
        ("call.decided", "allow", "low"): 2, ("call.executed", "error"): 1, ("call.unknown",): 1,
        ("request.refused", "claimed"): 1,
    }  # fmt: skip
    assert list(tally.commits.cumulative())[-2:] == [(5.0, 1), (float("inf"), 2)]


def test_what_a_failed_body_wrote_is_not_counted() -> None:
    ledger = Ledger(START, "2026-01-01T00:00:00.000Z")
    ledger.add(Event("call.received"))
    mark = ledger.mark()
    ledger.add(Event("call.decided"))
    ledger.back_to(mark)
    assert [event.event for event in ledger.events] == ["call.received"]


def test_a_duration_counts_below_every_bound_that_it_does_not_exceed() -> None:
    durations = Durations((1, 10))
    for seconds in (0.5, 1.0, 3.0, 30.0):
        durations.add(seconds)
    assert list(durations.cumulative()) == [(1, 2), (10, 3), (float("inf"), 4)]
    assert durations.total == 34.5
