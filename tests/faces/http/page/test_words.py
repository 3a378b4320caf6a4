from __future__ import annotations

from typing import Any

import pytest

from mcp_gate.faces.http.page.words import MOST_BYTES, sayings


def words(size: int = 10, **changes: Any) -> list[str]:
    request = {"kind": "gate", "status": "pending", "verdict": {"min_assurance": "session"}, **changes}
    return [saying.word for saying in sayings(request, size)]


def test_a_held_call_is_approved_or_denied() -> None:
    assert words() == ["approve", "deny"]
    assert words(verdict={"min_assurance": "token"}) == ["approve", "deny"]


def test_what_cannot_be_read_can_only_be_denied() -> None:
    assert words(size=MOST_BYTES + 1) == ["deny"]


@pytest.mark.parametrize("proof", ["signed", "notarised"])
def test_a_page_gives_no_stronger_proof_than_a_token(proof: str) -> None:
    assert words(verdict={"min_assurance": proof}) == []


def test_nothing_is_said_of_what_is_over_or_unknown() -> None:
    assert words(status="approved") == []
    assert words(kind="something else") == []


def test_a_word_of_consequence_has_to_be_typed_or_reasoned() -> None:
    for kind in ("gate", "sample"):
        for saying in sayings({"kind": kind, "status": "pending", "verdict": {}}, 10):
            assert saying.typed or saying.reasoned or saying.word == "good"
