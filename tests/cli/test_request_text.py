"""Requests as text for a terminal: their stages, what comes at the end of one, whose words count."""

from __future__ import annotations

from typing import Any

from mcp_gate.cli.request_text import full, listing
from mcp_gate.faces.http.shapes import request_json
from mcp_gate.lang.times import rfc3339
from mcp_gate.model.decision import OnTimeout, Tier
from mcp_gate.model.request import RequestStatus
from mcp_gate.model.timed import Approves
from mcp_gate.review.due import Moment, fate
from support.held import NOW, SNAPSHOT, a_request, an_approval


def told(**changes: Any) -> str:
    return full(request_json(a_request(**changes)), NOW)


def test_the_head_line_says_what_comes_when_nobody_decides() -> None:
    low = {"tier": Tier.LOW, "on_timeout": OnTimeout.APPROVE}
    assert told().startswith("R-1  pending, 14:00 left, then denied\n")
    assert told(**low).startswith("R-1  pending, 14:00 left, then approved by policy\n")
    moving = told(on_timeout=OnTimeout.ESCALATE, escalate_to="bosses", escalate_ts=rfc3339(NOW + 61))
    assert moving.startswith("R-1  pending, 1:01 left, then to bosses\n")
    assert told(status=RequestStatus.CANCELLED).startswith("R-1  cancelled\n")


def test_an_escalated_request_says_where_it_was_and_which_words_count() -> None:
    words = (an_approval("ana"), an_approval("sam", stage=2))
    text = told(escalated_ts=rfc3339(NOW - 9), escalated_from="finance", group="bosses", needed=2, decisions=words)
    assert f"  escalated    from finance at {rfc3339(NOW - 9)}\n" in text
    assert "  approvals    1 of 2\n" in text
    assert "approve by ana (session), void since the escalation\n" in text
    assert "approve by sam (session)\n" in text


def test_what_the_policy_approved_bears_its_name_and_no_proof() -> None:
    request = a_request(tier=Tier.LOW, on_timeout=OnTimeout.APPROVE)
    timed = fate(request, Moment(NOW + 900, NOW, SNAPSHOT))
    assert isinstance(timed, Approves)
    text = told(status=RequestStatus.APPROVED, decisions=(timed.word.decision,))
    assert 'approve by policy:timeout: "nobody decided within 900 s; the policy approves tier low"' in text


def test_the_list_begins_with_the_stage_that_ends_first() -> None:
    moving = a_request(id="R-2", due_ts=rfc3339(NOW + 9000), escalate_ts=rfc3339(NOW + 60))
    lines = listing(map(request_json, (a_request(), moving)), NOW, statuses=False).splitlines()
    assert [line.split()[2] for line in lines[1:]] == ["R-2", "R-1"]
    assert lines[1].startswith("1:00")
