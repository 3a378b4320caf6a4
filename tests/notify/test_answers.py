"""Answers to webhooks: one-time links, and callbacks that are signed."""

from __future__ import annotations

import asyncio
import base64
import datetime
import json
import re
import urllib.parse
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook

from mcp_gate.lang.times import rfc3339
from mcp_gate.model.decision import Assurance
from mcp_gate.model.request import Request
from support.held import a_call, a_request
from support.hooks import OTHER, SECRET, hooked, payload, until, webhook
from support.reviewed import Reviewed, a_gate, raw
from support.scanning import Broken
from support.web import Script

pytestmark = pytest.mark.anyio

PEOPLE = """\
listen: { review: "127.0.0.1:0" }
agents: { claude-code: { owner: lee } }
reviewers:
  dana: { groups: [finance-approvers] }
  sam: { groups: [ops-approvers] }
  lee: { groups: [finance-approvers] }
"""
NAMED = ", reviewers: [dana, sam, lee]"


@asynccontextmanager
async def gate(state: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[Reviewed, Script]]:
    async with hooked(state, monkeypatch, more=NAMED, settings=PEOPLE) as (found, script):
        yield found, script


async def linked(gate: Reviewed, script: Script, who: str = "dana", **changes: Any) -> tuple[Request, str]:
    """A held call, and the path of somebody's link to it."""
    request = await gate.hold(**changes)

    def news() -> list[dict[str, Any]]:
        found = [payload(asked)["data"] for asked in script.asked]
        return [data for data in found if data.get("request_id") == request.id and "links" in data]

    await until(news)
    links = {link["reviewer"]: link["url"] for link in news()[0]["links"]}
    return request, urllib.parse.urlsplit(links[who]).path


async def ask(gate: Reviewed, method: str, path: str, form: dict[str, str] | None = None) -> tuple[int, str]:
    host, port = gate.address
    data = b"" if form is None else urllib.parse.urlencode(form).encode()
    headers = {"Host": f"{host}:{port}"}
    if form is not None:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    status, _, body = await raw((host, port), method, path, data, headers)
    return status, body.decode()


def filled(page: str, word: str, **more: str) -> dict[str, str]:
    """The form of a word, as the page has it."""
    (form,) = [form for form in page.split("<form ") if f'name="word" value="{word}"' in form]
    return {**dict(re.findall(r'name="(\w+)" value="([^"]*)"', form)), **more}


