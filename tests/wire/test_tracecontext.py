from __future__ import annotations

from typing import Any

import pytest

from mcp_gate.wire.tracecontext import context_of, with_context

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
STATE = "vendor=1"


def test_a_trace_context_is_taken_as_it_is() -> None:
    both = {"traceparent": PARENT, "tracestate": STATE}
    assert context_of({**both, "other": 1}) == both
    assert context_of({"traceparent": PARENT}) == {"traceparent": PARENT}


@pytest.mark.parametrize(
    "parent",
    [
        None, 7, "", PARENT.upper(), PARENT + "\r\nx: y", PARENT + ", " + PARENT, PARENT[:-1],
        "ff" + PARENT[2:], "00-" + "0" * 32 + PARENT[35:], PARENT[:36] + "0" * 16 + "-01",
    ],
)  # fmt: skip
def test_what_is_none_is_left_out_so_that_no_header_can_be_smuggled(parent: Any) -> None:
    assert context_of({"traceparent": parent, "tracestate": STATE}) == {}


@pytest.mark.parametrize("state", [7, "", "a=b\r\nx: y", "x" * 513])
def test_a_state_that_is_none_costs_the_parent_nothing(state: Any) -> None:
    assert context_of({"traceparent": PARENT, "tracestate": state}) == {"traceparent": PARENT}


def test_what_headers_say_stands_in_meta_unless_that_says_something_itself() -> None:
    shown = {"traceparent": PARENT}
    assert with_context({"name": "x"}, shown.get) == {"name": "x", "_meta": shown}
    assert with_context({"_meta": {"a": 1}}, shown.get) == {"_meta": {"a": 1, **shown}}
    for own in ({"_meta": {"traceparent": "mine"}}, {"_meta": "odd"}, None):
        assert with_context(own, shown.get) is own
    assert with_context({}, {"traceparent": "junk"}.get) == {}
