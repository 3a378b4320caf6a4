from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcp.shared import inbound

from mcp_gate.wire import headers

texts = st.text(st.characters(exclude_categories=["Cs"]))


@given(texts)
def test_a_value_survives_the_way(text: str) -> None:
    written = headers.encode(text)
    assert written.isascii()
    assert written.isprintable()
    assert written == written.strip()
    assert headers.decode(written) == text


@given(texts)
def test_the_official_sdk_reads_and_writes_the_same(text: str) -> None:
    assert inbound.encode_header_value(text) == headers.encode(text)
    assert inbound.decode_header_value(headers.encode(text)) == text


@pytest.mark.parametrize("value", ["=?base64?!!!?=", "=?base64?YR==?=", "=?base64?/w==?=", "=?base64?YQ?="])
def test_a_wrapping_that_no_encoder_writes_is_nothing(value: str) -> None:
    assert headers.decode(value) is None


@pytest.mark.parametrize(
    ("method", "params", "name"),
    [
        ("tools/call", {"name": "t"}, "t"),
        ("prompts/get", {"name": "p"}, "p"),
        ("resources/read", {"uri": "x:y"}, "x:y"),
        ("tasks/get", {"taskId": "1"}, "1"),
        ("tools/call", {"name": 5}, None),
        ("tools/call", None, None),
        ("tools/list", {"name": "t"}, None),
    ],
)
def test_the_name_is_what_the_method_names(method: str, params: dict[str, Any] | None, name: str | None) -> None:
    assert headers.name_of(method, params) == name


def schema(**properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


REGION = {"type": "string", "x-mcp-header": "Region"}


def test_annotations_are_found_along_properties() -> None:
    nested = schema(where={"type": "object", "properties": {"region": REGION}})
    assert headers.repeated_in(nested) == (headers.Repeated(("where", "region"), "mcp-param-region", "string"),)


@pytest.mark.parametrize(
    "broken",
    [
        schema(a=REGION, b={**REGION, "x-mcp-header": "REGION"}),
        schema(a={**REGION, "x-mcp-header": ""}),
        schema(a={**REGION, "x-mcp-header": "a b"}),
        schema(a={**REGION, "x-mcp-header": "a\r\nb"}),
        schema(a={**REGION, "x-mcp-header": 5}),
        schema(a={**REGION, "type": "number"}),
        schema(a={**REGION, "type": ["string"]}),
        schema(a={"type": "array", "items": REGION}),
        {"type": "string", "x-mcp-header": "Root"},
    ],
)
def test_a_broken_annotation_voids_all_of_a_schema(broken: dict[str, Any]) -> None:
    assert headers.repeated_in(broken) == ()
    assert inbound.find_invalid_x_mcp_header(broken) is not None


def test_data_in_a_schema_is_no_annotation() -> None:
    assert headers.repeated_in(schema(a={"type": "object", "default": {"x-mcp-header": "no"}})) == ()


def test_arguments_are_rendered_as_the_protocol_says() -> None:
    tool = schema(
        s={"type": "string", "x-mcp-header": "S"},
        n={"type": "integer", "x-mcp-header": "N"},
        b={"type": "boolean", "x-mcp-header": "B"},
        z={"type": "string", "x-mcp-header": "Z"},
    )
    found = headers.param_headers(headers.repeated_in(tool), {"s": "é", "n": 2**60, "b": True, "z": None})
    assert found == {
        "mcp-param-s": "=?base64?w6k=?=", "mcp-param-n": "1152921504606846976", "mcp-param-b": "true",
    }  # fmt: skip


def mismatch(arguments: Any, shown: dict[str, str], kind: str = "string") -> str | None:
    tool = headers.repeated_in(schema(a={"type": kind, "x-mcp-header": "A"}))
    return headers.param_mismatch(tool, arguments, shown)


@pytest.mark.parametrize(
    ("arguments", "shown", "kind"),
    [
        ({"a": "x"}, {"mcp-param-a": "x"}, "string"),
        ({"a": "é"}, {"mcp-param-a": "=?base64?w6k=?="}, "string"),
        ({}, {}, "string"),
        ({"a": None}, {}, "string"),
        ({"a": 42}, {"mcp-param-a": "42.0"}, "integer"),
        ({"a": 42.0}, {"mcp-param-a": "42"}, "integer"),
        ({"a": ["x"]}, {}, "string"),
        ([], {}, "string"),
    ],
)
def test_headers_that_repeat_the_arguments_agree(arguments: Any, shown: dict[str, str], kind: str) -> None:
    assert mismatch(arguments, shown, kind) is None


@pytest.mark.parametrize(
    ("arguments", "shown", "kind"),
    [
        ({"a": "x"}, {}, "string"),
        ({}, {"mcp-param-a": "x"}, "string"),
        ({"a": "x"}, {"mcp-param-a": "y"}, "string"),
        ({"a": "x"}, {"mcp-param-a": "=?base64?!?="}, "string"),
        ({"a": 42}, {"mcp-param-a": "4.2e1"}, "integer"),
        ({"a": 42}, {"mcp-param-a": "43"}, "integer"),
        ({"a": True}, {"mcp-param-a": "1"}, "integer"),
        ({"a": ["x"]}, {"mcp-param-a": "x"}, "string"),
    ],
)
def test_headers_that_say_something_else_do_not(arguments: Any, shown: dict[str, str], kind: str) -> None:
    assert mismatch(arguments, shown, kind) is not None