async def test_a_link_is_made_for_those_alone_who_may_decide(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with gate(tmp_path, monkeypatch) as (found, script):
        request, _ = await linked(found, script)
        data = payload(script.asked[0])["data"]
        assert [link["reviewer"] for link in data["links"]] == ["dana", "lee"]
        assert data["url"].endswith(f"/requests/{request.id}")
        await found.hold(min_assurance=Assurance.TOKEN)
        await until(lambda: len(script.asked) == 2)
        assert "links" not in payload(script.asked[1])["data"]


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PUT", "DELETE"])
async def test_what_fetches_a_link_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    async with gate(tmp_path, monkeypatch) as (found, script):
        request, path = await linked(found, script)
        before = await found.gate.store.records()
        for _ in range(3):
            status, _ = await ask(found, method, path)
            assert status == (200 if method in ("GET", "HEAD") else 401)
        assert (await found.shown(request))["status"] == "pending"
        assert await found.gate.store.records() == before


async def test_a_link_decides_once_for_the_reviewer_it_was_made_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with gate(tmp_path, monkeypatch) as (found, script):
        request, path = await linked(found, script, needed=2)
        _, page = await ask(found, "GET", path)
        assert request.call.tool in page
        digits = request.call.job_hash.removeprefix("sha256:")[:8]
        assert (await ask(found, "POST", path, filled(page, "approve", digest="00000000")))[0] == 422
        status, _ = await ask(found, "POST", path, filled(page, "approve", digest=digits))
        assert status == 303
        (said,) = (await found.shown(request))["decisions"]
        assert (said["approver_id"], said["assurance"], said["decision"]) == ("dana", "link", "approve")
        (decided,) = await found.records("request.decided")
        assert decided["data"]["channel"] == "link:pager"
        _, again = await ask(found, "GET", path)
        status, told = await ask(found, "POST", path, filled(again, "deny", reason="no"))
        assert status == 409
        assert "used before" in told
        assert (await found.shown(request))["status"] == "pending"


async def test_a_link_lets_nothing_out_that_its_page_does_not_show(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with gate(tmp_path, monkeypatch) as (found, script):
        verdict = {**a_request().verdict, "quarantine": {"why": "PII", "details": []}}
        request, path = await linked(found, script, kind="quarantine", verdict=verdict)
        _, page = await ask(found, "GET", path)
        assert 'value="release"' not in page
        digits = request.call.job_hash.removeprefix("sha256:")[:8]
        assert 'value="redact"' not in page
        for word in ("release", "redact"):
            form = filled(page, "drop", digest=digits) | {"word": word}
            status, told = await ask(found, "POST", path, form)
            assert (status, "covered here" in told) == (422, True)
        assert (await found.shown(request))["status"] == "pending"


async def test_a_link_s_page_covers_what_is_personal_and_has_no_way_to_uncover_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with gate(tmp_path, monkeypatch) as (found, script):
        ssn, card = "536-22-8726", 4539578763621486
        arguments = {"note": f"patient SSN {ssn}", "card_number": card, "order": "O-77", "to": "b@p\u0430ypal.com"}
        call = a_call(
            id="c-9", arguments=arguments, attributes={"who": "jane.doe@example.com"},
            claims={"gate_reason": f"SSN {ssn} asked for it"},
        )  # fmt: skip
        request, path = await linked(found, script, call=call)
        _, page = await ask(found, "GET", path)
        for covered in (ssn, str(card), "jane.doe"):
            assert covered not in page
        assert "▒▒US_SSN▒▒" in page
        assert "O-77" in page
        assert "reveal" not in page
        assert 'value="approve"' not in page
        assert f'href="/requests/{request.id}"' in page
        deny = filled(page, "deny", reason="no")
        digits = request.call.job_hash.removeprefix("sha256:")[:8]
        status, told = await ask(found, "POST", path, {**deny, "word": "approve", "digest": digits})
        assert (status, "covered here" in told) == (422, True)
        status, _ = await ask(found, "POST", f"/requests/{request.id}/reveal", {"key": ""})
        assert status == 401
        assert (await ask(found, "POST", path, deny))[0] == 303
        assert (await found.shown(request))["status"] == "rejected"


async def test_a_link_s_page_shows_nothing_of_a_call_that_cannot_be_looked_through(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with gate(tmp_path, monkeypatch) as (found, script):
        for arguments in ({"jane.doe@example.com": "O-77"}, {"order": "O-77" * 20_000}):
            _, path = await linked(found, script, arguments=arguments)
            _, page = await ask(found, "GET", path)
            assert "O-77" not in page
            assert "jane.doe" not in page
            assert "nothing of it is shown" in page
            assert 'value="approve"' not in page
        found.gate.scanner = Broken()
        _, path = await linked(found, script)
        _, page = await ask(found, "GET", path)
        assert "O-3" not in page
        assert 'value="deny"' in page


async def test_a_link_does_not_decide_on_an_own_agent_s_call_nor_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with gate(tmp_path, monkeypatch) as (found, script):
        request, path = await linked(found, script, "lee")
        other, _ = await linked(found, script)
        _, page = await ask(found, "GET", path)
        status, _ = await ask(found, "POST", path, filled(page, "deny", reason="no"))
        assert status == 403
        form = filled(page, "deny", reason="no", job_hash=other.call.job_hash)
        assert (await ask(found, "POST", path, form))[0] in (403, 422)
        for one in (request, other):
            assert (await found.shown(one))["status"] == "pending"


async def test_a_link_that_was_changed_is_too_old_or_whose_webhook_is_gone_leads_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with gate(tmp_path, monkeypatch) as (found, script):
        _, path = await linked(found, script)
        assert (await ask(found, "GET", path[:-3] + "AAA"))[0] == 404
        assert (await ask(found, "GET", "/links/" + "A" * 50))[0] == 404
        assert (await ask(found, "GET", "/links/%E2%82%AC"))[0] == 404
        sealed = found.gate.seals.seal(json.dumps(["tools/list", "dana", "shop", None]))
        forged = base64.urlsafe_b64encode(sealed.encode()).decode()
        assert (await ask(found, "GET", f"/links/{forged}"))[0] == 404
        _, old = await linked(found, script, due=1)
        monkeypatch.setattr(found.gate.clock, "steady", lambda: 4e9)
        assert (await ask(found, "GET", old))[0] == 404
        monkeypatch.undo()
        settings = replace(found.gate.loaded.settings, webhooks=())
        found.gate.loaded = replace(found.gate.loaded, settings=settings)
        assert (await ask(found, "GET", path))[0] == 404


# ---- callbacks


def signed(body: bytes, secret: str = SECRET, id_: str = "m-1", ago: float = 0) -> dict[str, str]:
    sent = datetime.datetime.now(datetime.UTC) - datetime.timedelta(seconds=ago)
    signature = Webhook(secret).sign(id_, sent, body.decode())
    return {
        "Content-Type": "application/json", "webhook-id": id_, "webhook-timestamp": str(int(sent.timestamp())),
        "webhook-signature": signature,
    }  # fmt: skip


async def word(gate: Reviewed, request: Request, **more: Any) -> bytes:
    said = {
        "request_id": request.id, "decision": "deny", "reason": "no", "approver_id": "dana",
        "job_hash": request.call.job_hash, "policy_snapshot": request.policy_snapshot,
        "decision_ts": rfc3339(gate.gate.clock.wall()),
    }  # fmt: skip
    return json.dumps({**said, **more}).encode()


async def post(
    gate: Reviewed, body: bytes, headers: dict[str, str], webhook: str = "pager"
) -> tuple[int, dict[str, Any]]:
    host, port = gate.address
    sent = {"Host": f"{host}:{port}", **headers}
    status, _, answer = await raw((host, port), "POST", f"/v1/callbacks/{webhook}", body, sent)
    return status, json.loads(answer)


async def test_a_signed_answer_decides_and_the_record_says_what_brought_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with gate(tmp_path, monkeypatch) as (found, _):
        request = await found.hold()
        body = await word(found, request)
        status, shown = await post(found, body, signed(body))
        assert (status, shown) == (200, {"request_id": request.id, "status": "rejected"})
        (decided,) = await found.records("request.decided")
        assert (decided["assurance"], decided["data"]["channel"]) == ("link", "callback:pager")


@pytest.mark.parametrize(
    "change",
    [
        {"webhook-signature": ""}, {"webhook-id": ""}, {"webhook-timestamp": ""}, {"webhook-timestamp": "soon"},
        {"webhook-timestamp": "1e9"}, {"webhook-timestamp": "1 "}, {"webhook-signature": "v1,AAAA"},
        {"webhook-signature": "v2,AAAA"}, {"webhook-signature": "v1"}, {"webhook-id": "m-2"},
        {"webhook-signature": "v1," + "A" * 44},
    ],
)  # fmt: skip
async def test_S135_S136_what_is_not_signed_as_it_stands_gets_the_same_401(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: dict[str, str]
) -> None:
    async with gate(tmp_path, monkeypatch) as (found, _):
        request = await found.hold()
        body = await word(found, request)
        status, answer = await post(found, body, {**signed(body), **change})
        assert (status, answer["code"]) == (401, "unauthorized")
        assert (await found.shown(request))["status"] == "pending"


async def test_S135_S136_another_secret_another_webhook_and_another_time_are_no_signature(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with gate(tmp_path, monkeypatch) as (found, _):
        request = await found.hold()
        body = await word(found, request)
        answers = [
            await post(found, body, signed(body, OTHER)),
            await post(found, body, signed(body), "other"),
            await post(found, body, signed(body, ago=302)),
            await post(found, body, signed(body, ago=-303)),
        ]
        assert {status for status, _ in answers} == {401}
        assert len({json.dumps(answer) for _, answer in answers}) == 1
        await until(lambda: found.records("security.callback_refused"))
        assert (await post(found, body, signed(body, ago=290)))[0] == 200


async def test_S137_an_answer_sent_again_has_the_same_answer_and_no_second_effect(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with gate(tmp_path, monkeypatch) as (found, _):
        request = await found.hold(needed=2)
        body = await word(found, request, decision="approve")
        headers = signed(body)
        first, again = await post(found, body, headers), await post(found, body, headers)
        assert first == again
        assert len(await found.records("request.decided")) == 1
        other = await word(found, request)
        status, answer = await post(found, other, signed(other))  # the same id, with another body
        assert (status, answer["code"]) == (409, "already_used")


async def test_S138_fields_that_were_swapped_and_bodies_that_were_written_anew_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with gate(tmp_path, monkeypatch) as (found, _):
        request, other = await found.hold(), await found.hold()
        body = await word(found, request)
        headers = signed(body)
        for change in ({"request_id": other.id}, {"decision": "approve"}, {"approver_id": "sam"}, {"job_hash": "x"}):
            assert (await post(found, json.dumps({**json.loads(body), **change}).encode(), headers))[0] == 401
        assert (await post(found, json.dumps(json.loads(body), indent=1).encode(), headers))[0] == 401
        twice = body.replace(b'"decision": "deny"', b'"decision": "deny", "decision": "approve"')
        assert (await post(found, twice, signed(twice, id_="m-3")))[0] == 400
        foreign = await word(found, request, approver_id="ana")
        assert (await post(found, foreign, signed(foreign, id_="m-4")))[0] == 403
        outside = await word(found, request, approver_id="sam")
        assert (await post(found, outside, signed(outside, id_="m-5")))[0] == 403
        for one in (request, other):
            assert (await found.shown(one))["status"] == "pending"


async def test_S149_an_answer_quicker_than_the_record_is_told_so_or_counts_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The receiver answers while the request is being written, round after round."""
    rounds = 1000
    monkeypatch.setenv("PAGER_SECRET", SECRET)
    settings = f"version: v1\n{PEOPLE}webhooks:\n{webhook('http://127.0.0.1:9/', NAMED)}"
    async with a_gate(tmp_path, settings=settings.encode()) as found:
        for n in range(1, rounds + 1):
            opening = asyncio.create_task(found.hold())
            said = {"id": f"R-{n}"}

            async def answer(n: int = n, said: dict[str, str] = said) -> int:
                call = a_call(id=f"c-{n}", arguments={"order": f"O-{n}", "amount": 120})
                body = json.dumps({
                    "request_id": said["id"], "decision": "deny", "reason": "no", "approver_id": "dana",
                    "job_hash": call.job_hash, "policy_snapshot": found.gate.loaded.snapshot.id,
                    "decision_ts": rfc3339(found.gate.clock.wall()),
                }).encode()  # fmt: skip
                return (await post(found, body, signed(body, id_=f"m-{n}")))[0]

            statuses = [await answer()]
            await opening
            while statuses[-1] == 404:
                statuses.append(await answer())
            assert statuses[-1] == 200, statuses
        records = await found.gate.store.records(limit=10 * rounds)
        decided = [record["request_id"] for record in records if record["event"] == "request.decided"]
        assert decided == [f"R-{n}" for n in range(1, rounds + 1)]
