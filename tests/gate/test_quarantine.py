"""A withheld result: told at once, kept sealed, shown masked, handed over once to the very same call."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from mcp_gate.faces.client import decision_body
from mcp_gate.faces.http.shapes import request_json
from mcp_gate.gate import late, quarantine
from mcp_gate.gate.asking import LOOK_SEC
from mcp_gate.gate.gate import Gate
from mcp_gate.gate.masked import masked
from mcp_gate.gate.redecide import redecide
from mcp_gate.gate.reviewers import Session
from mcp_gate.gate.reviewing import NoSuchRequest
from mcp_gate.gate.sweep import sweep
from mcp_gate.gate.vault import Unreadable, Vault
from mcp_gate.lang import strictjson
from mcp_gate.model.event import Event
from mcp_gate.model.foreign import is_packed
from mcp_gate.model.judged import Refused as Refusal
from mcp_gate.model.outcome import VERDICT_KEY, Delivered, Refused, Retry, Status, UpstreamError
from mcp_gate.model.output import Form
from mcp_gate.model.request import Request, RequestStatus, ReviewerDecision
from mcp_gate.wire.errors import RpcError
from support.forging import approve_row, write
from support.gates import RULES, Hands, Upstream, decide, job, loaded, open_gate, pending, perform, status_of
from support.scanning import an_annex

pytestmark = pytest.mark.anyio

SSN, MAIL = "536-22-1234", "ada.lovelace@analytical.org"
REVIEW = RULES + (
    "output_review: { rules: [ { id: ssn, entities: [US_SSN], decision: quarantine, reason: Bulk export }, "
    "{ id: rest, entities: [PII], decision: redact } ] }\n"
)
PEOPLE = "agents: { default: { owner: lee }, other: {} }\nreviewers: { dana: {}, lee: {}, sam: {} }\n"
RESULT = {"content": [{"type": "text", "text": f"SSN {SSN}, mail {MAIL}, note late"}], "structuredContent": {"note": 1}}


def private() -> Upstream:
    return Upstream(dict(RESULT))


async def withheld(gate: Gate, upstream: Upstream, **who: str) -> tuple[Refused, Request]:
    outcome = await perform(gate, job("get", {"id": 7}), upstream, **who)
    assert isinstance(outcome, Refused)
    (request,) = [one for one in await gate.store.requests.page() if one.kind == "quarantine" and not one.consumed]
    return outcome, request


async def say(gate: Gate, request: Request, word: str, by: str = "dana", **changes: Any) -> Any:
    body = decision_body(request_json(request), word, by, "Looked at it") | changes
    body["decision_ts"] = "2027-01-15T08:00:00.000Z"
    return await gate.reviewing.decide(request.id, ReviewerDecision(**body), Session())


async def events(gate: Gate, name: str) -> list[dict[str, Any]]:
    await gate.settle(5)
    return [record for record in await gate.store.records() if record["event"] == name]


async def test_the_agent_is_told_at_once_and_reviewers_get_a_request(tmp_path: Path) -> None:
    async with open_gate(tmp_path, REVIEW, PEOPLE) as gate:
        outcome, request = await withheld(gate, private())
        (opened,) = await events(gate, "request.opened")
    assert (outcome.status, outcome.retry, outcome.reason) == (Status.QUARANTINED, Retry.SAME_CALL, "Bulk export")
    assert outcome.request_id == request.id == opened["request_id"]
    assert (request.group, request.status, request.needed) == ("default", RequestStatus.PENDING, 1)
    assert request.verdict["quarantine"] == {
        "why": "Bulk export",
        "details": [
            {"field": "content[0].text", "reason": "Bulk export", "action": "withheld"},
            {"field": "content[0].text", "reason": "EMAIL_ADDRESS detected", "action": "withheld"},
        ],
        "suspicious": [],
    }


async def test_S205_the_same_call_again_is_not_sent_and_gets_nothing_before_a_reviewer_spoke(tmp_path: Path) -> None:
    async with open_gate(tmp_path, REVIEW, PEOPLE) as gate:
        upstream = private()
        first, request = await withheld(gate, upstream)
        again, same = await withheld(gate, upstream)
        assert len(upstream.sent) == 1
        assert same.id == request.id
        assert same.attempts == 2
        assert again.verdict()["request_id"] == first.verdict()["request_id"]
        other = await perform(gate, job("get", {"id": 7}), upstream, agent="other")
        assert len(upstream.sent) == 2, "another agent's call is another call"
        assert isinstance(other, Refused)
    assert SSN not in json.dumps([first.verdict(), again.verdict(), first.text, again.text])


async def test_S205_what_is_kept_is_sealed_and_opens_for_its_own_call_alone(tmp_path: Path) -> None:
    async with open_gate(tmp_path, REVIEW, PEOPLE) as gate:
        _, request = await withheld(gate, private())
        kept = await gate.store.result_of(request.call.id)
        assert kept is not None
        with pytest.raises(Unreadable):
            gate.vault.open(kept, "c-another")
        with pytest.raises(Unreadable):
            Vault(b"x" * 32).open(kept, request.call.id)
        assert json.loads(gate.vault.open(kept, request.call.id)) == RESULT
    on_disk = b"".join(path.read_bytes() for path in tmp_path.glob("gate.db*"))
    assert SSN.encode() not in on_disk
    assert MAIL.encode() not in on_disk


async def test_S206_a_released_result_is_delivered_once_and_a_second_release_is_refused(tmp_path: Path) -> None:
    async with open_gate(tmp_path, REVIEW, PEOPLE) as gate:
        upstream = private()
        _, request = await withheld(gate, upstream)
        released = await say(gate, request, "release")
        assert released.status is RequestStatus.APPROVED
        second = await say(gate, request, "release", by="sam", nonce="n-2")
        assert isinstance(second, Refusal)
        outcomes = await asyncio.gather(*(perform(gate, job("get", {"id": 7}), upstream) for _ in range(2)))
        got = [one for one in outcomes if isinstance(one, Delivered)]
        assert [one.result for one in got] == [RESULT], "as the reviewer released it, once"
        assert len(upstream.sent) == 2, "the other one is a new call"
        assert len(await events(gate, "call.delivered")) == 1
        assert await gate.store.result_of(request.call.id) is None
        decided = (await events(gate, "request.decided"))[0]["data"]
        assert (decided["decision"], decided["final"]) == ("release", True)


async def test_another_policy_leaves_what_ran_with_its_reviewers(tmp_path: Path) -> None:
    async with open_gate(tmp_path, REVIEW, PEOPLE) as gate:
        _, request = await withheld(gate, private())
        gate.loaded = loaded(REVIEW + "# another\n", PEOPLE)
        await redecide(gate)
        assert (await say(gate, request, "release")).status is RequestStatus.APPROVED


async def test_a_dropped_result_is_told_once_and_nothing_of_it_is_kept(tmp_path: Path) -> None:
    async with open_gate(tmp_path, REVIEW, PEOPLE) as gate:
        upstream = private()
        _, request = await withheld(gate, upstream)
        assert (await say(gate, request, "drop")).status is RequestStatus.REJECTED
        assert await gate.store.result_of(request.call.id) is None
        told = await perform(gate, job("get", {"id": 7}), upstream)
        assert isinstance(told, Refused)
        assert (told.status, told.retry, told.reason) == (Status.REJECTED, Retry.NEVER, "Looked at it")
        assert "dropped" in told.text
        assert len(upstream.sent) == 1
        await withheld(gate, upstream)
        assert len(upstream.sent) == 2, "told once; then it is a new call"


async def test_a_result_that_nobody_looked_at_expires_and_is_gone(tmp_path: Path) -> None:
    hands = Hands()
    async with open_gate(tmp_path, REVIEW, PEOPLE, hands) as gate:
        upstream = private()
        _, request = await withheld(gate, upstream)
        hands.pass_(LOOK_SEC + 1)
        await sweep(gate)
        assert await status_of(gate, request.id) is RequestStatus.EXPIRED
        assert await gate.store.result_of(request.call.id) is None
        told = await perform(gate, job("get", {"id": 7}), upstream)
        assert isinstance(told, Refused)
        assert told.status is Status.EXPIRED
        assert len(upstream.sent) == 1


async def test_a_reviewer_sees_it_masked_and_may_let_out_just_that(tmp_path: Path) -> None:
    async with open_gate(tmp_path, REVIEW, PEOPLE) as gate:
        upstream = private()
        _, request = await withheld(gate, upstream)
        seen = await masked(gate, request)
        assert seen is not None
        assert seen["content"][0]["text"] == "SSN [REDACTED:US_SSN#1], mail [REDACTED:EMAIL_ADDRESS#1], note late"
        bad = await say(gate, request, "redact", arguments={"fields": ["a..b"]}, nonce="n-1")
        assert isinstance(bad, Refusal)
        slip = await say(gate, request, "redact", arguments={"fields": ["note", "response.note"]}, nonce="n-3")
        assert isinstance(slip, Refusal)
        assert "nothing in the result is called response.note" in slip.text
        done = await say(gate, request, "redact", arguments={"fields": ["note"]}, nonce="n-2")
        assert done.status is RequestStatus.APPROVED
        outcome = await perform(gate, job("get", {"id": 7}), upstream)
        reviewed = [record["data"] for record in await events(gate, "output.reviewed")]
    assert isinstance(outcome, Delivered)
    assert outcome.result["content"] == seen["content"]
    assert outcome.result["structuredContent"] == {}
    assert outcome.result["_meta"][VERDICT_KEY]["status"] == "redacted"
    assert [one["output_safety_decision"] for one in reviewed] == ["QUARANTINE", "REDACT"]
    assert len(upstream.sent) == 1


async def test_a_client_that_goes_away_while_what_was_released_is_read_has_not_had_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_gate(tmp_path, REVIEW, PEOPLE) as gate:
        upstream = private()
        _, request = await withheld(gate, upstream)
        await say(gate, request, "release")
        kept, reading = gate.kept, asyncio.Event()

        async def slowly(data: bytes) -> Any:
            reading.set()
            return await asyncio.Event().wait()

        monkeypatch.setattr(gate, "kept", slowly)
        left = asyncio.create_task(perform(gate, job("get", {"id": 7}), upstream))
        await reading.wait()
        left.cancel()
        await asyncio.wait((left,))
        assert not await events(gate, "call.delivered")
        monkeypatch.setattr(gate, "kept", kept)
        outcome = await perform(gate, job("get", {"id": 7}), upstream)
    assert isinstance(outcome, Delivered)
    assert outcome.result == RESULT
    assert len(upstream.sent) == 1


async def test_less_of_a_large_result_is_let_out_as_of_a_small_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mcp_gate.gate.gate.QUICK", 1_000)
    rows = [{"note": "all is well", "late": n} for n in range(2_000)]
    result = {"content": RESULT["content"], "structuredContent": {"rows": rows}}
    async with open_gate(tmp_path, REVIEW, PEOPLE) as gate, an_annex() as annex:
        gate.annex = annex
        upstream = Upstream(result)
        _, request = await withheld(gate, upstream)
        slip = await say(gate, request, "redact", arguments={"fields": ["rows.notes"]}, nonce="n-3")
        assert isinstance(slip, Refusal)
        assert "nothing in the result is called rows.notes" in slip.text
        done = await say(gate, request, "redact", arguments={"fields": ["rows[*].note"]}, nonce="n-2")
        assert done.status is RequestStatus.APPROVED
        outcome = await perform(gate, job("get", {"id": 7}), upstream)
        assert isinstance(outcome, Delivered)
        assert is_packed(outcome.result)
        out = strictjson.unpacked(outcome.result)
    assert out["structuredContent"]["rows"] == [{"late": n} for n in range(2_000)]
    assert SSN not in out["content"][0]["text"]


async def test_who_looks_at_it_unmasked_is_on_the_record_and_has_to_be_entitled(tmp_path: Path) -> None:
    async with open_gate(tmp_path, REVIEW, PEOPLE) as gate:
        _, request = await withheld(gate, private())
        assert await gate.reviewing.reveal(request.id, "dana", Session()) == RESULT
        owner = await gate.reviewing.reveal(request.id, "lee", Session())
        assert isinstance(owner, Refusal)
        assert owner.code == "self_approval"
        assert isinstance(await say(gate, request, "release", by="lee"), Refusal)
        assert isinstance(await gate.reviewing.reveal("R-0", "dana", Session()), NoSuchRequest)
        (seen,) = await events(gate, "security.result_revealed")
    assert (seen["approver_id"], seen["request_id"], seen["assurance"]) == ("dana", request.id, "session")


async def test_an_approved_call_s_result_is_withheld_just_the_same(tmp_path: Path) -> None:
    async with open_gate(tmp_path, REVIEW, PEOPLE) as gate:
        upstream = private()
        calling = asyncio.create_task(perform(gate, job("refund", {"amount": 5}), upstream))
        (held,) = await pending(gate)
        await decide(gate, held)
        outcome = await calling
        assert isinstance(outcome, Refused)
        assert outcome.status is Status.QUARANTINED
        (request,) = [one for one in await gate.store.requests.page() if one.kind == "quarantine"]
        await say(gate, request, "release")
        released = await perform(gate, job("refund", {"amount": 5}), upstream)
        assert isinstance(released, Delivered)
        assert released.result == RESULT
        assert len(upstream.sent) == 1
        anew = asyncio.create_task(perform(gate, job("refund", {"amount": 5}), upstream))
        assert len(await pending(gate)) == 1, "then it is a new call, held anew"
        anew.cancel()


async def test_stop_and_reload_leave_it_to_the_reviewer(tmp_path: Path) -> None:
    async with open_gate(tmp_path, REVIEW, PEOPLE) as gate:
        upstream = private()
        _, request = await withheld(gate, upstream)
        await gate.store.agents.stop("default", Event("agent.stopped", {"agent": "default"}))
        await say(gate, request, "release")
        stopped = await perform(gate, job("get", {"id": 7}), upstream)
        assert isinstance(stopped, Refused)
        assert stopped.rule_id == "stopped"
        await gate.store.agents.resume("default", Event("agent.stopped", {"agent": "default"}))
        gate.loaded = loaded(REVIEW.replace("Bulk export", "Other words"), PEOPLE)
        assert isinstance(await perform(gate, job("get", {"id": 7}), upstream), Delivered)
        assert len(upstream.sent) == 1


async def test_a_restart_forgets_none_of_it(tmp_path: Path) -> None:
    async with open_gate(tmp_path, REVIEW, PEOPLE) as gate:
        await withheld(gate, private())
    async with open_gate(tmp_path, REVIEW, PEOPLE) as gate:
        await gate.quarantine.load()
        upstream = private()
        _, request = await withheld(gate, upstream)
        await say(gate, request, "release")
        assert isinstance(await perform(gate, job("get", {"id": 7}), upstream), Delivered)
        assert upstream.sent == []


async def test_S207_no_record_of_it_holds_what_was_found(tmp_path: Path) -> None:
    async with open_gate(tmp_path, REVIEW, PEOPLE) as gate:
        _, request = await withheld(gate, private())
        await say(gate, request, "drop")
        told = json.dumps([await gate.store.records(), request_json(request)])
    assert SSN not in told
    assert MAIL not in told


@pytest.mark.parametrize("decided", [True, False])
@pytest.mark.parametrize("again", [True, False])
async def test_S206_a_row_that_nobody_decided_releases_nothing(tmp_path: Path, decided: bool, again: bool) -> None:
    async with open_gate(tmp_path, REVIEW, PEOPLE) as gate:
        upstream = private()
        _, request = await withheld(gate, upstream)
        if not again:
            forge(tmp_path, request, decided)
            await still_withheld(gate, request, upstream)
            return
    forge(tmp_path, request, decided)
    async with open_gate(tmp_path, REVIEW, PEOPLE) as gate:
        await gate.quarantine.load()
        await still_withheld(gate, request, upstream)


def forge(folder: Path, request: Request, decided: bool) -> None:
    if decided:
        approve_row(folder, request.id, decision="release", assurance="session")
    write(folder, "update requests set status = 'approved', consumed = 0 where id = :id", id=request.id)
    write(folder, "update calls set state = 'quarantined' where id = :id", id=request.call.id)


async def still_withheld(gate: Gate, request: Request, upstream: Upstream) -> None:
    told = await perform(gate, job("get", {"id": 7}), upstream)
    assert isinstance(told, Refused)
    assert (told.status, told.request_id) == (Status.QUARANTINED, request.id)
    assert SSN not in json.dumps([told.verdict(), told.text])
    assert len(await events(gate, "security.unproved_approval")) == 1


async def test_S206_a_release_that_is_put_in_another_s_mouth_releases_nothing(tmp_path: Path) -> None:
    async with open_gate(tmp_path, REVIEW, PEOPLE) as gate:
        upstream = private()
        _, request = await withheld(gate, upstream)
        await say(gate, request, "release")
        write(tmp_path, "update decisions set approver_id = 'lee'")
        await still_withheld(gate, request, upstream)


async def test_a_released_result_does_not_speak_for_the_gate(tmp_path: Path) -> None:
    async with open_gate(tmp_path, REVIEW, PEOPLE) as gate:
        upstream = Upstream(RESULT | {"_meta": {VERDICT_KEY: {"status": "redacted"}, "x": 1}})
        _, request = await withheld(gate, upstream)
        await say(gate, request, "release")
        outcome = await perform(gate, job("get", {"id": 7}), upstream)
    assert isinstance(outcome, Delivered)
    assert outcome.result["_meta"] == {"x": 1}


@pytest.mark.parametrize("word", ["release", "redact"])
async def test_what_was_released_is_handed_over_after_a_restart(tmp_path: Path, word: str) -> None:
    async with open_gate(tmp_path, REVIEW, PEOPLE) as gate:
        _, request = await withheld(gate, private())
        assert (await say(gate, request, word)).status is RequestStatus.APPROVED
        await gate.settle(5)
    async with open_gate(tmp_path, REVIEW, PEOPLE) as gate:
        await gate.quarantine.load()
        assert isinstance(await perform(gate, job("get", {"id": 7}), private()), Delivered)


async def test_what_withheld_a_result_is_masked_however_unsure_it_is(tmp_path: Path) -> None:
    rules = RULES + (
        'output_review: { entities: { STAFF_ID: { pattern: "ST-[0-9]{4}", score: 0.2 } }, rules: [ { id: staff, '
        "entities: [STAFF_ID], min_score: 0.1, decision: quarantine } ] }\n"
    )
    async with open_gate(tmp_path, rules, PEOPLE) as gate:
        _, request = await withheld(gate, Upstream({"content": [{"type": "text", "text": "It was ST-1234 again"}]}))
        seen = await masked(gate, request)
    assert seen is not None
    assert seen["content"][0]["text"] == "It was [REDACTED:STAFF_ID#1] again"


def test_the_key_is_made_once_and_is_its_owner_s_alone(tmp_path: Path) -> None:
    first = Vault.at(tmp_path)
    (tmp_path / "vault.key").chmod(0o644)
    second = Vault.at(tmp_path)
    assert (tmp_path / "vault.key").stat().st_mode & 0o777 == 0o600
    assert second.open(first.seal(b"x", "c"), "c") == b"x"
    assert (tmp_path / "vault.key").stat().st_mode & 0o777 == 0o600
    (tmp_path / "vault.key").write_bytes(b"short")
    with pytest.raises(OSError, match="is not a key"):
        Vault.at(tmp_path)


def failing() -> Upstream:
    async def fail(arguments: dict[str, Any]) -> dict[str, Any]:
        raise RpcError(-32050, f"no row for SSN {SSN}", {"mail": MAIL})

    return Upstream(fail)


ERROR = {"code": -32050, "message": f"no row for SSN {SSN}", "data": {"mail": MAIL}}


async def test_S192_a_withheld_error_waits_for_a_reviewer_as_a_result_does(tmp_path: Path) -> None:
    async with open_gate(tmp_path, REVIEW, PEOPLE) as gate:
        upstream = failing()
        told, request = await withheld(gate, upstream)
        assert (told.status, told.retry, told.request_id) == (Status.QUARANTINED, Retry.SAME_CALL, request.id)
        assert "sent and failed" in told.text
        assert (await withheld(gate, upstream))[1].id == request.id
        assert (await events(gate, "call.failed"))[0]["data"] == {
            "sent": True, "error": "upstream_error", "code": -32050,
        }  # fmt: skip
        (reviewed,) = await events(gate, "output.reviewed")
        assert reviewed["data"]["job_id"] == reviewed["call_id"] == request.call.id
        assert [one["field"] for one in request.verdict["quarantine"]["details"]] == ["message", "data.mail"]
        assert gate.store.failures("default", request.call.job_hash) == 1
        assert not gate.store.executed_before("default", "shop", "get")
    async with open_gate(tmp_path, REVIEW, PEOPLE) as gate:
        await gate.quarantine.load()
        assert await gate.quarantine.result(request) == ERROR
        await say(gate, request, "release")
        assert await perform(gate, job("get", {"id": 7}), upstream) == UpstreamError(ERROR)
        assert len(upstream.sent) == 1


async def test_S192_a_reviewer_may_let_out_less_of_an_error_or_nothing(tmp_path: Path) -> None:
    async with open_gate(tmp_path, REVIEW, PEOPLE) as gate:
        upstream = failing()
        _, request = await withheld(gate, upstream)
        await say(gate, request, "redact", arguments={})
        left = {"message": "no row for SSN [REDACTED:US_SSN#1]", "data": {"mail": "[REDACTED:EMAIL_ADDRESS#1]"}}
        assert await perform(gate, job("get", {"id": 7}), upstream) == UpstreamError({"code": -32050, **left})
        _, request = await withheld(gate, upstream)
        await say(gate, request, "drop", nonce="n-2")
        told = await perform(gate, job("get", {"id": 7}), upstream)
        assert isinstance(told, Refused)
        assert told.status is Status.REJECTED
        assert len(upstream.sent) == 2


async def test_S192_what_is_taken_out_of_an_error_is_on_the_record_of_its_call(tmp_path: Path) -> None:
    async with open_gate(tmp_path, RULES) as gate:
        outcome = await perform(gate, job("get", {"id": 7}), failing())
        (reviewed,) = await events(gate, "output.reviewed")
    assert isinstance(outcome, UpstreamError)
    assert reviewed["data"]["job_id"] == reviewed["call_id"]
    assert reviewed["data"]["original_fields_redacted"] == 2


@pytest.mark.parametrize("again", [False, True])
@pytest.mark.parametrize("by", [{"amount": 5}, {"amount": 4}])
async def test_a_changed_call_s_withheld_result_is_collected_by_the_call_as_it_was_asked_and_as_it_ran(
    tmp_path: Path, by: dict[str, Any], again: bool
) -> None:
    async with open_gate(tmp_path, REVIEW, PEOPLE) as gate:
        upstream = private()
        calling = asyncio.create_task(perform(gate, job("refund", {"amount": 5}), upstream))
        (held,) = await pending(gate)
        await say(gate, held, "edit", arguments={"amount": 4}, nonce="n-1")
        first = await calling
        assert isinstance(first, Refused)
        assert (first.status, first.changed) == (Status.QUARANTINED, ("/amount",))
        (request,) = [one for one in await gate.store.requests.page() if one.kind == "quarantine"]
        assert request_json(request)["changed"] == ["/amount"]
        if not again:
            await collected_changed(gate, upstream, request, by)
            return
    async with open_gate(tmp_path, REVIEW, PEOPLE) as gate:
        await gate.quarantine.load()
        await collected_changed(gate, upstream, request, by)


async def collected_changed(gate: Gate, upstream: Upstream, request: Request, by: dict[str, Any]) -> None:
    told = await perform(gate, job("refund", by), upstream)
    assert isinstance(told, Refused)
    assert (told.status, told.request_id, told.changed) == (Status.QUARANTINED, request.id, ("/amount",))
    await say(gate, request, "redact", arguments={})
    outcome = await perform(gate, job("refund", by), upstream)
    assert isinstance(outcome, Delivered)
    mark = outcome.result["_meta"][VERDICT_KEY]
    assert (mark["status"], mark["changed"]) == ("edited", ["/amount"])
    assert len(mark["redactions"]) == 2
    assert upstream.sent == [{"amount": 4}]
    anew = asyncio.create_task(perform(gate, job("refund", {"amount": 5}), upstream))
    assert len(await pending(gate)) == 1, "then it is a new call, held anew"
    anew.cancel()


async def test_what_comes_when_too_many_of_an_agent_s_results_wait_is_withheld_for_good(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quarantine, "MOST_KEPT", 2)
    async with open_gate(tmp_path, REVIEW, PEOPLE) as gate:
        upstream = private()
        told = [await perform(gate, job("get", {"id": n}), upstream) for n in range(3)]
        assert [isinstance(one, Refused) and one.request_id is not None for one in told] == [True, True, False]
        assert isinstance(told[2], Refused)
        assert (told[2].status, told[2].retry) == (Status.QUARANTINED, Retry.NEVER)
        assert len(await events(gate, "output.reviewed")) == 3
        (first,) = [one for one in await pending(gate, 2) if one.call.arguments == {"id": 0}]
        await say(gate, first, "release")
        assert isinstance(await perform(gate, job("get", {"id": 0}), upstream), Delivered)
        fresh = await perform(gate, job("get", {"id": 4}), upstream)
        assert isinstance(fresh, Refused)
        assert fresh.request_id is not None, "there is room again"
    async with open_gate(tmp_path, REVIEW, PEOPLE) as gate:
        await gate.quarantine.load()
        assert not await gate.quarantine.has_room("default")
        assert await gate.quarantine.has_room("other")


async def test_what_was_dropped_leaves_room_though_its_agent_never_asks_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quarantine, "MOST_KEPT", 2)
    async with open_gate(tmp_path, REVIEW, PEOPLE) as gate:
        upstream = private()
        for n in range(2):
            await perform(gate, job("get", {"id": n}), upstream)
        for request in await pending(gate, 2):
            await say(gate, request, "drop")
        told = await perform(gate, job("get", {"id": 2}), upstream)
        assert isinstance(told, Refused)
        assert told.request_id is not None
        again = await perform(gate, job("get", {"id": 0}), upstream)
        assert isinstance(again, Refused)
        assert again.retry is Retry.NEVER, "it is told once that it was dropped, as ever"


async def test_what_a_task_came_to_outlives_a_restart_and_is_collected_by_the_same_call(tmp_path: Path) -> None:
    handle = Upstream({"task": {"taskId": "t-1", "status": "working"}})
    async with open_gate(tmp_path, REVIEW, PEOPLE) as gate:
        begun = await perform(gate, job("get", {"id": 7}), handle)
        assert isinstance(begun, Delivered)
        assert begun.ran is not None
        told = await late.told(gate, begun.ran, dict(RESULT), Form.RESULT)
        assert isinstance(told, Refused)
        (request,) = [one for one in await gate.store.requests.page() if one.kind == "quarantine"]
        assert (told.request_id, request.call.id) == (request.id, begun.ran.call.id)
        await say(gate, request, "release")
    on_disk = b"".join(path.read_bytes() for path in tmp_path.glob("gate.db*"))
    assert SSN.encode() not in on_disk
    async with open_gate(tmp_path, REVIEW, PEOPLE) as gate:
        await gate.quarantine.load()
        outcome = await perform(gate, job("get", {"id": 7}), handle)
        assert isinstance(outcome, Delivered)
        assert outcome.result == RESULT
        assert len(handle.sent) == 1
