"""Where two values differ."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_gate.lang.difference import ABSENT, differences

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ({"a": 1}, {"a": 1.0}, []),
        ({"a": 1}, {"a": True}, [("/a", 1, True)]),
        ({"a": [1, 2]}, {"a": [1, 3, 4]}, [("/a/1", 2, 3), ("/a/2", ABSENT, 4)]),
        ({"a": None}, {}, [("/a", None, ABSENT)]),
        ({"a": {"b/c~": 1}}, {"a": {"b/c~": 2}}, [("/a/b~1c~0", 1, 2)]),
        ({"a": {}}, {"a": []}, [("/a", {}, [])]),
        (1, 2, [("", 1, 2)]),
    ],
)
def test_the_outermost_places_that_differ_are_named(before: Any, after: Any, found: list[Any]) -> None:
    assert [(place.pointer, place.before, place.after) for place in differences(before, after)] == found


@given(VALUES, VALUES)
def test_nothing_differs_from_itself_and_everything_else_differs_both_ways(one: Any, other: Any) -> None:
    assert differences(one, one) == ()
    there, back = differences(one, other), differences(other, one)
    assert {(d.pointer, repr(d.before), repr(d.after)) for d in there} == {
        (d.pointer, repr(d.after), repr(d.before)) for d in back
    }
