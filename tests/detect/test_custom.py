"""An admin's own entities, and what is not to be found."""

import pytest
import re2

from mcp_gate.detect.finding import Leaf
from mcp_gate.detect.options import Allowed, Custom, Options
from mcp_gate.detect.scan import scan


def found(text: str, options: Options) -> list[tuple[str, str]]:
    findings = scan([Leaf(text)], options).findings[0]
    return [(one.entity, text[one.start : one.end]) for one in findings]


def test_an_entity_of_the_admins_own_is_found_by_its_pattern() -> None:
    options = Options(custom=(Custom("BADGE", r"\bB-\d{4}\b"),), ner=False)
    assert found("béé B-1234 of ann@acme.com", options) == [("BADGE", "B-1234"), ("EMAIL_ADDRESS", "ann@acme.com")]


def test_a_pattern_that_goes_back_is_an_error_and_not_a_pass() -> None:
    with pytest.raises(re2.error):
        found("x", Options(custom=(Custom("TWICE", r"(a)\1"),), ner=False))


def test_allowed_values_and_patterns_are_not_found_and_others_are() -> None:
    options = Options(
        allowed=(Allowed(values=frozenset({"help@acme.com"}), patterns=(r"[\w.]+@bots\.org",)),), ner=False
    )
    assert found("help@acme.com a.b@bots.org ann@acme.com", options) == [("EMAIL_ADDRESS", "ann@acme.com")]


def test_what_is_allowed_as_one_entity_may_be_found_as_another() -> None:
    allowed = (Allowed(patterns=(r"\d+",), entities=frozenset({"PHONE_NUMBER"})),)
    card = "5316927127572305"
    assert found(f"card {card}", Options(allowed=allowed, ner=False)) == [("CREDIT_CARD", card)]


def test_an_entity_with_a_context_counts_where_one_of_its_words_stands_near_or_above() -> None:
    options = Options(custom=(Custom("BADGE", r"B-\d{4}", context=("badge", "Staff")),), ner=False)
    assert found("the badge B-1234, and far from it " + "." * 60 + " B-9999", options) == [("BADGE", "B-1234")]
    assert found("B-1234", options) == []
    (own,) = scan([Leaf("B-1234", ("staffId",))], options).findings
    assert [one.entity for one in own] == ["BADGE"]


def test_halves_of_characters_do_not_keep_patterns_from_matching() -> None:
    options = Options((Custom("BADGE", r"B-\d{4}"),), (Allowed(patterns=("B-0000",)),), ner=False)
    assert found("\ud800 B-1234 B-0000", options) == [("BADGE", "B-1234")]
