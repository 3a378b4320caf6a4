"""The review page as it is sent: who sees what, and which posts count."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from mcp_gate.faces.http.page.pages import SHOWN
from mcp_gate.faces.http.page.sessions import LASTS_SEC
from mcp_gate.gate.clock import Clock
from mcp_gate.model.foreign import JsonObject, Packed
from mcp_gate.policy.load import Loaded
from support.held import a_call, a_request
from support.pages import FORM, Reader, signed_in
from support.reviewed import GROUPS, Reviewed, a_gate, raw

pytestmark = pytest.mark.anyio

HOSTILE = "\u202e<script>alert(1)</script> pаypal.com \x1b[2J {{ 7*7 }} [@click=app.quit] <!-- '\""


async def untouched(gate: Reviewed) -> bool:
    return not await gate.records("request.decided")


async def approval(reader: Reader, id: str, **changes: str) -> tuple[int, dict[str, str]]:
    """Open a request, type its digest and approve."""
    assert await reader.get(f"/requests/{id}") == 200
    fields = reader.form(f"/requests/{id}/decision", "approve")
    fields["digest"] = fields["job_hash"].removeprefix("sha256:")[:8]
    return await reader.post(f"/requests/{id}/decision", {**fields, **changes})


async def test_a_link_shows_nothing_to_one_who_is_not_signed_in(tmp_path: Path) -> None:
    async with a_gate(tmp_path, settings=GROUPS) as gate:
        request = await gate.hold()
        before = await gate.gate.store.records()
        pages = []
        for target in (f"/requests/{request.id}", "/requests/R-none"):
            reader = Reader(gate)
            assert await reader.get(target, **{"User-Agent": "Slackbot-LinkExpanding 1.0"}) == 401
            assert "shop_refund_order" not in reader.last
            assert "noindex" in reader.last
            assert "og:" not in reader.last
            pages.append(reader.last.replace(target, ""))
        assert pages[0] == pages[1], "the page tells which requests there are"
        assert await gate.gate.store.records() == before


async def test_what_the_browser_is_told_to_forbid(tmp_path: Path) -> None:
    async with a_gate(tmp_path, settings=GROUPS) as gate:
        _, headers, _ = await raw(gate.address, "GET", "/")
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "form-action 'self'" in policy
        assert "unsafe" not in policy
        assert headers["referrer-policy"] == "same-origin"
        assert headers["cache-control"] == "no-store"
        assert headers["x-content-type-options"] == "nosniff"


async def test_a_reviewer_signs_in_and_comes_to_where_he_was_going(tmp_path: Path) -> None:
    async with a_gate(tmp_path, settings=GROUPS) as gate:
        request = await gate.hold()
        reader = Reader(gate)
        for to, expected in ((f"/requests/{request.id}", f"/requests/{request.id}"), ("//evil.example", "/")):
            status, headers = await reader.sign_in("dana", to)
            assert (status, headers["location"]) == (303, expected)
            assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(headers["set-cookie"].split("; "))
        assert await reader.get("/") == 200
        assert request.id in reader.last


async def test_over_tls_the_cookie_is_bound_to_the_host(tmp_path: Path) -> None:
    named = GROUPS.replace(b'"127.0.0.1:0" }', b'"127.0.0.1:0", review_url: "https://gate.example.org" }')
    async with a_gate(tmp_path, settings=named) as gate:
        outside = {"Origin": "https://gate.example.org", "Host": "gate.example.org"}
        reader = Reader(gate)
        status, headers = await reader.post("/sign-in", {"token": "dana-token", "to": "/"}, **outside)
        assert status == 303
        assert headers["set-cookie"].startswith("__Host-mcp-gate-g-1=")
        assert "Secure" in headers["set-cookie"]
        reader.cookie = headers["set-cookie"].partition(";")[0]
        assert await reader.get("/", Host="gate.example.org") == 200
        assert "Waiting for you" in reader.last


async def test_a_wrong_token_and_an_agents_do_not_sign_in(tmp_path: Path) -> None:
    async with a_gate(tmp_path, settings=GROUPS) as gate:
        reader = Reader(gate)
        assert (await reader.sign_in("guess"))[0] == 401
        assert "belongs to no reviewer" in reader.last
        assert (await reader.sign_in("claude-code"))[0] == 403
        assert (await reader.post("/sign-in", {"token": "dana-token"}, Origin=""))[0] == 403
        assert (await reader.post("/sign-in", {"token": "dana-token"}, Origin="https://evil.example"))[0] == 403
        assert not reader.cookie


async def test_without_a_reviewer_who_has_a_token_the_page_says_so(tmp_path: Path) -> None:
    async with a_gate(tmp_path, settings=b'version: v1\nlisten: { review: "127.0.0.1:0" }\n') as gate:
        reader = Reader(gate)
        assert await reader.get("/") == 200
        assert "nobody can sign in" in reader.last


async def test_a_session_ends_by_the_clock_by_signing_out_and_with_its_token(tmp_path: Path) -> None:
    now = [0.0]
    clock = Clock(elapsed=lambda: now[0])
    async with a_gate(tmp_path, settings=GROUPS, clock=clock) as gate:
        late, out, revoked = await signed_in(gate), await signed_in(gate), await signed_in(gate)
        await out.get("/")
        status, headers = await out.post("/sign-out", out.form("/sign-out"))
        assert (status, headers["location"]) == (303, "/")
        assert "Max-Age=0" in headers["set-cookie"]
        await out.get("/")
        assert "Sign out" not in out.last
        assert await late.get("/") == 200
        assert "Sign out" in late.last
        now[0] = LASTS_SEC + 1
        await late.get("/")
        assert "Sign out" not in late.last
        now[0] = 0.0
        gate.gate.loaded = _without_tokens(gate.gate.loaded)
        await revoked.get("/")
        assert "Sign out" not in revoked.last


def _without_tokens(loaded: Loaded) -> Loaded:
    assert loaded.settings.reviewers is not None
    people = {id: replace(spec, token_sha256=None) for id, spec in loaded.settings.reviewers.items()}
    return replace(loaded, settings=replace(loaded.settings, reviewers=people))


async def test_a_cookie_opens_the_review_api_too_for_the_gates_own_pages(tmp_path: Path) -> None:
    async with a_gate(tmp_path, settings=GROUPS) as gate:
        reader = await signed_in(gate)
        assert await reader.get("/v1/requests") == 200
        assert await reader.get("/v1/requests", Cookie=reader.cookie[:-1]) == 401


async def test_approve_needs_the_digest_and_is_on_record_like_any_other_word(tmp_path: Path) -> None:
    async with a_gate(tmp_path, settings=GROUPS) as gate:
        request = await gate.hold()
        reader = await signed_in(gate)
        for digest in ("", "00000000", request.call.job_hash.removeprefix("sha256:")[:7]):
            status, _ = await approval(reader, request.id, digest=digest)
            assert status == 422
            assert "digest" in reader.last
        assert await untouched(gate)
        status, headers = await approval(reader, request.id, reason=" fine ")
        assert (status, headers["location"]) == (303, f"/requests/{request.id}")
        (record,) = await gate.records("request.decided")
        assert (record["approver_id"], record["assurance"], record["reason"]) == ("dana", "token", "fine")
        assert await reader.get(f"/requests/{request.id}") == 200
        assert "approve by dana (token)" in reader.last


async def test_deny_needs_a_reason(tmp_path: Path) -> None:
    async with a_gate(tmp_path, settings=GROUPS) as gate:
        request = await gate.hold()
        reader = await signed_in(gate)
        await reader.get(f"/requests/{request.id}")
        fields = reader.form(f"/requests/{request.id}/decision", "deny")
        assert (await reader.post(f"/requests/{request.id}/decision", {**fields, "reason": "  "}))[0] == 422
        assert await untouched(gate)
        assert (await reader.post(f"/requests/{request.id}/decision", {**fields, "reason": "wrong order"}))[0] == 303
        assert (await gate.shown(request))["status"] == "rejected"


async def test_a_look_at_what_ran_takes_its_own_words(tmp_path: Path) -> None:
    async with a_gate(tmp_path, settings=GROUPS) as gate:
        request = await gate.hold(kind="sample")
        reader = await signed_in(gate)
        await reader.get(f"/requests/{request.id}")
        target = f"/requests/{request.id}/decision"
        with pytest.raises(AssertionError):
            reader.form(target, "approve")
        good, bad = reader.form(target, "good"), reader.form(target, "bad")
        assert (await reader.post(target, {**bad, "reason": ""}))[0] == 422
        assert (await reader.post(target, {**good, "word": "approve"}))[0] == 422
        assert not await gate.records("sample.reviewed")
        assert (await reader.post(target, good))[0] == 303
        assert (await gate.records("sample.reviewed"))[0]["data"]["decision"] == "good"


async def test_S140_a_form_that_the_session_was_not_given_decides_nothing(tmp_path: Path) -> None:
    async with a_gate(tmp_path, settings=GROUPS) as gate:
        request, other = await gate.hold(), await gate.hold()
        reader, another = await signed_in(gate), await signed_in(gate)
        await another.get(f"/requests/{request.id}")
        stolen = another.form(f"/requests/{request.id}/decision", "deny")["key"]
        await reader.get(f"/requests/{other.id}")
        elsewhere = reader.form(f"/requests/{other.id}/decision", "deny")["key"]
        await reader.get(f"/requests/{request.id}")
        target = f"/requests/{request.id}/decision"
        fields = {**reader.form(target, "deny"), "reason": "no reason at all"}
        for changed, headers, expected in (
            ({"key": ""}, {}, 403),
            ({"key": "é\ud800".encode("utf-8", "replace").decode()}, {}, 403),
            ({"key": stolen}, {}, 403),
            ({"key": elsewhere}, {}, 403),
            ({}, {"Origin": "https://evil.example"}, 403),
            ({}, {"Origin": "null"}, 403),
            ({}, {"Origin": ""}, 403),
            ({}, {"Content-Type": "text/plain"}, 415),
            ({}, {"Content-Type": "application/json"}, 415),
            ({}, {"Content-Type": f"{FORM['Content-Type']}; charset=utf-7"}, 415),
            ({}, {"Content-Encoding": "gzip"}, 415),
            ({}, {"Cookie": "mcp-gate-g-1=guess"}, 401),
            ({"extra": "1"}, {}, 400),
            ({"reason": "x" * 70_000}, {}, 413),
        ):
            status, _ = await reader.post(target, {**fields, **changed}, **headers)
            assert status == expected, (changed, headers)
        twice = b"word=approve&" + "&".join(f"{k}={v}" for k, v in fields.items()).encode()
        headers = {**FORM, "Origin": reader.origin, "Cookie": reader.cookie}
        assert (await raw(gate.address, "POST", target, twice, headers))[0] == 400
        assert await untouched(gate)
        assert not await gate.records("request.refused")


async def test_S143_the_page_shows_a_reviewer_only_what_is_his_groups(tmp_path: Path) -> None:
    async with a_gate(tmp_path, settings=GROUPS) as gate:
        request = await gate.hold(arguments={"secret": "4711-geheim"})
        own = await gate.hold(group="ops-approvers")
        dana = await signed_in(gate)
        await dana.get(f"/requests/{request.id}")
        form = dana.form(f"/requests/{request.id}/decision", "deny")
        reader = await signed_in(gate, "sam")
        assert await reader.get("/") == 200
        assert own.id in reader.last
        assert request.id not in reader.last
        assert await reader.get(f"/requests/{request.id}") == 404
        assert "geheim" not in reader.last
        status, _ = await reader.post(f"/requests/{request.id}/decision", {**form, "reason": "not mine"})
        assert status == 403
        assert await untouched(gate)


async def test_what_was_decided_or_changed_meanwhile_is_refused_on_a_plain_page(tmp_path: Path) -> None:
    async with a_gate(tmp_path, settings=GROUPS) as gate:
        request = await gate.hold()
        reader = await signed_in(gate)
        await reader.get(f"/requests/{request.id}")
        form = {**reader.form(f"/requests/{request.id}/decision", "deny"), "reason": "too late"}
        changed = {**form, "policy_snapshot": "v1:000000000000"}
        status, _ = await reader.post(f"/requests/{request.id}/decision", changed)
        assert status == 422
        assert (await gate.post(request, await gate.word(request, "deny", by="ana", reason="no")))[0] == 200
        status, _ = await reader.post(f"/requests/{request.id}/decision", form)
        assert status == 409
        assert "no longer open" in reader.last
        assert f'href="/requests/{request.id}"' in reader.last
        assert len(await gate.records("request.decided")) == 1


async def test_foreign_text_is_shown_and_does_nothing(tmp_path: Path) -> None:
    async with a_gate(tmp_path, settings=GROUPS) as gate:
        request = await gate.hold(arguments={HOSTILE: [HOSTILE], "__class__": "{{ self }}"})
        reader = await signed_in(gate)
        for target in ("/", f"/requests/{request.id}"):
            assert await reader.get(target) == 200
            assert "<script" not in reader.last
            assert "\u202e" not in reader.last
            assert "\x1b" not in reader.last
            assert "49" not in reader.last.partition("Arguments")[2][:400]
        assert "<mark>U+202E</mark>&lt;script&gt;" in reader.last
        assert "<mark>pаypal.com</mark>" in reader.last
        assert "mixes letters of several scripts" in reader.last


async def test_claims_are_taken_and_given_back(tmp_path: Path) -> None:
    async with a_gate(tmp_path, settings=GROUPS) as gate:
        request = await gate.hold()
        reader = await signed_in(gate)
        for action, holder in (("claim", "dana"), ("release-claim", None)):
            await reader.get(f"/requests/{request.id}")
            target = f"/requests/{request.id}/{action}"
            assert (await reader.post(target, reader.form(target)))[0] == 303
            assert (await gate.shown(request)).get("claimed_by") == holder


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PUT", "DELETE"])
async def test_S133_reading_the_page_decides_nothing(tmp_path: Path, method: str) -> None:
    async with a_gate(tmp_path, settings=GROUPS) as gate:
        request = await gate.hold()
        reader = await signed_in(gate)
        await reader.get(f"/requests/{request.id}")
        key = reader.form(f"/requests/{request.id}/decision", "approve")["key"]
        before = await gate.gate.store.records()
        for target in ("decision", "claim", "release-claim"):
            path = f"/requests/{request.id}/{target}?word=approve&key={key}"
            headers = {"Cookie": reader.cookie, "Origin": reader.origin}
            status, _, _ = await raw(gate.address, method, path, b"", headers)
            assert status == 405
        assert (await raw(gate.address, method, "/sign-out", b"", headers))[0] == 405
        assert await gate.gate.store.records() == before
        assert await reader.get("/") == 200
        assert "Sign out" in reader.last


async def test_a_long_queue_comes_in_pages(tmp_path: Path) -> None:
    async with a_gate(tmp_path, settings=GROUPS) as gate:
        for n in range(2 * SHOWN + 2):
            await gate.hold(group="ops-approvers" if n % 2 else "finance-approvers", due=1000 - n)
        reader = await signed_in(gate)
        assert await reader.get("/") == 200
        shown = re.findall(r'href="/requests/(R-\d+)"', reader.last)
        assert shown == [f"R-{n}" for n in range(2 * SHOWN - 1, 0, -2)], "the most urgent first"
        further = re.search(r'href="(/\?after=[^"]+)"', reader.last)
        assert further is not None
        assert await reader.get(further[1]) == 200
        assert re.findall(r'href="/requests/(R-\d+)"', reader.last) == [f"R-{2 * SHOWN + 1}"]


async def test_what_is_personal_is_covered_until_somebody_asks_which_is_recorded(tmp_path: Path) -> None:
    async with a_gate(tmp_path, settings=GROUPS) as gate:
        request = await gate.hold(arguments={"ssn": "patient SSN 536-22-8726", "amount": 5})
        target = f"/requests/{request.id}"
        reader = await signed_in(gate)
        assert await reader.get(target) == 200
        assert "536-22-8726" not in reader.last
        assert "▒▒US_SSN▒▒" in reader.last
        with pytest.raises(AssertionError):
            reader.form(f"{target}/decision", "approve")
        covered = reader.form(f"{target}/decision", "deny")
        digest = request.call.job_hash.removeprefix("sha256:")[:8]
        status, _ = await reader.post(f"{target}/decision", {**covered, "word": "approve", "digest": digest})
        assert (status, "covered" in reader.last) == (422, True)
        assert await untouched(gate)
        assert not await gate.records("security.revealed")
        assert (await reader.post(f"{target}/reveal", {"key": covered["key"]}))[0] == 200
        assert "536-22-8726" in reader.last
        (seen,) = await gate.records("security.revealed")
        assert (seen["approver_id"], seen["request_id"]) == ("dana", request.id)
        shown = {**reader.form(f"{target}/decision", "approve"), "digest": digest}
        assert (await reader.post(f"{target}/decision", shown))[0] == 303
        assert (await gate.shown(request))["status"] == "approved"


async def test_a_withheld_result_that_is_packed_is_shown_like_any_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def packed(*_: object) -> JsonObject:
        return {"content": Packed([b'[{"type":"text",', b'"text":"all is well"}]'])}

    async with a_gate(tmp_path, settings=GROUPS) as gate:
        verdict = {**a_request(a_call()).verdict, "quarantine": {"why": "PII detected", "details": []}}
        request = await gate.hold(kind="quarantine", verdict=verdict)
        monkeypatch.setattr("mcp_gate.faces.http.routes.masked", packed)
        monkeypatch.setattr(gate.gate.quarantine, "result", packed)
        reader = await signed_in(gate)
        assert await reader.get(f"/requests/{request.id}") == 200
        assert "all is well" in reader.last
        key = reader.form(f"/requests/{request.id}/decision", "drop")["key"]
        assert (await reader.post(f"/requests/{request.id}/reveal", {"key": key}))[0] == 200
        assert "all is well" in reader.last
