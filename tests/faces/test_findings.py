"""What a reviewer is told of what was found: the same once, however often it is there."""

from __future__ import annotations

from typing import Any

from mcp_gate.faces.findings import found_in


def a_finding(n: int, field: str, says: str = "quarantine", **more: Any) -> dict[str, Any]:
    return {"n": n, "field": field, "entity": "US_SSN", "score": 0.9, "recogniser": "us_ssn", "says": says, **more}


def told(found: list[dict[str, Any]], details: list[dict[str, Any]] | None = None) -> list[str]:
    request: dict[str, Any] = {"verdict": {"quarantine": {"why": "w", "details": details or []}}}
    return list(found_in({**request, "found": found} if found else request))


def test_findings_of_one_kind_are_one_line_with_their_numbers_and_the_rule() -> None:
    rows = [a_finding(n, f"response.rows[{n}].ssn", rule_id="bulk") for n in range(1, 26)]
    assert told(
        [*rows, a_finding(26, "content[0].text", "redact"), a_finding(27, "response.rows[99].ssn", rule_id="bulk")]
    ) == [
        "1-25, 27: 26 x US_SSN in response.rows[*].ssn (us_ssn): quarantine, by bulk",
        "26: US_SSN in content[0].text (us_ssn): redact",
    ]


def test_places_of_the_record_are_told_where_nothing_can_be_looked_at() -> None:
    places = [{"field": f"content[{n}].data", "reason": "it cannot be scanned", "action": "withheld"} for n in (1, 2)]
    assert told([], places) == ["2 x content[*].data: it cannot be scanned"]
    assert told([], places[:1]) == ["content[1].data: it cannot be scanned"]


def test_many_kinds_are_counted() -> None:
    lines = told([a_finding(n, f"response.{'abcdefghijklmno'[n]}") for n in range(15)])
    assert len(lines) == 13
    assert lines[-1] == "and 3 other kinds"


def test_what_withholds_a_result_comes_first_and_no_field_reads_like_more() -> None:
    lines = told([a_finding(1, "response.a", "redact"), a_finding(2, "response.x (us_ssn): allow", rule_id="bulk")])
    assert lines == [
        '2: US_SSN in "response.x (us_ssn): allow" (us_ssn): quarantine, by bulk',
        "1: US_SSN in response.a (us_ssn): redact",
    ]
