"""What is proposed for a tool nobody has looked at yet; a server's hints only ever make it riskier."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_gate.setup.classify import VERBS, Effect, Switch, effect_of, propose


def tool(name: str, properties: dict[str, Any] | None = None, **hints: bool) -> dict[str, Any]:
    return {"name": name, "inputSchema": {"type": "object", "properties": properties or {}}, "annotations": hints}


@pytest.mark.parametrize(
    ("name", "effect"),
    [
        ("get_order", Effect.READ), ("listServices", Effect.READ), ("issue_write", Effect.WRITE),
        ("get_commit", Effect.READ), ("get_and_delete", Effect.DELETE), ("delete.read", Effect.DELETE),
        ("refund_order", Effect.SEND), ("runQuery", Effect.EXEC), ("frobnicate", Effect.UNKNOWN),
        ("order_push_now", Effect.WRITE), ("", Effect.UNKNOWN),
    ],
)  # fmt: skip
def test_the_name_says_what_a_tool_does(name: str, effect: Effect) -> None:
    assert effect_of(name) is effect


@pytest.mark.parametrize(
    ("definition", "tags"),
    [
        (tool("get_order"), ("read",)),
        (tool("get_customer"), ("pii", "read")),
        (tool("fetch", {"url": {}}), ("egress", "read")),
        (tool("get_secret"), ("read", "secrets")),
        (tool("send_mail", {"apiKey": {}, "amount": {}}), ("egress", "financial", "write")),
        (tool("frobnicate"), ("unclassified",)),
        (tool("frobnicate", readOnlyHint=True), ("unclassified",)),
        (tool("delete_it", readOnlyHint=True), ("delete", "write")),
        (tool("get_it", readOnlyHint=False), ("write",)),
        (tool("get_it", destructiveHint=True), ("delete", "write")),
    ],
)
def test_tags_are_proposed_by_name_arguments_and_hints(definition: dict[str, Any], tags: tuple[str, ...]) -> None:
    assert propose(definition).tags == tags


def test_an_argument_that_says_what_is_done_adds_tags_by_its_value() -> None:
    found = propose(tool("issue", {"method": {"enum": ["get", "create", "remove", "frob"]}}))
    assert found.tags == ("unclassified",)  # one value says nothing: neither does the tool
    known = propose(tool("issue_get", {"method": {"enum": ["get", "create", "remove"]}}))
    assert known.tags == ("read",)
    assert known.switches == (
        Switch("method", ("create",), ("write",)), Switch("method", ("remove",), ("write", "delete")),
    )  # fmt: skip


def test_a_definition_that_is_odd_is_classified_all_the_same() -> None:
    odd: list[dict[str, Any]] = [
        {"name": "x"}, {"name": "x", "inputSchema": 5, "annotations": []},
        {"name": "x", "inputSchema": {"properties": {"method": {"enum": [1, None]}, "mode": 7}}},
    ]  # fmt: skip
    assert {propose(one).tags for one in odd} == {("unclassified",)}


NAMES = st.lists(st.sampled_from([*VERBS, "order", "x"]), min_size=1, max_size=3).map("_".join)
HINTS = st.dictionaries(st.sampled_from(["readOnlyHint", "destructiveHint"]), st.booleans())


@given(NAMES, HINTS)
def test_no_hint_makes_a_tool_milder(name: str, hints: dict[str, bool]) -> None:
    plain, hinted = set(propose(tool(name)).tags), set(propose(tool(name, **hints)).tags)
    assert hinted >= plain - {"read", "unclassified"}
    assert "read" not in hinted or "read" in plain
