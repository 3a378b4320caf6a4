"""A mapping that does not grow for ever."""

from __future__ import annotations

from mcp_gate.lang.recent import Recent


def test_what_was_not_used_for_longest_is_forgotten() -> None:
    some: Recent[str, int] = Recent(2)
    some.put("a", 1)
    some.put("b", 2)
    assert some.get("a") == 1
    some.put("c", 3)
    assert len(some) == 2
    assert [some.get(key) for key in "abc"] == [1, None, 3]


def test_what_is_taken_out_is_gone() -> None:
    some: Recent[str, int] = Recent(2)
    some.put("a", 1)
    assert some.pop("a") == 1
    assert some.pop("a") is None
    assert len(some) == 0
