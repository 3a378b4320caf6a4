"""What the review of one payload makes of rules, schemas and fields."""

from __future__ import annotations

import json

import pytest

from mcp_gate.gate.leaving.exits import Changed, Passed, Withheld
from mcp_gate.model.foreign import JsonObject
from support.leaving import CARD, MAIL, SAID, SSN, leaked, out, text
from support.scanning import Broken

pytestmark = pytest.mark.anyio


SCHEMA = {
    "type": "object", "properties": {"ssn": {"type": "number"}, "name": {"type": "string"}}, "required": ["ssn"],
}  # fmt: skip


async def test_S199_a_number_that_may_be_no_text_makes_the_result_an_error_that_says_so() -> None:
    payload = {"content": [text('{"ssn": 536221234}')], "structuredContent": {"ssn": 536221234}}
    seen = await out(payload, schema=SCHEMA)
    assert isinstance(seen, Changed)
    assert seen.payload["isError"] is True
    assert "structuredContent" not in seen.payload
    assert "output schema" in seen.payload["content"][0]["text"]
    assert json.loads(seen.payload["content"][1]["text"]) == {"ssn": "[REDACTED:US_SSN#1]"}


async def test_S199_what_still_fits_stays_structured() -> None:
    schema = {**SCHEMA, "properties": {"ssn": {"type": "string"}}}
    seen = await out({"content": [], "structuredContent": {"ssn": SSN}}, schema=schema)
    assert seen.payload["structuredContent"] == {"ssn": "[REDACTED:US_SSN#1]"}
    assert "isError" not in seen.payload


@pytest.mark.parametrize(
    "schema",
    [{"$ref": "https://elsewhere.example/schema"}, {"type": "nonsense"}, {"properties": {"ssn": {"pattern": "(?=a)"}}}],
)
async def test_a_schema_that_cannot_be_read_is_fitted_by_nothing(schema: JsonObject) -> None:
    seen = await out({"content": [], "structuredContent": {"ssn": SSN}}, schema=schema)
    assert seen.payload["isError"] is True


class TestRules:
    async def test_the_strictest_rule_decides(self) -> None:
        rules = (
            "{ rules: [ { id: a, entities: [PII], decision: allow }, { id: b, entities: [EMAIL_ADDRESS], "
            "decision: redact, reason: Mail }, { id: c, entities: [US_SSN], decision: quarantine, reason: No SSN } ] }"
        )
        mail = await out({"content": [text(f"{MAIL}, card {CARD}")]}, rules)
        assert mail.payload["content"][0]["text"] == f"[REDACTED:EMAIL_ADDRESS#1], card {CARD}"
        assert mail.review["redaction_details"][0]["reason"] == "Mail"
        withheld = await out({"content": [text(f"{MAIL}, SSN {SSN}")]}, rules)
        assert isinstance(withheld, Withheld)
        assert withheld.why == "No SSN"
        assert leaked(withheld.review) == []

    async def test_a_bulk_of_values_is_withheld_and_few_are_not(self) -> None:
        rules = "{ rules: [ { id: b, entities: [US_SSN], count_above: 2, decision: quarantine, reason: Bulk } ] }"
        rows = [{"ssn": f"536-22-12{n:02}"} for n in range(10, 13)]
        texts = [text(json.dumps(rows[:2])), text(f"{rows[0]['ssn']}")]
        twice = {"content": texts, "structuredContent": {"r": rows[:2]}}
        assert isinstance(await out(twice, rules), Passed), "the texts repeat the data"
        assert isinstance(await out({"content": [], "structuredContent": {"r": rows}}, rules), Withheld)

    async def test_a_review_that_is_off_looks_at_nothing(self) -> None:
        payload = {"content": [text(SAID), {"type": "image", "data": "QQ==", "mimeType": "image/png"}]}
        assert isinstance(await out(payload, "{ enabled: false }", scanner=Broken()), Passed)

    async def test_a_scanner_that_fails_withholds(self) -> None:
        seen = await out({"content": [text("fine")]}, scanner=Broken())
        assert isinstance(seen, Withheld)
        assert seen.why == "it could not be checked"

    async def test_fields_are_removed_first_and_counted_with_what_is_redacted(self) -> None:
        rules = '{ rules: [ { id: i, fields: ["**.notes"], action: remove, reason: Internal } ] }'
        seen = await out({"content": [], "structuredContent": {"notes": SSN, "mail": MAIL}}, rules)
        assert seen.payload["structuredContent"] == {"mail": "[REDACTED:EMAIL_ADDRESS#1]"}
        assert [d["action"] for d in seen.review["redaction_details"]] == [
            "field removed", "replaced with [REDACTED:EMAIL_ADDRESS#1]",
        ]  # fmt: skip

    async def test_two_keys_that_would_become_one_withhold(self) -> None:
        payload = {"content": [], "structuredContent": {MAIL: 1, "[REDACTED:EMAIL_ADDRESS#1]": 2}}
        assert isinstance(await out(payload), Withheld)


async def test_a_text_that_may_hide_a_field_is_withheld_and_one_that_hides_none_is_not() -> None:
    rules = '{rules: [{id: i, fields: ["**.internal_notes"], action: remove, reason: Internal}]}'
    seen = await out({"content": [text("{'internal_notes': 'vip'}")]}, rules)
    assert isinstance(seen, Withheld)
    assert "may hold a field" in seen.why
    assert isinstance(await out({"content": [text('{"a": 1, "a": 2}')]}, rules), Passed)


async def test_fields_that_no_result_may_hold_are_taken_out_of_what_is_no_result_too() -> None:
    said = {"level": "info", "data": {"internal_notes": "vip", "x": 1}}
    everywhere = '{id: i, fields: ["**.internal_notes"], action: remove}'
    somewhere = '{id: s, match: {topics: ["job.crm.*"]}, fields: ["**.x"], action: remove}'
    seen = await out(said, f"{{rules: [{everywhere}, {somewhere}]}}", method="notifications/message", call=None)
    assert isinstance(seen, Changed)
    assert seen.payload == {"level": "info", "data": {"x": 1}}
