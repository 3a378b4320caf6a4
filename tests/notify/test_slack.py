"""Slack, against a double of its API that answers as Slack does, with signatures made by Slack's own library."""

from __future__ import annotations

import asyncio
import json
import time
import urllib.parse
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from slack_sdk.signature import SignatureVerifier

from mcp_gate.faces.facts import DIGITS
from mcp_gate.model.decision import Assurance, OnTimeout
from mcp_gate.model.request import Request
from mcp_gate.notify import slack, worker
from mcp_gate.review.due import Moment, fate
from support.held import a_call, a_request
from support.hooks import sending, until
from support.reviewed import Reviewed, a_gate, raw
from support.web import Asked, Script, plain, scripted

pytestmark = pytest.mark.anyio

SIGNING = "8f742231b10e8888abcd99yyyzzz85a5"
DANA, NOBODY = "U0DANA", "U0NOBODY"


@asynccontextmanager
async def gate(state: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[Reviewed, Script]]:
    """A gate with a channel, and the double's side of it."""
    monkeypatch.setenv("SLACK_TOKEN", "xoxb-double")
    monkeypatch.setenv("SLACK_SECRET", SIGNING)
    monkeypatch.setattr(worker, "DELAYS", (0.01,) * 3)

    async def answer(_: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(plain(json.dumps({"ok": True, "channel": "C0OPS", "ts": f"17.{len(script.asked)}"}).encode()))

    async with scripted(answer) as (url, script):
        settings = f"""version: v1
listen: {{ review: "127.0.0.1:0" }}
reviewers:
  dana: {{ groups: [finance-approvers], slack: {DANA} }}
  kim: {{ groups: [finance-approvers] }}
webhooks:
  - {{ id: chat, slack: C0OPS, token: "${{env:SLACK_TOKEN}}", secret: "${{env:SLACK_SECRET}}", team: T0TEAM,
      url: "{url}", allow_private: true }}
"""
        async with a_gate(state, settings=settings.encode()) as found, sending(found):
            yield found, script


def said(script: Script) -> list[dict[str, Any]]:
    return [json.loads(asked.body) for asked in script.asked]


def buttons(message: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        element["action_id"]: element for element in message["blocks"][-1].get("elements", ()) if "action_id" in element
    }


async def asked(gate: Reviewed, script: Script, **changes: Any) -> tuple[Request, str]:
    """A held call, and what the buttons of its message say."""
    request = await gate.hold(**changes)

    def message() -> list[dict[str, Any]]:
        return [one for one in said(script) if "blocks" in one and request.id in json.dumps(one)]

    await until(message)
    return request, buttons(message()[0])["approve"]["value"]


async def press(
    gate: Reviewed, payload: dict[str, Any], *, secret: str = SIGNING, ago: float = 0, **change: str
) -> tuple[int, dict[str, Any]]:
    body = urllib.parse.urlencode({"payload": json.dumps({"team": {"id": "T0TEAM"}, **payload})})
    sent = str(int(time.time() - ago))
    signature = SignatureVerifier(secret).generate_signature(timestamp=sent, body=body)
    host, port = gate.address
    headers = {
        "Host": f"{host}:{port}", "Content-Type": "application/x-www-form-urlencoded",
        "X-Slack-Request-Timestamp": sent, "X-Slack-Signature": signature or "", **change,
    }  # fmt: skip
    status, _, answer = await raw((host, port), "POST", "/v1/callbacks/chat", body.encode(), headers)
    return status, json.loads(answer or b"{}")


def submitted(word: str, value: str, user: str = DANA, **fields: str) -> dict[str, Any]:
    values = {name: {name: {"type": "plain_text_input", "value": text}} for name, text in fields.items()}
    view = {"callback_id": word, "private_metadata": value, "state": {"values": values}}
    return {"type": "view_submission", "user": {"id": user, "name": "dana", "username": "dana"}, "view": view}


def clicked(word: str, value: str, user: str = DANA, **more: str) -> dict[str, Any]:
    action = {"action_id": word, "value": value, "type": "button"}
    return {"type": "block_actions", "user": {"id": user, **more}, "trigger_id": "1.2.abc", "actions": [action]}


def digits(request: Request) -> str:
    return request.call.job_hash.removeprefix("sha256:")[:DIGITS]


async def test_a_held_call_is_posted_with_buttons_and_the_message_says_how_it_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with gate(tmp_path, monkeypatch) as (found, script):
        request, value = await asked(found, script, arguments={"to": "jane@example.com"})
        assert script.asked[0].headers["authorization"] == "Bearer xoxb-double"
        message = said(script)[0]
        assert message["channel"] == "C0OPS"
        assert list(buttons(message)) == ["read", "approve", "deny"]
        assert "jane" not in json.dumps(message)
        assert digits(request) not in json.dumps(message["blocks"][:-1])  # it is typed by who read the call
        status, answer = await press(found, submitted("deny", value, reason="no"))
        assert (status, answer) == (200, {})
        await until(lambda: len(script.asked) == 2)
        changed = said(script)[1]
        assert (changed["ts"], changed["channel"]) == ("17.1", "C0OPS")
        assert "denied by dana" in changed["text"]
        (decided,) = await found.records("request.decided")
        assert (decided["approver_id"], decided["assurance"], decided["data"]["channel"]) == (
            "dana",
            "link",
            "slack:chat",
        )


async def test_a_message_loses_its_buttons_whatever_becomes_of_its_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with gate(tmp_path, monkeypatch) as (found, script):

        async def last(of: Request, count: int) -> dict[str, Any]:
            def mine() -> list[dict[str, Any]]:
                return [one for one in said(script) if of.id in json.dumps(one)]

            await until(lambda: len(mine()) == count)
            return mine()[-1]

        late, _ = await asked(found, script)
        await found.gate.store.requests.pass_time(
            late.id, partial(fate, moment=Moment(time.time() + 700, 0, late.policy_snapshot))
        )
        assert "expired" in (await last(late, 2))["text"]
        gone, _ = await asked(found, script)
        await found.gate.queue.cancel(gone, "stopped")
        assert "withdrawn" in (await last(gone, 2))["text"]
        void, _ = await asked(found, script)
        await found.gate.queue.supersede(void, "policy_changed")
        assert "decided anew" in (await last(void, 2))["text"]
        for one in (late, gone, void):
            assert not buttons(await last(one, 2))


async def test_once_escalated_the_first_message_has_no_buttons_and_the_next_group_has_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with gate(tmp_path, monkeypatch) as (found, script):
        request, value = await asked(found, script, on_timeout=OnTimeout.ESCALATE, escalate_to="security-approvers")
        await found.do(found.client.escalate, request.id, "dana", "not ours")
        await until(lambda: len(script.asked) == 3)
        _, moved, again = said(script)
        assert (moved["ts"], "group security-approvers" in moved["text"], buttons(moved)) == ("17.1", True, {})
        assert "approve" in buttons(again)
        _, answer = await press(found, submitted("deny", value, reason="no"))
        assert "group" in answer["errors"]["reason"]
        await found.gate.queue.cancel(request, "stopped")
        await until(lambda: len(script.asked) == 4)
        assert said(script)[3]["ts"] == "17.3"


async def test_a_request_that_ended_before_it_could_be_posted_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with gate(tmp_path, monkeypatch) as (found, script):
        works = script.answer

        async def no(_: Asked, writer: asyncio.StreamWriter) -> None:
            writer.write(plain(b'{"ok": false, "error": "ratelimited"}'))

        script.answer = no
        monkeypatch.setattr(worker, "DELAYS", (0.5,) * 3)
        request = await found.hold()
        await until(lambda: script.asked)
        await found.gate.queue.cancel(request, "stopped")
        script.answer = works

        async def done() -> bool:
            tally = await found.gate.store.outbox.tally("chat")
            return (tally.due, tally.delivered) == (0, 2)

        await until(done)
        assert len(script.asked) == 1


async def test_when_much_happens_at_once_the_posted_messages_still_lose_their_buttons(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with gate(tmp_path, monkeypatch) as (found, script):
        request, _ = await asked(found, script)
        monkeypatch.setattr(worker, "ONE_BY_ONE", 0)
        await found.gate.queue.cancel(request, "stopped")
        await until(lambda: len(script.asked) == 2)
        changed = said(script)[1]
        assert (changed["ts"], "withdrawn" in changed["text"], buttons(changed)) == ("17.1", True, {})
        await found.hold()
        await until(lambda: len(script.asked) == 3)
        assert "Much happened at once: 1 request.opened" in said(script)[2]["text"]


async def test_a_message_that_somebody_took_away_is_not_looked_for_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with gate(tmp_path, monkeypatch) as (found, script):
        request, _ = await asked(found, script)

        async def no(_: Asked, writer: asyncio.StreamWriter) -> None:
            writer.write(plain(b'{"ok": false, "error": "message_not_found"}'))

        script.answer = no
        await found.gate.queue.cancel(request, "stopped")
        await until(lambda: len(script.asked) == 2)

        async def done() -> bool:
            tally = await found.gate.store.outbox.tally("chat")
            return (tally.due, tally.dead, tally.delivered) == (0, 0, 2)

        await until(done)


@pytest.mark.parametrize(
    ("kind", "words", "word", "fields", "status"),
    [
        ("quarantine", ["drop"], "drop", ("digest",), "rejected"),
        ("sample", ["good", "bad", "incident"], "bad", ("reason",), "rejected"),
        ("second_review", ["good", "bad", "incident"], "good", (), "approved"),
    ],
)
async def test_each_kind_of_request_has_the_words_that_may_be_said_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, words: list[str], word: str, fields: tuple[str, ...],
    status: str,
) -> None:  # fmt: skip
    async with gate(tmp_path, monkeypatch) as (found, script):
        verdict = {**a_request().verdict, "quarantine": {"why": "PII", "details": []}}
        request = await found.hold(kind=kind, verdict=verdict)
        await until(lambda: script.asked)
        offered = buttons(said(script)[0])
        assert [name for name in offered if name != "read"] == words
        value = offered[word]["value"]
        for field in fields:
            _, answer = await press(found, submitted(word, value))
            assert set(answer["errors"]) == {field}
        given = {"digest": digits(request), "reason": "it was wrong"}
        sent = await press(found, submitted(word, value, **{field: given[field] for field in fields}), ago=1)
        assert sent == (200, {})
        assert (await found.shown(request))["status"] == status
        await until(lambda: len(script.asked) == 2)
        assert not buttons(said(script)[1])
        _, answer = await press(found, submitted("approve", value, digest=digits(request)), ago=2)
        assert "takes one of" in str(answer["errors"])


async def test_a_button_opens_a_form_and_approving_asks_for_the_digest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with gate(tmp_path, monkeypatch) as (found, script):
        request, value = await asked(found, script)
        assert (await press(found, clicked("approve", value)))[0] == 200
        opened = said(script)[-1]
        assert opened["trigger_id"] == "1.2.abc"
        assert [block.get("block_id") for block in opened["view"]["blocks"]] == [None, "digest", "reason"]
        _, answer = await press(found, submitted("approve", value, digest="00000000"))
        assert set(answer["errors"]) == {"digest"}
        _, answer = await press(found, submitted("deny", value))
        assert set(answer["errors"]) == {"reason"}
        assert (await found.shown(request))["status"] == "pending"
        assert await press(found, submitted("approve", value, digest=digits(request))) == (200, {})
        assert (await found.shown(request))["status"] == "approved"
        _, answer = await press(found, submitted("deny", value, reason="too late"), ago=1)
        assert "no longer open" in answer["errors"]["reason"]


async def test_S151_a_name_or_an_address_is_nobody_and_only_an_enrolled_user_id_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with gate(tmp_path, monkeypatch) as (found, script):
        request, value = await asked(found, script)
        named = {"name": "dana", "username": "dana", "email": "dana@example.com"}
        await press(found, clicked("deny", value, NOBODY, **named))
        assert "enrolled" in json.dumps(said(script)[-1]["view"])
        _, answer = await press(found, submitted("deny", value, NOBODY, reason="no"))
        assert "enrolled" in answer["errors"]["reason"]
        _, answer = await press(found, submitted("deny", value, "dana", reason="no"), ago=1)
        assert "enrolled" in answer["errors"]["reason"]
        assert (await found.shown(request))["status"] == "pending"
        await until(lambda: found.records("security.callback_refused"))


async def test_S135_S136_what_slack_did_not_sign_gets_the_same_401(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with gate(tmp_path, monkeypatch) as (found, script):
        request, value = await asked(found, script)
        word = submitted("deny", value, reason="no")
        answers = [
            await press(found, word, secret="another"),
            await press(found, word, ago=302),
            await press(found, word, ago=-302),
            await press(found, word, **{"X-Slack-Request-Timestamp": "soon"}),
            await press(found, word, **{"X-Slack-Signature": "v0=" + "0" * 64}),
            await press(found, word, **{"X-Slack-Signature": ""}),
            await press(found, {**word, "team": {"id": "T0OTHER"}}),
        ]
        assert {status for status, _ in answers} == {401}
        assert len({json.dumps(answer) for _, answer in answers}) == 1
        assert (await found.shown(request))["status"] == "pending"


async def test_S137_a_form_that_is_sent_again_has_no_second_effect(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with gate(tmp_path, monkeypatch) as (found, script):
        request, value = await asked(found, script, needed=2)
        word = submitted("approve", value, digest=digits(request))
        now = time.time()
        monkeypatch.setattr(time, "time", lambda: now)
        await press(found, word)
        await press(found, word)
        assert len(await found.records("request.decided")) == 1


async def test_a_call_that_asks_for_more_proof_has_no_buttons_that_decide(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with gate(tmp_path, monkeypatch) as (found, script):
        await found.hold(min_assurance=Assurance.SIGNED)
        await until(lambda: script.asked)
        assert list(buttons(said(script)[0])) == ["read"]


async def test_what_slack_refuses_is_tried_again_and_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with gate(tmp_path, monkeypatch) as (found, script):

        async def no(_: Asked, writer: asyncio.StreamWriter) -> None:
            writer.write(plain(b'{"ok": false, "error": "channel_not_found"}'))

        script.answer = no
        await found.hold()

        async def given_up() -> bool:
            return (await found.gate.store.outbox.tally("chat")).dead == 1

        await until(given_up)
        assert (await found.gate.store.outbox.tally("chat")).error == "Slack answered: channel_not_found"


def test_texts_of_others_are_nothing_but_text() -> None:
    hostile = "<!channel> *bold* <http://evil|click> \x1b[31m \u202e"
    call = a_call(agent=hostile)
    data = {"agent": call.agent, "request_id": "R-1", "job_hash": "h", "policy_snapshot": "s", "min_assurance": "link"}
    shown = slack.asked(data)
    assert "<" not in shown["text"]
    kinds = {one["type"] for one in shown["blocks"][1]["fields"]}
    assert kinds == {"plain_text"}
    assert "\x1b" not in json.dumps(shown)
    assert "\u202e" not in json.dumps(shown, ensure_ascii=False)
    assert len(slack.plain("x" * 5000)["text"]) == slack.LONGEST
