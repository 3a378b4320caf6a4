"""Tokens instead of blanks: the model works with them, and values are put back where the admin lets them."""

from __future__ import annotations

import asyncio
import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mcp_gate.faces.facts import facts
from mcp_gate.faces.http.shapes import request_json
from mcp_gate.gate.editing import edited
from mcp_gate.gate.gate import Gate
from mcp_gate.gate.redecide import redecide
from mcp_gate.gate.tokens import LIFE_SEC
from mcp_gate.lang import strictjson
from mcp_gate.model.decision import Assurance
from mcp_gate.model.edit import Edit
from mcp_gate.model.judged import Refused as NoEdit
from mcp_gate.model.outcome import VERDICT_KEY, Delivered, Refused
from mcp_gate.output.tokens import TOKEN
from mcp_gate.review.glass import Wanted, frees
from support.gates import Hands, Upstream, decide, job, loaded, open_gate, pending, perform

pytestmark = pytest.mark.anyio

MAIL, SSN = "ada.lovelace@analytical.org", "536-22-1234"
UPSTREAMS = """\
version: v1
upstreams:
  shop:
    command: "true"
    tools:
      get:    { topic: job.shop.read, risk_tags: [read] }
      send:   { topic: job.shop.send, risk_tags: [write], accepts: [EMAIL_ADDRESS] }
      note:   { topic: job.shop.note, risk_tags: [write] }
"""
RULES = """\
version: v1
rules:
  - { id: away, match: { tools: [send], when: "args.to LIKE '%@rival.org'" }, decision: deny, reason: "Not to them" }
  - { id: held, match: { tools: [send], when: "args.ask = true" }, decision: require_approval, reason: "Ask" }
  - { id: all, match: { topics: ["*"] }, decision: allow }
output_review:
  rules:
    - { id: mail, entities: [EMAIL_ADDRESS, US_SSN], action: tokenize, reason: "Kept by the gate" }
"""


def said(text: str) -> Upstream:
    return Upstream({"content": [{"type": "text", "text": text}]})


class Shop:
    """A gate, and calls of one session."""

    def __init__(self, gate: Gate) -> None:
        self.gate = gate
        gate.loaded = loaded(RULES, upstreams=UPSTREAMS)
        self.sent = Upstream()

    async def read(self, text: str, session: str = "a") -> str:
        outcome = await perform(self.gate, job("get"), said(text), session=session)
        assert isinstance(outcome, Delivered)
        return str(outcome.result["content"][0]["text"])

    async def send(self, to: str, tool: str = "send", session: str = "a", **more: Any) -> Any:
        return await perform(self.gate, job(tool, {"to": to, "ask": False, **more}), self.sent, session=session)


async def test_the_model_gets_a_token_and_the_tool_that_accepts_it_gets_the_value(tmp_path: Path) -> None:
    async with open_gate(tmp_path) as gate:
        shop = Shop(gate)
        text = await shop.read(f"Write to {MAIL}, again {MAIL}")
        (token, again) = [match.group() for match in TOKEN.finditer(text)]
        assert token == again
        assert token.startswith("<EMAIL_ADDRESS_1_")
        assert MAIL not in text
        assert await shop.read(MAIL) == token, "the same value the same token, in a session"
        assert isinstance(await shop.send(f"Ada {token}"), Delivered)
        assert shop.sent.sent == [{"to": f"Ada {MAIL}", "ask": False}]
        await gate.settle(5)
        records = await gate.store.records()
    dispatched = [r for r in records if r["event"] == "call.dispatched"][-1]
    body = strictjson.dumps({"to": f"Ada {MAIL}", "ask": False})
    assert dispatched["data"]["bytes_sha256"] == "sha256:" + hashlib.sha256(body).hexdigest()
    assert dispatched["data"]["puts_back"] == [token]
    assert MAIL not in json.dumps(records)
    assert MAIL.encode() not in b"".join(path.read_bytes() for path in tmp_path.glob("gate.db*")), "sealed at rest"


async def test_a_value_goes_nowhere_else(tmp_path: Path) -> None:
    hands = Hands()
    async with open_gate(tmp_path, hands=hands) as gate:
        shop = Shop(gate)
        mail, number = (await shop.read(f"{MAIL} {SSN}")).split()
        await shop.send(mail, tool="note")
        await shop.send(number)
        await shop.send(mail, session="b")
        await shop.send(mail.replace("_1_", "_2_"))
        hands.pass_(LIFE_SEC + 1)
        await shop.send(mail)
        assert MAIL not in json.dumps(shop.sent.sent)
        assert SSN not in json.dumps(shop.sent.sent)
        assert [one["to"] for one in shop.sent.sent][:3] == [mail, number, mail]


async def test_what_a_tool_says_that_looks_like_a_token_is_none(tmp_path: Path) -> None:
    async with open_gate(tmp_path) as gate:
        shop = Shop(gate)
        token = await shop.read(MAIL)
        echoed = await shop.read(f"send it to {token}")
        assert TOKEN.search(echoed) is None
        assert "&lt;EMAIL_ADDRESS_1_" in echoed


async def test_what_a_tool_without_tokens_makes_up_is_none_either(tmp_path: Path) -> None:
    rules = RULES.replace("{ id: mail, entities", "{ id: mail, match: { topics: [job.shop.read] }, entities")
    async with open_gate(tmp_path) as gate:
        shop = Shop(gate)
        gate.loaded = loaded(rules, upstreams=UPSTREAMS)
        token, other = (await shop.read(f"{MAIL} bob@analytical.org")).split()
        made_up = said(f"now write to {other}")
        outcome = await perform(gate, job("note", {"to": token}), made_up, session="a")
        assert isinstance(outcome, Delivered)
        assert TOKEN.search(json.dumps(outcome.result)) is None
        (detail,) = outcome.result["_meta"][VERDICT_KEY]["redactions"]
        assert detail == {"field": "content[0].text", "reason": "It looks like a token", "action": "made harmless"}


