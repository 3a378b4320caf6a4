"""What is read before a decision, and in which order."""

from __future__ import annotations

from typing import Any

import pytest

from mcp_gate.faces.http.shapes import request_json
from mcp_gate.faces.tui.held import Held
from mcp_gate.faces.tui.lines import hang, plain
from mcp_gate.faces.tui.story import story
from mcp_gate.faces.tui.words import clock, due_at, local_day, local_time
from mcp_gate.lang.times import rfc3339
from mcp_gate.model.decision import OnTimeout, Tier
from support.held import NOW, a_call, a_request, an_approval

TRAIL = ({"call_id": "c-0", "ts": "2027-01-15T07:00:00.000Z", "tool": "get_order", "status": "executed"},)


def told(call: dict[str, Any] | None = None, **changes: Any) -> list[str]:
    request = a_request(a_call(**(call or {})), **changes)
    return [plain(line).rstrip() for line in hang(story(Held.of(request_json(request)), "BCDF").rows, 70)]


def test_ours_first_then_the_arguments_then_the_trail_then_the_agents_words() -> None:
    lines = told({"claims": {"gate_reason": "hurry"}}, trail=TRAIL)
    marks = ("Why it is held", "Arguments, exactly", "How it came here", "What the agent says", "digest", "code")
    order = [next(i for i, line in enumerate(lines) if line.startswith(mark)) for mark in marks]
    assert order == sorted(order)
    assert "┃ reason: hurry" in lines
    assert any("get_order  ran" in line for line in lines)


def test_the_code_is_printed_for_high_risk_alone() -> None:
    assert "code         B C D F   type it to approve" in told()
    assert not any(line.startswith("code") for line in told(tier=Tier.LOW))


def test_whose_turn_it_is_and_what_it_is_a_step_of_are_told() -> None:
    assert "claimed by  nobody   given to ana" in told(assigned_to="ana")
    assert "step of     W-1: refund" in told({"parent": "W-1", "step": "refund"})


def test_approvals_so_far_are_told_with_their_names() -> None:
    lines = told(decisions=(an_approval("ana"),), needed=2)
    assert any(line.startswith("approvals   1 of 2 (ana)") for line in lines)


def test_why_a_call_is_unusual_and_what_it_comes_to_over_time_are_told() -> None:
    signals = {
        "windows": {"count(24h)": 7, "sum(attributes.n, 1h)": {"unknown": True}}, "anomaly_score": 0.97,
        "anomaly": [{"feature": "args.am\u202eount", "value": 4400, "p": 0.002}],
    }  # fmt: skip
    lines = told({"signals": signals})
    assert "over time   count(24h) = 7" in lines
    assert "over time   sum(attributes.n, 1h) = unknown" in lines
    assert any(line.startswith("unusual     0.97: args.am") and "4400 (1 in 500)" in line for line in lines)
    assert "\u202e" not in "".join(lines)


def test_what_a_constraint_will_refuse_anyway_is_told_beforehand() -> None:
    verdict = {**a_request().verdict, "forbidden": "the amount is over the limit"}
    assert any(line.startswith("⚠ the amount is over the limit: refused even if") for line in told(verdict=verdict))
    assert not any(line.startswith("⚠") for line in told())


def test_an_end_takes_the_place_of_an_empty_line_so_that_nothing_moves() -> None:
    from mcp_gate.model.request import RequestStatus

    ended = told(status=RequestStatus.REJECTED, decisions=(an_approval("sam", decision="deny", final=True),))
    assert ended[1].startswith("✗ denied by sam at ")
    whole = told()
    assert whole[4] == ended[4] + ", then denied"
    assert len(ended) == len(whole) - 1  # the code goes, at the end
    assert ended[5:10] == whole[5:10]


def test_what_happens_at_the_end_of_the_stage_is_told_in_plain_words() -> None:
    low = {"tier": Tier.LOW, "on_timeout": OnTimeout.APPROVE}
    assert told()[4].endswith(", then denied")
    assert told(**low)[4].endswith(", then approved by policy")
    assert told(**low, needed=2)[4].endswith(", then denied")
    assert told(on_timeout=OnTimeout.ESCALATE, escalate_to="bosses")[4].endswith(", then to bosses")


def test_the_end_of_the_stage_is_told_where_it_comes_before_the_due_time() -> None:
    soon = told(escalate_ts=rfc3339(NOW + 60), escalate_to="bosses")[4]
    assert soon == f"due         {local_time(rfc3339(NOW + 60))}, then to bosses"


def test_an_escalated_request_says_where_it_was_and_counts_no_word_from_there() -> None:
    lines = told(
        escalated_ts=rfc3339(NOW - 5), escalated_from="finance", group="bosses", needed=2,
        on_timeout=OnTimeout.ESCALATE, decisions=(an_approval("ana"), an_approval("dana", stage=2)),
    )  # fmt: skip
    assert lines[3] == "approvals   1 of 2 (dana)   group bosses"
    assert lines[4] == f"escalated   from finance at {local_time(rfc3339(NOW - 5))}"
    assert lines[5].endswith(", then denied")


def test_a_tools_name_of_two_alphabets_is_flagged() -> None:
    assert any(line.startswith("⚠ mixes alphabets") for line in told({"listed_name": "shop_r\u0435fund"}))


@pytest.mark.parametrize(
    ("seconds", "text"), [(-1, "due"), (59.9, "0:59"), (299, "4:59"), (300, "5m"), (3_900, "1h05"), (200_000, "2d")]
)
def test_clocks_show_seconds_only_under_five_minutes(seconds: float, text: str) -> None:
    assert clock(seconds) == text


def test_what_is_due_on_another_day_says_on_which() -> None:
    soon = Held.of(request_json(a_request()))
    later = Held.of(request_json(a_request(due_ts=rfc3339(NOW + 7 * 86_400))))
    assert due_at(soon) == local_time(soon.due_ts)
    assert due_at(later) == local_day(later.due_ts)
    assert len(due_at(later)) == len("2027-01-22 08:00:00")
