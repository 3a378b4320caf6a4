"""What calls come to over time, counted anew from what was recorded."""

from __future__ import annotations

from typing import Any

from mcp_gate.history.again import Candidate, WhyNot
from mcp_gate.history.look import Look, Seen
from mcp_gate.history.past import Held, Past
from mcp_gate.model.decision import Decision
from mcp_gate.model.request import CallState, RequestStatus
from mcp_gate.policy.load import Loaded, load
from support.directories import ALLOW_ALL, files
from support.held import NOW
from support.history import Deed, decided

HOUR = 3600.0
COUNT = 'rules:\n  - { id: many, match: { when: "count(1h) > 2" }, decision: require_approval }\n'
THEN = load(files(ALLOW_ALL))
NOW_IN_FORCE = load(files(COUNT, ALLOW_ALL))


EXECUTED = CallState.EXECUTED


def call(minute: float, state: CallState = EXECUTED, status: RequestStatus | None = None, **more: Any) -> Past:
    """A read that came at a minute; with a status it was held, and due half an hour later."""
    at = NOW + 60 * minute
    found, verdict = decided(THEN, Deed("get_order", **more), f"c-{minute}", at)
    held = None if status is None else Held(f"R-{minute}", status, "default", at, at + HOUR / 2)
    return Past(found, at, state, verdict.as_json(), THEN.snapshot.id, held)


def held_at(pasts: list[Past], settled: float | None = None, start: float = NOW, kept: bool = True) -> list[float]:
    """The minutes of the calls that a policy holds which counts them."""
    candidate = Candidate(NOW_IN_FORCE, describes=True)
    snapshots = {THEN.snapshot.id: THEN, NOW_IN_FORCE.snapshot.id: NOW_IN_FORCE} if kept else {}
    look = Look(candidate, snapshots.get, lambda held: None if settled is None else NOW + 60 * settled)
    assert candidate.reach == HOUR
    out = []
    for seen in look.over(pasts, start):
        assert not isinstance(seen.facts, WhyNot)
        if candidate.verdict(seen.past, seen.facts).decision is Decision.REQUIRE_APPROVAL:
            out.append((seen.past.at - NOW) / 60)
    return out


def test_calls_count_until_their_time_has_passed() -> None:
    assert held_at([call(minute) for minute in (0, 10, 20, 61, 75, 200)]) == [20, 61, 75]
    assert held_at([call(minute) for minute in (0, 10, 71, 72)]) == []


def test_calls_before_the_period_count_and_are_not_shown() -> None:
    assert held_at([call(minute) for minute in (-20, -10, 5)]) == [5]


def test_what_was_denied_does_not_count() -> None:
    assert held_at([call(0, CallState.DENIED), call(1, CallState.DENIED), call(2)]) == []


def test_a_held_call_counts_until_it_is_certain_that_it_is_not_sent() -> None:
    rejected = [call(0, status=RequestStatus.REJECTED), call(1, status=RequestStatus.REJECTED)]
    assert held_at([*rejected, call(4), call(6)], settled=5) == [4]


def test_a_held_call_counts_from_when_it_was_sent() -> None:
    approved = [call(0, status=RequestStatus.APPROVED), call(1, status=RequestStatus.APPROVED)]
    assert held_at([*approved, call(80), call(91)], settled=30) == [80]


def test_what_nobody_settled_counts_until_it_was_due_and_what_waits_still_counts() -> None:
    expired = [call(0, status=RequestStatus.EXPIRED), call(1, status=RequestStatus.EXPIRED)]
    assert held_at([*expired, call(29), call(32)]) == [29]
    waiting = [call(0, status=RequestStatus.PENDING), call(1, status=RequestStatus.PENDING)]
    assert held_at([*waiting, call(500)]) == [500]


def test_calls_of_another_agent_are_not_counted_with_these() -> None:
    assert held_at([call(0), call(1), call(2, agent="other")]) == []


def test_what_the_policy_of_then_asked_itself_is_taken_as_it_was() -> None:
    found, verdict = decided(NOW_IN_FORCE, Deed("get_order"), "c-9", NOW + 600)
    found.signals["windows"] = {"count(1h)": 3}
    past = Past(found, NOW + 600, CallState.EXECUTED, verdict.as_json(), NOW_IN_FORCE.snapshot.id, None)
    assert held_at([past]) == [10]
    assert held_at([past], kept=False) == [10]


def test_a_policy_that_asks_for_nothing_over_time_counts_nothing() -> None:
    candidate = Candidate(THEN, describes=True)
    look = Look(candidate, {}.get, lambda held: None)
    assert candidate.reach == 0
    assert [seen.past.at for seen in look.over([call(-5), call(5)], NOW)] == [NOW + 300]


def test_a_call_of_an_upstream_that_is_gone_is_still_counted_as_it_was() -> None:
    gone: Loaded = load(files(COUNT, ALLOW_ALL, upstreams="version: v1\nupstreams: { mill: { command: mill } }\n"))
    look = Look(Candidate(gone, describes=True), {}.get, lambda held: None)
    seen: list[Seen] = list(look.over([call(0)], NOW))
    assert seen[0].facts is WhyNot.UPSTREAM
