"""What a value in YAML is as JSON, and what has to be quoted."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_gate.lang.reader import Reader
from mcp_gate.lang.yamldoc import read
from mcp_gate.trial.values import plain


def value(text: str) -> tuple[Any, list[str]]:
    root, _ = read("f.yaml", f"v: {text}".encode())
    reader = Reader()
    return plain(reader, root.entries["v"]), [str(problem) for problem in reader.problems]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5", 5), ("-5", -5), ("0", 0), ("100.01", 100.01), ("12345678901234567890", 12345678901234567890),
        ('"5"', "5"), ("true", True), ("false", False), ("null", None), ("prod", "prod"), ("2026-11-28", "2026-11-28"),
        ("a@example.com", "a@example.com"), ("[1, [a], { k: null }]", [1, ["a"], {"k": None}]), ('""', ""),
        ('"no"', "no"), ("v1.2.3", "v1.2.3"), ("192.168.0.1", "192.168.0.1"),
    ],
)  # fmt: skip
def test_plain_values_are_what_they_look_like(text: str, expected: Any) -> None:
    found, problems = value(text)
    assert (found, problems) == (expected, [])
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    "text",
    ["010", "1e3", "1_000", "1:30", "+5", ".5", "5.", "0x1F", "yes", "No", "ON", "~", "", "Null", "TRUE", ".inf"],
)
def test_what_readers_of_yaml_disagree_about_is_an_error_with_its_place(text: str) -> None:
    _, (problem,) = value(text)
    assert problem.startswith("f.yaml:1:")
    assert "can be read in two ways; quote it if it is a text" in problem


@pytest.mark.parametrize("text", ["9" * 5000, "9" * 400 + ".5", "-" + "1" * 300])
def test_a_number_that_json_s_readers_do_not_take_is_an_error_with_its_place(text: str) -> None:
    _, (problem,) = value(text)
    assert problem.startswith("f.yaml:1:4: the number has more than 300 digits; shorten it")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(min_codepoint=32, max_codepoint=126)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b"]), inner, max_size=2),
    max_leaves=6,
)


@given(JSON)
def test_json_is_read_as_json(expected: Any) -> None:
    assert value(json.dumps(expected)) == (expected, [])
