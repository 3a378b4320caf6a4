"""What an admin says of detectors is read strictly, and every error has a place and a cure."""

from __future__ import annotations

from decimal import Decimal

import pytest

from mcp_gate.detect.options import Allowed, Custom, Options
from mcp_gate.model.config import ConfigError
from mcp_gate.policy.load import Loaded, load
from mcp_gate.policy.read_detection import UNSAID, Exempt, OwnEntity
from mcp_gate.scanning import settings
from mcp_gate.scanning.settings import check_detectors, options

UPSTREAMS = b"version: v1\nupstreams:\n  shop: { command: shop }\n"


def loaded(*documents: str) -> Loaded:
    files = {f"policies/{n}.yaml": f"version: v1\n{text}".encode() for n, text in enumerate(documents)}
    return load({"upstreams.yaml": UPSTREAMS, **files})


def refused(*documents: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        loaded(*documents)
    return [str(problem) for problem in caught.value.problems]


def test_own_entities_and_what_is_allowed_reach_the_detectors() -> None:
    outgoing = loaded(
        r"""
output_review:
  entities:
    STAFF_ID: { pattern: 'S-\d{6}', score: 0.9, context: [staff, employee] }
    ROOM: { pattern: '[A-Z]\d{3}' }
  allow:
    - support@example.com
    - { values: [127.0.0.1], patterns: ['.*@example\.org'], entities: [EMAIL_ADDRESS, ROOM], reason: public }
  ner: false
"""
    ).outgoing
    assert outgoing.detection.own == (
        OwnEntity("STAFF_ID", r"S-\d{6}", Decimal("0.9"), ("staff", "employee")),
        OwnEntity("ROOM", r"[A-Z]\d{3}"),
    )
    assert outgoing.detection.exempt == (
        Exempt(frozenset({"support@example.com"})),
        Exempt(frozenset({"127.0.0.1"}), (r".*@example\.org",), frozenset({"EMAIL_ADDRESS", "ROOM"})),
    )
    assert options(outgoing.detection) == Options(
        (Custom("STAFF_ID", r"S-\d{6}", 0.9, ("staff", "employee")), Custom("ROOM", r"[A-Z]\d{3}", 0.8)),
        (
            Allowed(frozenset({"support@example.com"})),
            Allowed(frozenset({"127.0.0.1"}), (r".*@example\.org",), frozenset({"EMAIL_ADDRESS", "ROOM"})),
        ),
        ner=False,
    )


def test_an_entity_of_one_document_may_be_named_in_another() -> None:
    rule = "output_review: { rules: [{ id: a, entities: [STAFF_ID], decision: redact }] }"
    own = r"output_review: { entities: { STAFF_ID: { pattern: 'S-\d+' } } }"
    assert loaded(rule, own).outgoing.rules[0].entities == {"STAFF_ID"}


def test_what_nobody_defines_is_an_error_with_the_nearest_name() -> None:
    rule = "output_review: { rules: [{ id: a, entities: [STAF_ID], decision: redact }] }"
    own = r"output_review: { entities: { STAFF_ID: { pattern: 'S-\d+' } } }"
    (problem,) = refused(rule, own)
    assert problem.startswith("policies/0.yaml:2:")
    assert "did you mean 'STAFF_ID'?" in problem


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ("entities: { STAFF_ID: { pattern: 'S-(?=x)' } }", "is not a pattern: invalid perl operator"),
        ("entities: { STAFF_ID: { pattern: '(' } }", "is not a pattern: missing )"),
        ("entities: { STAFF_ID: { pattern: 'x*' } }", "matches an empty text"),
        ("entities: { STAFF_ID: { score: 0.5 } }", "'pattern' is missing; add pattern"),
        ("entities: { STAFF_ID: { pattern: x, weight: 1 } }", "unknown key 'weight'"),
        ("entities: { STAFF_ID: { pattern: x, score: 2 } }", "2 is out of range"),
        ("entities: { staff: { pattern: x } }", "'staff' is not the name of an entity; use capital letters"),
        ("entities: { PERSON: { pattern: x } }", "'PERSON' is the gate's own"),
        ("entities: [STAFF_ID]", "this needs entities by their names"),
        ("allow: [{ reason: nothing }]", "this allows nothing; add values"),
        ("allow: [{ patterns: ['[']}]", "is not a pattern"),
        ("allow: [{ values: [x], entities: [NOBODY] }]", "'NOBODY' is not an entity"),
        ("ner: maybe", "'maybe' is neither true nor false"),
        ("vendor_shapes: 1", "'1' is neither true nor false"),
        ("entites: {}", "did you mean 'entities'?"),
    ],
)
def test_errors_name_place_and_cure(section: str, said: str) -> None:
    (problem,) = refused(f"output_review:\n  {section}")
    assert problem.startswith("policies/0.yaml:3:")
    assert said in problem


def test_an_entity_is_defined_once_over_all_documents() -> None:
    own = "output_review: { entities: { STAFF_ID: { pattern: x } } }"
    (problem,) = refused(own, own)
    assert "policies/1.yaml:2:" in problem
    assert "first at policies/0.yaml:2" in problem


def test_a_pattern_with_many_states_is_refused_and_not_run() -> None:
    (problem,) = refused("output_review: { entities: { STAFF_ID: { pattern: '(((x{99}){99}){9}){9}' } } }")
    assert "is not a pattern" in problem


def test_who_says_nothing_gets_what_there_is() -> None:
    assert loaded("rules: []").outgoing.detection == UNSAID
    assert options(UNSAID) == Options()


def test_a_document_that_demands_names_is_heard_before_one_that_goes_without() -> None:
    on, off = "output_review: { ner: true }", "output_review: { ner: false }"
    assert loaded(on, off).outgoing.detection.ner is True
    assert loaded(off, "rules: []").outgoing.detection.ner is False
    without, shapes = "output_review: { vendor_shapes: false }", "output_review: { vendor_shapes: true }"
    assert loaded(without, "rules: []").outgoing.detection.vendor_shapes is False
    assert loaded(without, shapes).outgoing.detection.vendor_shapes is True


# ---- what this machine can do


def test_S204_a_gate_whose_detectors_are_missing_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "has_vendor_shapes", lambda: False)
    monkeypatch.setattr(settings, "has_names", lambda: False)
    with pytest.raises(ConfigError) as caught:
        check_detectors(loaded("output_review:\n  ner: true").outgoing)
    shapes, names = map(str, caught.value.problems)
    assert "kingfisher-secret-scanner is not there" in shapes
    assert "vendor_shapes: false" in shapes
    assert names.startswith("policies/0.yaml:3:3: ")
    assert "install mcp-gate[ner]" in names


def test_a_gate_that_may_go_without_them_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "has_vendor_shapes", lambda: False)
    monkeypatch.setattr(settings, "has_names", lambda: False)
    check_detectors(loaded("output_review: { vendor_shapes: false }").outgoing)
    check_detectors(loaded("output_review: { enabled: false }").outgoing)
    with pytest.raises(ConfigError):
        check_detectors(loaded("rules: []").outgoing)
