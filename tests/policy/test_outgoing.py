"""Which rules of the output review look at a result."""

from __future__ import annotations

import pytest

from mcp_gate.model.output import Unscannable
from mcp_gate.policy.outgoing import unscannable
from support.directories import loaded
from support.held import a_call


def ids(document: str, *, call: bool = True) -> list[str]:
    outgoing = loaded(document).outgoing
    return [rule.id for rule in outgoing.about(a_call() if call else None)]


def test_without_a_section_personal_data_and_credentials_are_redacted() -> None:
    outgoing = loaded("rules: []\n").outgoing
    assert outgoing.enabled
    assert [rule.id for rule in outgoing.rules] == ["built_in.pii", "built_in.credentials"]
    pii, credentials = outgoing.rules
    assert pii.covers("US_SSN", 0.5)
    assert not pii.covers("US_SSN", 0.4)
    assert not pii.covers("API_KEY", 1)
    assert credentials.covers("API_KEY", 1)


def test_rules_are_about_the_calls_that_they_match() -> None:
    document = (
        "output_review:\n  rules:\n"
        '    - { id: a, fields: ["**.internal", "rows[*].x"], action: remove, reason: r }\n'
        '    - { id: b, match: { topics: ["job.crm.*"] }, entities: [US_SSN], decision: quarantine }\n'
        "    - { id: c, match: { risk_tags: [write] }, entities: [PII], decision: redact }\n"
        '    - { id: d, match: { risk_tags: [read] }, fields: ["x"], action: remove }\n'
    )
    assert ids(document) == ["a", "c"]
    assert ids(document, call=False) == ["a", "b", "c"], "nobody can tell whether it is what loses fields by `d` alone"


def test_a_section_without_a_word_on_entities_leaves_the_built_in_rules_in_force() -> None:
    document = "output_review: { rules: [ { id: a, fields: [x], action: remove } ] }\n"
    assert ids(document) == ["a", "built_in.pii", "built_in.credentials"]


def test_the_review_is_off_only_where_somebody_wrote_so() -> None:
    assert not loaded("output_review: { enabled: false }\n").outgoing.enabled
    assert loaded("output_review: { enabled: true }\n").outgoing.enabled


@pytest.mark.parametrize(
    ("section", "word"),
    [
        ("{}", Unscannable.QUARANTINE),
        ("{ unscannable: drop }", Unscannable.DROP),
        ("{ rules: [ { id: a, unscannable: pass } ] }", Unscannable.PASS),
        ("{ rules: [ { id: a, unscannable: pass }, { id: b, unscannable: drop } ] }", Unscannable.DROP),
        ("{ rules: [ { id: a, match: { topics: [x] }, unscannable: pass } ] }", Unscannable.QUARANTINE),
    ],
)
def test_what_cannot_be_scanned_is_withheld_unless_a_rule_says_otherwise(section: str, word: Unscannable) -> None:
    outgoing = loaded(f"output_review: {section}\n").outgoing
    assert unscannable(outgoing.about(a_call()))[0] is word
