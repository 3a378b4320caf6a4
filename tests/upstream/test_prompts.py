"""Prompts are offered under the definition that was accepted, and under no other."""

from __future__ import annotations

from typing import Any

from mcp_gate.upstream.catalog import Accepted
from mcp_gate.upstream.prompts import PREFIX, Prompts


def prompts() -> tuple[Prompts, dict[str, Accepted]]:
    kept: dict[str, Accepted] = {}
    return Prompts(lambda upstream, name, pin: kept.__setitem__(name, pin)), kept


def note(**members: Any) -> dict[str, Any]:
    return {"name": "note", **members}


def test_a_prompt_is_accepted_when_it_is_first_seen_and_kept_under_a_name_no_tool_has() -> None:
    found, kept = prompts()
    assert found.judge("shop", "shop_", note()) == (True, None)
    assert list(kept) == [PREFIX + "note"]
    assert found.judge("shop", "shop_", note()) == (True, None)


def test_a_changed_definition_is_withheld_recorded_once_and_offered_again_when_it_is_as_before() -> None:
    found, _ = prompts()
    found.judge("shop", "shop_", note())
    accepted, change = found.judge("shop", "shop_", note(description="other"))
    assert not accepted
    assert change is not None
    assert (change.event, change.data["of"], change.fields["tool"]) == ("tool.changed", "prompt", "note")
    assert found.judge("shop", "shop_", note(description="other")) == (False, None)
    [withheld] = found.withheld("shop")
    assert withheld.listed_name == "shop_note"
    assert found.judge("shop", "shop_", note()) == (True, None)
    assert found.withheld("shop") == []


def test_what_is_accepted_is_offered_and_the_definition_before_it_no_more() -> None:
    found, _ = prompts()
    found.judge("shop", "", note())
    found.judge("shop", "", note(description="other"))
    [withheld] = found.withheld("shop")
    found.accept(withheld)
    assert found.withheld("shop") == []
    assert found.judge("shop", "", note(description="other")) == (True, None)
    assert found.judge("shop", "", note())[0] is False


def test_what_was_accepted_by_an_earlier_gate_counts() -> None:
    found, kept = prompts()
    found.judge("shop", "", note())
    later, _ = prompts()
    later.load("shop", kept)
    assert later.judge("shop", "", note(description="other"))[0] is False


def test_a_definition_without_a_digest_is_never_accepted() -> None:
    found, kept = prompts()
    assert found.judge("shop", "", note(description="\ud800")) == (False, None)
    assert kept == {}
