"""What lies on the desk, and the line above it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from mcp_gate.faces.http.shapes import request_json
from mcp_gate.faces.tui.desk import Desk, Live, Lost
from mcp_gate.faces.tui.held import Held, Unreadable
from mcp_gate.faces.tui.lines import plain
from mcp_gate.faces.tui.topline import topline
from mcp_gate.lang.times import rfc3339
from mcp_gate.model.decision import Tier
from support.held import NOW, a_request

STATUS = {"gate_id": "g-1", "policy_snapshot": "v1:0123456789ab", "policy": "current", "assurance": "A0"}


def held(id: str = "R-1", due: float = 600, **changes: Any) -> Held:
    found = Held.of(request_json(a_request(id=id, due_ts=rfc3339(NOW + due))))
    return replace(found, **changes)


def a_desk(*requests: Held) -> Desk:
    desk = Desk("dana", STATUS, Live())
    desk.replace(requests)
    return desk


def test_the_nearest_deadline_comes_first() -> None:
    desk = a_desk(held("R-1", 900), held("R-2", 100), held("R-3", 100))
    assert [found.id for found in desk.in_order(NOW)] == ["R-2", "R-3", "R-1"]


def test_what_ended_leaves_unless_the_cursor_is_on_it() -> None:
    desk = a_desk(held("R-1"), held("R-2"))
    desk.keep("R-1")
    desk.update(held("R-1", status="rejected"))
    desk.update(held("R-2", status="rejected"))
    assert list(desk.requests) == ["R-1"]
    assert desk.keep("R-9")
    assert not desk.requests


def test_what_is_no_longer_told_here_is_open_no_more() -> None:
    desk = a_desk(held("R-1"), held("R-2"))
    desk.keep("R-1")
    desk.update(desk.requests["R-1"].gone())
    assert not desk.requests["R-1"].open
    desk.update(desk.requests["R-2"].gone())
    assert "R-2" not in desk.requests


def test_a_kept_request_that_is_missing_from_a_new_queue_must_be_asked_for() -> None:
    desk = a_desk(held("R-1"), held("R-2"))
    desk.keep("R-1")
    assert desk.replace([held("R-2")])
    assert set(desk.requests) == {"R-1", "R-2"}
    assert not desk.replace([held("R-1")])


def test_the_counts_are_of_what_is_open() -> None:
    desk = a_desk(held("R-1", 30, claimed_by="dana"), held("R-2", 900, claimed_by="sam"))
    desk.keep("R-2")
    desk.update(held("R-2", status="expired"))
    assert desk.counts(NOW) == (1, 1, 1)


def test_the_top_line_tells_gate_connection_policy_counts_reviewer_and_waits() -> None:
    text = plain(topline(a_desk(held()), NOW, 0, 120))
    for part in ("g-1", "● live", "v1:0123456789ab", "1 held · 0 yours · 0 late", "dana (session)"):
        assert part in text
    desk = a_desk(held())
    desk.status = {**STATUS, "queue": {"median_wait_sec": 1200.0, "target_median_wait_sec": 900}}
    assert "waits 20m of 15m" in plain(topline(desk, NOW, 0, 120))
    assert desk.assurance == "A0 same user: whoever runs as you can walk around the gate"


@pytest.mark.parametrize("width", [5, 40, 60, 80, 120])
def test_the_top_line_fits_and_keeps_the_connection_longest(width: int) -> None:
    desk = a_desk(held())
    desk.link, desk.status = Lost(0, "gone"), {**STATUS, "policy": "stale"}
    text = plain(topline(desk, NOW, 75, width))
    assert len(text) <= width
    if width >= 40:
        assert "○ lost 1m" in text
        assert "policy STALE" in text


def test_a_tier_that_is_not_known_is_the_most_careful_one() -> None:
    assert Held.of({**request_json(a_request()), "tier": "extreme"}).tier is Tier.HIGH


@pytest.mark.parametrize("name", ["id", "call", "verdict", "due_ts", "decisions", "needed"])
def test_a_request_that_lacks_something_is_not_shown_at_all(name: str) -> None:
    request = request_json(a_request())
    del request[name]
    with pytest.raises(Unreadable):
        Held.of(request)
