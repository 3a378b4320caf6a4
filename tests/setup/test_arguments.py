"""Arguments at every depth, of schemas that may be odd or hostile."""

from __future__ import annotations

from typing import Any

import pytest

from mcp_gate.setup.arguments import arguments

TWO: dict[str, Any] = {"enum": ["get", "delete"]}


def found(schema: Any) -> list[tuple[str, tuple[str, ...], bool, bool]]:
    return [(one.name, one.values, one.free, one.top) for one in arguments({"name": "x", "inputSchema": schema})]


@pytest.mark.parametrize(
    ("schema", "values", "free"),
    [
        (TWO, ("get", "delete"), False),
        ({"type": "string", **TWO}, ("get", "delete"), False),
        ({"const": "get"}, ("get",), False),
        ({"anyOf": [{"const": "get"}, {"type": "null"}]}, ("get",), False),
        ({"oneOf": [TWO, {"type": "string"}]}, ("get", "delete"), True),
        ({"$ref": "#/$defs/Two"}, ("get", "delete"), False),
        ({"$ref": "#/$defs/Loop"}, (), False),
        ({"$ref": "https://elsewhere/"}, (), True),
        ({"type": ["integer", "null"]}, (), False),
        ({"type": ["string", "null"]}, (), True),
        ({"type": "array"}, (), True),
        ({"enum": ["\u202e"]}, (), True),
        ({}, (), True), (True, (), True), (5, (), True), ({"type": [{}]}, (), True),
    ],
)  # fmt: skip
def test_texts_that_an_argument_takes_are_those_listed_or_any(schema: Any, values: tuple[str, ...], free: bool) -> None:
    whole = {"properties": {"a": schema}, "$defs": {"Two": TWO, "Loop": {"$ref": "#/$defs/Loop"}}}
    assert found(whole) == [("a", values, free, True)]


def test_arguments_below_others_and_in_definitions_are_found_too() -> None:
    whole = {"properties": {"a": {"properties": {"b": TWO}}}, "$defs": {"X": {"items": [{"properties": {"c": {}}}]}}}
    assert {(name, top) for name, _, _, top in found(whole)} == {("a", True), ("b", False), ("c", False)}


@pytest.mark.parametrize("schema", [None, 5, [], {}, {"properties": []}, {"properties": 1}])
def test_a_schema_that_names_none_has_none(schema: Any) -> None:
    assert found(schema) == []
