"""What the queue is narrowed to, and how it is ordered."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from mcp_gate.faces.http.shapes import request_json
from mcp_gate.faces.tui.filter import BadFilter, Filter
from mcp_gate.faces.tui.held import Held
from mcp_gate.faces.tui.order import Order
from mcp_gate.lang.times import rfc3339
from mcp_gate.model.decision import Tier
from support.held import NOW, a_call, a_request


def held(id: str = "R-1", due: float = 600, **changes: Any) -> Held:
    call = {name: changes.pop(name) for name in ("agent", "listed_name") if name in changes}
    request = a_request(a_call(**call), id=id, due_ts=rfc3339(NOW + due))
    return replace(Held.of(request_json(request)), **changes)


@pytest.mark.parametrize(
    ("text", "lets"),
    [
        ("", True), ("tier:high", True), ("tier:low", False), ("!tier:low", True), ("tool:REFUND agent:claude", True),
        ("rule:refunds", True), ("group:ops", False), ("kind:gate", True), ("refund", True), ("r-1", True),
        ("!refund", False), ("mine", False), ("late", False), ("tag:financial", True), ("tier:high tool:x", False),
    ],
)  # fmt: skip
def test_all_words_of_a_filter_have_to_hold(text: str, lets: bool) -> None:
    assert Filter.parse(text).lets(held(), "dana", NOW) is lets


def test_mine_is_what_i_claimed_or_was_given() -> None:
    mine = Filter.parse("mine")
    assert mine.lets(held(claimed_by="dana"), "dana", NOW)
    assert mine.lets(held(assigned_to="dana"), "dana", NOW)
    assert Filter.parse("late claimed").lets(held(due=30, claimed_by="ana"), "dana", NOW)


def test_a_word_that_is_none_is_named() -> None:
    with pytest.raises(BadFilter, match="no filter 'risk:'"):
        Filter.parse("risk:high")


@pytest.mark.parametrize(
    ("order", "ids"),
    [
        (Order.DUE, ["R-2", "R-3", "R-1"]), (Order.RISK, ["R-3", "R-1", "R-2"]), (Order.AGENT, ["R-3", "R-2", "R-1"]),
        (Order.TOOL, ["R-1", "R-2", "R-3"]), (Order.NEWEST, ["R-1", "R-3", "R-2"]),
    ],
)  # fmt: skip
def test_the_queue_stands_in_the_order_asked_for(order: Order, ids: list[str]) -> None:
    queue = [
        held("R-1", 900, agent="c", listed_name="a", opened_ts=rfc3339(NOW)),
        held("R-2", 100, agent="b", listed_name="b", tier=Tier.LOW, opened_ts=rfc3339(NOW - 9)),
        held("R-3", 200, agent="a", listed_name="c", opened_ts=rfc3339(NOW - 5)),
    ]
    assert [one.id for one in sorted(queue, key=order.key)] == ids


def test_the_orders_come_round_again() -> None:
    order = Order.DUE
    for _ in Order:
        order = order.next()
    assert order is Order.DUE
