"""Which rules of the output review look at a result."""

from __future__ import annotations

import pytest

from mcp_gate.detect.finding import Finding
from mcp_gate.model.output import OutputDecision, Unscannable
from mcp_gate.output.decide import decide
from mcp_gate.output.walk import walk
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


def test_tokens_of_one_document_do_not_take_the_place_of_what_another_redacts() -> None:
    tokens = "output_review: { rules: [ { id: a, entities: [EMAIL_ADDRESS], action: tokenize } ] }\n"
    redacts = "output_review: { rules: [ { id: b, entities: [PII], decision: redact } ] }\n"
    walked = walk({"content": [{"type": "text", "text": "ada@analytical.org"}]})
    found = [[Finding(0, 18, "EMAIL_ADDRESS", 1.0, "mail")]]
    (one,) = decide(walked, [], found, loaded(tokens, redacts).outgoing.rules)
    assert (one.decision, one.rule_id) == (OutputDecision.REDACT, "b")


@pytest.mark.parametrize(
    ("rules", "left"),
    [
        ("{ id: a, entities: [US_SSN], count_above: 20, decision: quarantine }", "PII and CREDENTIAL"),
        ("{ id: a, match: { topics: [x] }, entities: [PII, CREDENTIAL], decision: redact }", "PII and CREDENTIAL"),
        ("{ id: a, entities: [CREDENTIAL], decision: redact }", "PII"),
        ("{ id: a, entities: [PII, CREDENTIAL], min_score: 0.9, decision: redact }", "PII and CREDENTIAL"),
        ("{ id: a, entities: [PII], decision: allow }, { id: b, entities: [CREDENTIAL], decision: redact }", ""),
        ("{ id: a, fields: [x], action: remove }", ""),
    ],
)
def test_what_passes_because_a_document_speaks_of_something_else_is_warned_of(rules: str, left: str) -> None:
    said = [w.message for w in loaded(f"output_review: {{ rules: [ {rules} ] }}\n").warnings if "built-in" in w.message]
    assert [one.split(" holds")[0] for one in said] == ([f"no rule about {left}"] if left else [])


def test_rules_in_a_section_that_is_turned_off_are_warned_of() -> None:
    rule = "{ id: a, fields: [ssn], action: remove }"
    off = loaded(f"output_review: {{ enabled: false, rules: [ {rule} ] }}\n")
    assert any("turned off" in w.message for w in off.warnings)
    assert not off.outgoing.enabled
    for said in ("{ enabled: false }", f"{{ rules: [ {rule} ] }}"):
        assert not any("turned off" in w.message for w in loaded(f"output_review: {said}\n").warnings)


def test_a_name_under_which_nothing_is_found_is_warned_of() -> None:
    document = "output_review: { rules: [ { id: a, entities: [PII, US_PASSPORT, CRYPTO], decision: redact } ] }\n"
    said = [(w.message, w.hint) for w in loaded(document).warnings if "nothing is found" in w.message]
    assert said == [
        ("nothing is found under the name 'US_PASSPORT'", "write PASSPORT"),
        ("nothing is found under the name 'CRYPTO'", "define an entity of your own with a pattern"),
    ]
