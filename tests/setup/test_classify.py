"""What is proposed for a tool nobody has looked at yet; a server's hints only ever make it riskier."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_gate.model.config import UpstreamSpec
from mcp_gate.policy.load import load
from mcp_gate.setup import render
from mcp_gate.setup.classify import Switch, propose
from mcp_gate.setup.render import passes
from mcp_gate.setup.words import VERBS
from mcp_gate.signals.describe import describe


def tool(name: str, properties: dict[str, Any] | None = None, **hints: Any) -> dict[str, Any]:
    return {"name": name, "inputSchema": {"type": "object", "properties": properties or {}}, "annotations": hints}


@pytest.mark.parametrize(
    ("definition", "tags"),
    [
        (tool("get_order"), ("read",)),
        (tool("get_customer"), ("pii", "read")),
        (tool("fetch", {"url": {}}), ("egress", "read")),
        (tool("get_secret"), ("read", "secrets")),
        (tool("send_mail", {"apiKey": {}, "amount": {}}), ("egress", "financial", "secrets", "write")),
        (tool("deploy", {"env": {"enum": ["prod", "staging"]}}), ("exec", "prod", "write")),
        (tool("list_services", {"env": {"enum": ["prod", "staging"]}}), ("read",)),
        (tool("start_it", {"env": {"type": "object"}}), ("exec", "secrets", "write")),
        (tool("get_it", {"env": {"type": "string"}}), ("read", "secrets")),
        (tool("get_env", {"env": {"enum": ["prod"]}}), ("read", "secrets")),
        (tool("frobnicate"), ("unclassified",)),
        (tool("frobnicate", readOnlyHint=True), ("unclassified",)),
        (tool("delete_it", readOnlyHint=True), ("delete", "write")),
        (tool("get_it", readOnlyHint=False), ("write",)),
        (tool("get_it", destructiveHint=True), ("delete", "write")),
    ],
)
def test_tags_are_proposed_by_name_arguments_and_hints(definition: dict[str, Any], tags: tuple[str, ...]) -> None:
    assert propose(definition).tags == tags


ENUM: dict[str, Any] = {"enum": ["get", "delete"]}
FREE: dict[str, Any] = {"type": "string"}


@pytest.mark.parametrize(
    "definition",
    [
        tool("list", {"sql": FREE}),
        tool("query", {"query": FREE}),
        tool("get", {"cmd": FREE}),
        tool("read", {"code": {}}),
        tool("view", {"script": {"anyOf": [FREE, {"type": "null"}]}}),
        tool("find", {"input": {"type": "object", "properties": {"sql": FREE}}}),
        tool("search", {"q": {"type": "string", "description": "A PostgreSQL statement"}}),
        tool("search", {"request": {"type": "object", "properties": {"query_expression": {"type": "array"}}}}),
        {**tool("search", {"query": FREE}), "description": "Runs SQL"},
        {"name": "get", "inputSchema": {"properties": {"a": {"$ref": "#/$defs/A"}},
                                        "$defs": {"A": {"properties": {"command": FREE}}}}},
    ],
)  # fmt: skip
def test_a_tool_whose_argument_is_a_program_is_never_said_to_read(definition: dict[str, Any]) -> None:
    assert {"write", "exec"} <= {*propose(definition).tags}


@pytest.mark.parametrize(
    "definition",
    [
        tool("fetch", {"link": FREE}),
        tool("get_api_key"),
        tool("get", {"action": FREE}),
        tool("get", {"Mode": FREE}),
        tool("get", {"actionType": {"enum": ["list", "delete"]}}),
        tool("get", {"http_method": FREE}),
        tool("get", {"in": {"type": "object", "properties": {"action": ENUM}}}),
        tool("get_message", {"delete": {"type": "boolean"}}),
        tool("find", {"create_if_missing": {"type": "boolean"}}),
        tool("get_file", {"output_path": FREE}),
        tool("get", {"method": {"anyOf": [{"const": "list"}, {"const": "remove"}]}}),
        tool("get", {"method": {"oneOf": [ENUM, {"type": "null"}]}}),
        tool("get", {"mode": {"enum": ["list"]}, "action": {"allOf": [ENUM]}}),
        {"name": "get", "inputSchema": {"properties": {"method": {"$ref": "#/$defs/M"}}, "$defs": {"M": ENUM}}},
        tool("get", {"method": {"enum": ["list", "\ud800"]}}),
        tool("get", {"method": {"enum": [f"get_{n}" for n in range(150)]}}),
        {"name": "get", "inputSchema": {"properties": {"method": {"$ref": "#/$defs/M"}},
                                        "$defs": {"M": {"$ref": "#/$defs/M"}}, "anyOf": [{"properties": {"op": 1}}]}},
    ],
)  # fmt: skip
def test_what_an_argument_lets_a_tool_do_besides_reading_does_not_pass(definition: dict[str, Any]) -> None:
    assert not passes(propose(definition))


@pytest.mark.parametrize(
    "definition",
    [
        tool(
            "get_order", {"order_id": FREE, "script_id": FREE, "country_code": FREE, "include_sql": {"type": "boolean"}}
        ),
        tool("search_issues", {"query": FREE, "updated_since": FREE}),
        tool("get_commit", {"sha": FREE}),
        tool("list_commits", {"nextPageToken": FREE, "max_tokens": {"type": "integer"}}),
        tool("issue_read", {"issue_number": {"type": ["integer", "null"]}}),
    ],
)
def test_what_plainly_reads_passes(definition: dict[str, Any]) -> None:
    assert passes(propose(definition))


def test_an_argument_that_says_what_is_done_adds_tags_by_its_value() -> None:
    found = propose(tool("issue", {"method": {"enum": ["get", "create", "remove", "frob"]}}))
    assert found.tags == ("unclassified",)  # one value says nothing: neither does the tool
    known = propose(tool("issue_get", {"method": {"enum": ["get", "create", "remove"]}}))
    assert known.tags == ("read",)
    assert known.switches == (
        Switch("method", ("create",), ("write",)), Switch("method", ("remove",), ("write", "delete")),
        Switch("method", ("get", "create", "remove"), ("unclassified",), others=True),
    )  # fmt: skip


@pytest.mark.parametrize("value", ["'" * 1480, "a" * 1480, "'); DROP", "\\", "x" * 90_000])
def test_whatever_values_a_server_lists_its_entry_loads(value: str) -> None:
    found = propose(tool("do", {"method": {"enum": ["delete", value]}}))
    text = render.upstream(UpstreamSpec("a", "a_", command="a"), "x", [found])
    assert load({"upstreams.yaml": (render.HEAD + text).encode()}).mappings["a"].tool("do") is not None


def test_values_that_the_schema_does_not_list_are_not_taken_for_the_mildest_that_it_does() -> None:
    text = render.upstream(UpstreamSpec("a", "a_", command="a"), "x", [propose(tool("do", {"method": ENUM}))])
    loaded = load({"upstreams.yaml": (render.HEAD + text).encode()})
    tags = {
        str(value): describe(loaded, "a", "do", "tools/call", {"method": value}).risk_tags
        for value in ("get", "delete", "DELETE", ["delete"], None)
    }
    assert tags.pop("get") == {"read"}
    assert tags.pop("delete") == {"read", "write", "delete"}
    assert all("unclassified" in found for found in tags.values())
    assert "unclassified" in describe(loaded, "a", "do", "tools/call", {}).risk_tags


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
    plain, hinted = set(propose(tool(name)).tags), set(propose(tool(name, None, **hints)).tags)
    assert hinted >= plain - {"read", "unclassified"}
    assert "read" not in hinted or "read" in plain