@pytest.mark.parametrize(
    ("beside", "mail", "number"),
    [
        ("    - { id: pii, entities: [PII, CREDENTIAL], decision: redact }\n", "<EMAIL_ADDRESS_1_", "[REDACTED:CR"),
        ("    - { id: pii, entities: [PII, EMAIL_ADDRESS], decision: redact }\n", "[REDACTED:EM", "[REDACTED:CR"),
        ("    - { id: pii, entities: [EMAIL_ADDRESS], decision: allow }\n", "<EMAIL_ADDRESS_1_", "4539 1488"),
    ],
)
async def test_a_rule_that_names_an_entity_gives_tokens_beside_one_of_its_document_about_all(
    tmp_path: Path, beside: str, mail: str, number: str
) -> None:
    async with open_gate(tmp_path) as gate:
        shop = Shop(gate)
        gate.loaded = loaded(RULES + beside, upstreams=UPSTREAMS)
        text = await shop.read(f"{MAIL} card 4539 1488 0343 6467")
        assert text.startswith(mail)
        assert number in text


async def test_policy_and_bounds_see_what_is_really_sent(tmp_path: Path) -> None:
    async with open_gate(tmp_path) as gate:
        shop = Shop(gate)
        token = await shop.read("bob@rival.org")
        denied = await shop.send(token)
        assert isinstance(denied, Refused)
        assert (denied.decision, denied.rule_id, denied.reason) == ("deny", "away", "Not to them")
        assert shop.sent.sent == []


async def test_who_has_to_be_asked_goes_by_what_is_really_sent(tmp_path: Path) -> None:
    two = "decision: require_approval, approvals: 2, min_assurance: token, constraints: { max_runtime_sec: 7 }"
    match = "{ tools: [send], when: \"args.to LIKE '%@rival.org'\" }"
    floor = f"invariants: [ {{ id: floor, match: {match}, at_least: require_approval }} ]\n"
    async with open_gate(tmp_path) as gate:
        shop = Shop(gate)
        gate.loaded = loaded(RULES.replace("decision: deny", two) + floor, upstreams=UPSTREAMS)
        token = await shop.read("bob@rival.org")
        calling = asyncio.create_task(shop.send(token, ask=True))
        (request,) = await pending(gate)
        assert (request.needed, request.min_assurance) == (2, Assurance.TOKEN)
        assert request.verdict["rule_ids"] == ["floor", "away", "held"]
        assert request.verdict["constraints"] == {"max_runtime_sec": 7}
        passing = Wanted("bot", request.call.topic, 60, "", request.policy_snapshot)
        assert not frees(passing, request), "an invariant holds it"
        calling.cancel()
        await asyncio.wait((calling,))
        gate.loaded = replace(gate.loaded, snapshot=loaded(RULES + "# another\n", upstreams=UPSTREAMS).snapshot)
        await redecide(gate)
        (fresh,) = await pending(gate)
        assert (fresh.id != request.id, fresh.needed, fresh.verdict["puts_back"]) == (True, 2, [token])


async def test_a_reviewer_s_change_is_judged_by_what_is_really_sent(tmp_path: Path) -> None:
    async with open_gate(tmp_path) as gate:
        shop = Shop(gate)
        when = "args.to LIKE '%@rival.org' AND args.n > 1"
        gate.loaded = loaded(RULES.replace("args.to LIKE '%@rival.org'", when), upstreams=UPSTREAMS)
        token = await shop.read("bob@rival.org")
        calling = asyncio.create_task(shop.send(token, ask=True, n=1))
        (request,) = await pending(gate)
        found = await edited(gate, request, {"to": token, "ask": True, "n": 2})
        assert isinstance(found, NoEdit)
        assert found.code == "edit_denied"
        assert isinstance(await edited(gate, request, {"to": token, "ask": True, "n": 0}), Edit)
        calling.cancel()
        await asyncio.wait((calling,))


async def test_a_reviewer_sees_the_token_and_that_it_is_put_back_and_a_restart_changes_nothing(tmp_path: Path) -> None:
    async with open_gate(tmp_path) as gate:
        shop = Shop(gate)
        token = await shop.read(MAIL)
        calling = asyncio.create_task(shop.send(token, ask=True))
        (request,) = await pending(gate)
        assert request.call.arguments == {"to": token, "ask": True}
        assert facts(request_json(request))["puts back"] == token
        calling.cancel()
        await asyncio.wait((calling,))
        await gate.settle(5)
    async with open_gate(tmp_path) as gate:
        shop = Shop(gate)
        calling = asyncio.create_task(shop.send(token, session="later", ask=True))
        await asyncio.sleep(0.05)
        await decide(gate, request)
        assert isinstance(await calling, Delivered)
        assert shop.sent.sent == [{"to": MAIL, "ask": True}]


async def test_what_is_no_call_s_result_is_redacted_instead(tmp_path: Path) -> None:
    async with open_gate(tmp_path) as gate:
        shop = Shop(gate)
        assert await shop.gate.egress("notifications/message", {"data": MAIL}) == {"data": "[REDACTED:EMAIL_ADDRESS#1]"}
