"""What of a payload is looked at, and where it stands."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from mcp_gate.output.edits import Clash, Put, Rename, edited
from mcp_gate.output.fields import field_of
from mcp_gate.output.opaque import dropped
from mcp_gate.output.split import joined
from mcp_gate.output.walk import SHORTEST_TEXT, walk
from mcp_gate.output.walked import Part, Walked, steps

JSONS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


def places(payload: dict[str, Any], method: str = "tools/call") -> list[tuple[str, str]]:
    walked = walk(payload, method)
    return [(field_of(trail, {}), leaf.text) for trail, leaf in zip(walked.trails, walked.leaves, strict=True)]


def text(value: Any) -> dict[str, Any]:
    return {"type": "text", "text": value}


def test_texts_numbers_and_odd_keys_are_leaves_under_the_names_they_have_in_the_record() -> None:
    payload = {
        "structuredContent": {
            "customer": {"ssn": 536221234, "rows": [{"note": "late", "n": 12, "no": "a"}], "ada@x.org": True}
        },
        "content": [text("hello"), {"type": "resource", "resource": {"uri": "u://1", "text": "all"}}],
        "_meta": {"trace": "t-1"},
    }
    assert places(payload) == [
        ("response.customer.ssn", "536221234"),
        ("response.customer.rows[0].note", "late"),
        ("response.customer.ada@x.org", "ada@x.org"),
        ("content[0].type", "text"),
        ("content[0].text", "hello"),
        ("content[1].type", "resource"),
        ("content[1].resource.uri", "u://1"),
        ("content[1].resource.text", "all"),
        ("_meta.trace", "t-1"),
    ]
    walked = walk(payload)
    assert walked.parts[:3] == [Part.NUMBER, Part.TEXT, Part.KEY]
    assert walked.leaves[0].keys == ("structuredContent", "customer", "ssn")
    assert [walked.leaves[i].text for i in walked.blocks] == ["hello", "all"]


def test_a_text_that_is_json_is_walked_as_what_it_says() -> None:
    assert places({"content": [text('{"a": {"ssn": "123"}}')]})[1:] == [("response.a.ssn", "123")]


def test_a_text_that_repeats_the_structured_form_is_not_looked_at_twice() -> None:
    data = {"a": 1, "b": ["x"]}
    walked = walk({"content": [text(json.dumps(data, indent=2))], "structuredContent": data})
    assert [steps(trail) for trail in walked.twins] == [("content", 0, "text")]
    assert walked.blocks == []
    assert walk({"content": [text('{"a": true, "b": ["x"]}')], "structuredContent": data}).twins == []


def test_pictures_sounds_and_blobs_are_told_apart_and_data_of_the_tool_by_such_names_is_not() -> None:
    payload = {
        "content": [
            {"type": "image", "data": "QQ==", "mimeType": "image/png"},
            {"type": "resource", "resource": {"uri": "u://1", "blob": "QQ=="}},
        ],
        "structuredContent": {"type": "image", "data": "QQ==", "blob": "x"},
    }
    assert [(steps(one.trail), one.member) for one in walk(payload).opaque] == [
        (("content", 0), "data"), (("content", 1, "resource"), "blob"),
    ]  # fmt: skip


def test_S191_the_id_of_a_task_is_looked_at_where_its_client_is_told_it_first() -> None:
    for payload in ({"taskId": "t-1"}, {"task": {"taskId": "t-1"}}, {"taskId": 12345}):
        walked = walk(payload)
        assert walked.parts == [Part.HANDLE]
        assert walked.leaves[0].text in ("t-1", "12345")
    assert places({"tasks": [{"taskId": "t-1"}]}, "tasks/list") == []


def test_names_of_tools_and_handles_that_the_gate_replaces_are_left_alone() -> None:
    tools = {"tools": [{"name": "a_b", "description": "does"}]}
    assert places(tools, "tools/list") == [("tools[0].description", "does")]
    assert places({"progressToken": "t-1", "message": "half"}, "notifications/progress") == [("message", "half")]


NAMES = st.sampled_from(["type", "data", "blob", "text", "name", "uri", "content", "tools", "_meta", "resource", "x"])
MESSAGES = st.recursive(
    st.none() | st.text(max_size=4) | st.sampled_from(["image", "audio", "{}", '{"a": "bcd"}']) | st.integers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=5),
    max_leaves=20,
)


@given(st.dictionaries(NAMES, MESSAGES, max_size=4), st.sampled_from(["tools/call", "tools/list", "resources/read"]))
def test_no_message_is_too_odd_to_be_walked(payload: dict[str, Any], method: str) -> None:
    walked = walk(payload, method)
    assert len(walked.leaves) == len(walked.trails) == len(walked.parts)
    dropped(payload, walked, "odd", {})


def long_ones(walked: Walked) -> int:
    """Shorter ones are leaves only among others that they may be put together with."""
    return sum(len(leaf.text) >= SHORTEST_TEXT for leaf in walked.leaves)


@given(st.dictionaries(st.text(), JSONS, max_size=4))
def test_every_leaf_can_be_replaced_where_it_stands_and_nothing_else_changes(data: dict[str, Any]) -> None:
    payload = {"structuredContent": data, "content": [text(json.dumps([data]))]}
    walked = walk(payload)
    assert edited(payload, []) is payload
    for trail, leaf, part in zip(walked.trails, walked.leaves, walked.parts, strict=True):
        if part is not Part.KEY:
            again = walk(edited(payload, [(trail, Put("REPLACED-1"))]))
            assert "REPLACED-1" in [found.text for found in again.leaves]
            assert long_ones(again) == long_ones(walked) + (len(leaf.text) < SHORTEST_TEXT), leaf


def test_a_key_is_renamed_in_its_place_unless_it_would_hide_another() -> None:
    payload = {"a": {"x@y.org": 1, "b": 2}}
    trail = (((None, "a")), "x@y.org")
    assert list(edited(payload, [(trail, Rename("k"))])["a"]) == ["k", "b"]
    try:
        edited(payload, [(trail, Rename("b"))])
    except Clash:
        pass
    else:
        raise AssertionError("one of the two was lost")


def test_the_record_tells_of_long_keys_in_short() -> None:
    assert len(field_of((None, "k" * 1000), {})) == 64


def test_a_text_that_says_what_the_data_says_is_not_put_before_it() -> None:
    said = "call 555 or 0199 now"
    assert joined(walk({"content": [text(said)], "structuredContent": {"result": said}})) == []
    assert len(joined(walk({"content": [text(said)], "structuredContent": {"result": "1234"}}))) == 1
