"""What people said of one call, as evidence."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from mcp_gate.history.cases import Spoken, Told
from mcp_gate.history.past import Past, Word
from mcp_gate.model.request import CallState
from support.directories import facts, loaded
from support.held import NOW, SNAPSHOT, a_call

GATE = loaded()
FACTS = facts(GATE, "refund_order", {"amount": 12.5, "to": "a", "env": "dev"})


def word(said: str, by: str = "dana", at: float = 60, **more: Any) -> Word:
    values: dict[str, Any] = {"request_id": "R-1", "kind": "gate", "group": "ops", "tool": "x", "final": True, **more}
    return Word(call_id="c-1", said=said, by=by, at=NOW + at, came=NOW, **values)


def told(*words: Word) -> Told:
    return case(*words).told


def case(*words: Word) -> Any:
    past = Past(a_call(id="c-1"), NOW, CallState.EXECUTED, {"decision": "allow"}, SNAPSHOT, None)
    return Spoken(words).case(past, FACTS)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], Told.UNDECIDED),
        ([word("approve")], Told.APPROVED),
        ([word("approve", final=False)], Told.UNDECIDED),
        ([word("approve", by="policy:timeout")], Told.UNDECIDED),
        ([word("deny")], Told.DENIED),
        ([word("approve", final=False), word("deny", by="ana")], Told.DENIED),
        ([word("approve"), word("good", by="sam", at=900)], Told.APPROVED),
        ([word("approve"), word("bad", by="sam", at=900)], Told.BAD),
        ([word("approve"), word("incident", by="sam", at=900)], Told.BAD),
        ([word("edit")], Told.BAD),
        ([word("approve"), word("drop", by="sam", at=900)], Told.BAD),
        ([word("approve"), word("a word of tomorrow", by="sam", at=900)], Told.BAD),
    ],
)
def test_only_a_person_s_settling_approval_that_nothing_contradicts_approves(words: list[Word], expected: Told) -> None:
    assert told(*words) is expected


def test_a_case_names_its_people_and_the_quickest_look() -> None:
    found = case(word("approve", "ana", 60, final=False), word("approve", "dana", 61.5))
    assert (found.people, found.seconds, found.at, found.clicked) == (("ana", "dana"), 60, NOW + 61.5, False)


def test_two_seconds_are_too_few_to_read_anything() -> None:
    assert case(word("approve", at=1.9)).clicked
    assert not case(word("approve", at=2)).clicked
    assert case(word("approve", "ana", 60, final=False), word("approve", "dana", 1)).clicked, "one of two is enough"


def test_a_call_with_an_attribute_that_is_no_number_is_not_bound_by_its_numbers() -> None:
    past = Past(a_call(id="c-1"), NOW, CallState.EXECUTED, {"decision": "allow"}, SNAPSHOT, None)
    unknown = facts(GATE, "refund_order", {"amount": "12.5", "to": "a"})
    assert Spoken([word("approve")]).case(past, unknown).unbound
    assert not case(word("approve")).unbound


def test_only_plain_numbers_are_bounds() -> None:
    assert case(word("approve")).numbers == {"amount_usd": Decimal("12.5"), "affected_users": 1}
