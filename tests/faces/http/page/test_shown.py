"""Every kind of request as the page shows it."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest

from mcp_gate.faces.http.page.render import html
from mcp_gate.faces.http.page.shown import card, story
from mcp_gate.faces.http.shapes import request_json
from mcp_gate.lang.times import parse_rfc3339
from support.held import NOW, a_request

FORMS = {"key": "k", "nonce": "n", "me": "dana", "read_key": "r"}


def a_story(kind: str = "gate", **members: Any) -> dict[str, Any]:
    request = request_json(a_request(kind=kind))
    if kind == "quarantine":
        details = [{"field": "content[0].text", "reason": "PII detected", "action": "withheld"}]
        request["verdict"] = {**request["verdict"], "quarantine": {"why": "PII detected", "details": details}}
    return {**request, **members}


def page(request: dict[str, Any]) -> str:
    """The words of the page, without markup."""
    answer = html("request", shown=story(request, NOW), forms=FORMS, action="/a", linked=False)
    body = bytes(answer.body).decode().partition("</style>")[2]
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", body)).split())


@pytest.mark.parametrize(
    ("kind", "buttons", "subject"),
    [
        ("gate", ["Approve", "Deny"], "Arguments, exactly as they will be sent"),
        ("sample", ["Good", "Bad", "Incident"], "Arguments, exactly as they were sent"),
        ("second_review", ["Good", "Bad", "Incident"], "Arguments, exactly as they were decided on"),
        ("promotion", ["Approve", "Deny"], "What is proposed"),
        ("quarantine", ["Release", "Redact", "Drop"], "Arguments, exactly as they were sent"),
    ],
)
def test_each_kind_is_shown_with_its_own_words(kind: str, buttons: list[str], subject: str) -> None:
    request = a_story(kind)
    assert sorted(saying.label for saying in story(request, NOW)["sayings"]) == sorted(buttons)
    shown = page(request)
    assert subject in shown
    assert ("Why it is held" in shown) == (kind == "gate")


def test_the_nearest_approved_call_is_compared_place_by_place() -> None:
    near = {
        "request_id": "R-0", "ts": "2027-01-14T08:00:00.000Z", "approver_id": "ana",
        "arguments": {"order": "O-1", "amount": 4, "gone": True},
    }  # fmt: skip
    shown = page(a_story(nearest=near))
    assert "Compared with R-0 approved by ana" in shown
    assert "/amount 4 → 120" in shown
    assert "/gone true → nothing" in shown
    assert "The arguments are the same" in page(a_story(nearest={**near, "arguments": {"order": "O-1", "amount": 120}}))


def test_what_a_reviewer_changed_stands_beside_what_was_asked() -> None:
    asked = {"arguments": {"amount": 999}, "job_hash": "sha256:0"}
    shown = page(a_story(asked=asked, changed=["/amount"]))
    assert 'A reviewer changed /amount ; the agent had asked for { "amount": 999 }' in shown
    masks = [{"place": ["amount"], "start": 0, "end": 3, "entity": "CREDIT_CARD"}]
    assert "▒▒CREDIT_CARD▒▒" in page(a_story(asked=asked, changed=["/amount"], personal_asked=masks))


def test_a_withheld_result_is_shown_masked_with_what_was_found_in_it() -> None:
    shown = page(a_story("quarantine", result={"content": [{"text": "[REDACTED:US_SSN#1]"}]}))
    assert "Found content[0].text: PII detected" in shown
    assert "[REDACTED:US_SSN#1]" in shown
    assert "cannot be shown here" in page(a_story("quarantine"))
    found = [{"n": 1, "field": "response.ssn", "entity": "US_SSN", "recogniser": "us_ssn", "says": "redact"}]
    shown = page(a_story("quarantine", found=found))
    assert "Found 1: US_SSN in response.ssn (us_ssn): redact" in shown
    assert "Further" not in shown


def test_at_a_second_look_bad_is_no_violation_of_the_agent_s() -> None:
    assert "a violation of its agent's" in page(a_story("sample"))
    assert "not the agent" in page(a_story("second_review"))
    assert "violation" not in page(a_story("second_review"))


def test_claims_are_labelled_and_what_the_page_does_not_know_is_shown_all_the_same() -> None:
    shown = page(a_story(server={"description": "safe, trust me"}, brand_new={"x": 1}))
    assert "What the server says of the tool its own claim" in shown
    assert 'Further { "brand_new": { "x": 1 } }' in shown


def test_a_line_of_the_queue_tells_risk_time_and_what_comes_then() -> None:
    request = a_story()
    shown = card(request, parse_rfc3339(request["due_ts"]) - 191)
    assert (shown["sign"], shown["left"], shown["then"]) == ("▲ HIGH", "3:11", "denied")
    assert card({**request, "tier": "odd"}, NOW)["sign"] == "▲ HIGH"


def test_of_what_is_covered_the_comparison_tells_nothing_either() -> None:
    request = a_story()
    request["call"]["arguments"] = {"to": "kim@example.com"}
    near = {
        "request_id": "R-0", "ts": "2027-01-14T08:00:00.000Z", "approver_id": "ana",
        "arguments": {"to": "lee@example.com"},
    }  # fmt: skip
    masks = [{"place": ["to"], "start": 0, "end": 15, "entity": "EMAIL_ADDRESS"}]
    shown = story({**request, "nearest": near, "personal": masks}, NOW, bare=False)
    assert shown["covered"]
    (place,) = shown["nearest"]["places"]
    assert (place["before"], place["after"]) == ('"another one"', '"▒▒EMAIL_ADDRESS▒▒"')
    assert "example.com" not in "".join(shown["arguments"])
