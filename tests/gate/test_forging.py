"""Nothing that is written into the state directory makes a call: real rows, between a decision and its dispatch."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mcp_gate.evidence.statement import statement
from mcp_gate.gate.gate import Gate
from mcp_gate.gate.reviewers import Session
from mcp_gate.lang.times import rfc3339
from mcp_gate.model.decision import Assurance
from mcp_gate.model.judged import Refused
from mcp_gate.model.outcome import Delivered, Outcome
from mcp_gate.model.request import Request, RequestStatus, ReviewerDecision
from mcp_gate.store.archive import Archive
from support.forging import Bodies, approve_row, rewrite_record, set_approved, write
from support.gates import Hands, Upstream, job, loaded, names, open_gate, pending, perform
from support.keys import Key, ed25519_key

pytestmark = pytest.mark.anyio

DANA, ANA, EVE = ed25519_key(1), ed25519_key(2), ed25519_key(9)
SETTINGS = f"""\
hold: {{ wait_sec: 0.01, heartbeat_sec: 5 }}
agents: {{ default: {{ owner: lee }} }}
reviewers:
  dana: {{ keys: ["{DANA.public}"] }}
  ana: {{ keys: ["{ANA.public}"] }}
  lee: {{ keys: ["{EVE.public}"] }}
"""
RULES = """\
version: v1
rules:
  - {{ id: refunds, match: {{ topics: ["job.shop.refund"] }}, decision: require_approval, reason: "A person decides",
      approvals: {n}, min_assurance: {proof}, timeout_sec: 900 }}
"""
REFUND = {"amount": 4200}


@dataclass
class Desk:
    """A gate, its state directory, and what reached the upstream."""

    gate: Gate
    folder: Path
    upstream: Upstream

    async def call(self, arguments: dict[str, Any] | None = None) -> Outcome:
        return await perform(self.gate, job("refund", arguments or REFUND), self.upstream)

    async def held(self) -> Request:
        await self.call()
        (request,) = await pending(self.gate)
        return request

    async def say(
        self, request: Request, key: Key | None = DANA, by: str = "dana", **changes: Any
    ) -> Request | Refused:
        """A person's word, signed if there is a key, over the local socket."""
        sent: dict[str, Any] = {
            "decision": "approve", "approver_id": by, "job_hash": request.call.job_hash,
            "policy_snapshot": request.policy_snapshot, "decision_ts": rfc3339(self.gate.clock.wall()), "nonce": by,
            **changes,
        }  # fmt: skip
        if key is not None:
            sent["signature"] = key.sign(statement(sent, request.id, self.gate.id))
        answer = await self.gate.reviewing.decide(request.id, ReviewerDecision(**sent), Session())
        assert isinstance(answer, Request | Refused)
        return answer

    async def approved(self, key: Key | None = DANA, by: str = "dana") -> Request:
        answer = await self.say(await self.held(), key, by)
        assert isinstance(answer, Request)
        assert answer.status is RequestStatus.APPROVED
        return answer

    async def never_sent(self) -> None:
        """The client comes back, three times; the gate asks people anew, and says in its record why."""
        for _ in range(3):
            assert not isinstance(await self.call(), Delivered)
        assert self.upstream.sent == []


@asynccontextmanager
async def desk(
    folder: Path, *, n: int = 1, proof: str = "signed", hands: Hands | None = None, upstream: Upstream | None = None
) -> AsyncIterator[Desk]:
    async with open_gate(folder, RULES.format(n=n, proof=proof), SETTINGS, hands=hands) as gate:
        yield Desk(gate, folder, upstream or Upstream())


async def test_a_signed_approval_lets_the_call_pass_once_and_after_a_restart_too(tmp_path: Path) -> None:
    async with desk(tmp_path) as one:
        request = await one.approved()
        assert request.decisions[0].assurance is Assurance.SIGNED
        assert isinstance(await one.call(), Delivered)
        assert one.upstream.sent == [REFUND]
        await one.call({"amount": 1})
        assert one.upstream.sent == [REFUND]
    async with desk(tmp_path) as one:
        (request,) = await pending(one.gate)
        await one.say(request)
    async with desk(tmp_path) as one:
        assert isinstance(await one.call({"amount": 1}), Delivered)


@pytest.mark.parametrize("altered", [False, True])
async def test_a_signed_edit_is_of_exactly_the_arguments_it_made(tmp_path: Path, altered: bool) -> None:
    async with desk(tmp_path) as one:
        await one.gate.store.put_meta("gate_id", one.gate.id)
        request = await one.held()
        answer = await one.say(request, decision="edit", arguments={"amount": 5, "note": 2**60})
        assert isinstance(answer, Request)
        assert answer.status is RequestStatus.APPROVED
    assert doubts(tmp_path) == []
    if altered:
        write(tmp_path, "update calls set arguments = replace(arguments, '5', '6')")
    async with desk(tmp_path) as one:
        if altered:
            await one.never_sent()
        else:
            await one.call()
            assert one.upstream.sent == [{"amount": 5, "note": 2**60}]


async def test_S171_without_a_signature_a_rule_that_asks_for_one_is_not_met(tmp_path: Path) -> None:
    async with desk(tmp_path) as one:
        answer = await one.say(await one.held(), key=None)
        assert isinstance(answer, Refused)
        assert (answer.code, answer.http) == ("assurance_too_low", 403)
        assert "request.refused" in await names(one.gate)
        await one.never_sent()


async def test_a_signature_of_somebody_else_s_key_or_over_something_else_is_refused(tmp_path: Path) -> None:
    async with desk(tmp_path) as one:
        request = await one.held()
        for answer in (
            await one.say(request, EVE),
            await one.say(request, DANA, by="ana"),
            await one.say(request, signature=DANA.sign(b"anything else"), key=None),
            await one.say(request, signature=DANA.sign(statement({}, "R-other", one.gate.id)), key=None),
        ):
            assert isinstance(answer, Refused)
            assert (answer.code, answer.http) == ("bad_signature", 403)
        await one.never_sent()


async def test_nobody_s_word_is_refused_whatever_it_is_signed_with(tmp_path: Path) -> None:
    async with desk(tmp_path) as one:
        answer = await one.say(await one.held(), EVE, by="eve")
        assert isinstance(answer, Refused)
        assert (answer.code, answer.http) == ("unknown_reviewer", 403)


@pytest.mark.parametrize("proof", ["session", "signed"])
async def test_S154_a_row_that_nobody_decided_is_no_approval(tmp_path: Path, proof: str) -> None:
    async with desk(tmp_path, proof=proof) as one:
        request = await one.held()
        approve_row(tmp_path, request.id, assurance=proof)
        await one.never_sent()
        assert "security.unproved_approval" in await names(one.gate)
        assert (await pending(one.gate))[0].id != request.id
        assert doubts(tmp_path) == [(request.id, None, "has a decision of 'dana' that nobody recorded")]


def doubts(folder: Path) -> list[tuple[str, int | None, str]]:
    """What `audit verify` has to say of decisions."""
    with Archive(folder / "gate.db") as archive:
        return [(doubt.request_id, doubt.seq, doubt.what) for doubt in archive.attested().doubts()]


async def test_S169_decisions_are_checked_with_the_keys_of_their_time_and_nothing_else_passes(tmp_path: Path) -> None:
    async with desk(tmp_path) as one:
        await one.gate.store.put_meta("gate_id", one.gate.id)
        request = await one.approved()
    assert doubts(tmp_path) == []
    async with open_gate(tmp_path, RULES.format(n=1, proof="signed"), "reviewers: { dana: {} }"):
        pass  # her key is revoked
    with Archive(tmp_path / "gate.db") as archive:
        look = archive.attested()
        assert list(look.doubts()) == []
        assert look.signed == 1

    def change(name: str, value: str, *, data: bool = False) -> Callable[[Bodies], Bodies]:
        def changed(bodies: Bodies) -> Bodies:
            for body in bodies:
                if body["event"] == "request.decided":
                    (body["data"] if data else body)[name] = value
            return bodies

        return changed

    write(tmp_path, "update decisions set decision_ts = '2027-01-15T08:00:01.000Z'")
    rewrite_record(tmp_path, change("decision_ts", "2027-01-15T08:00:01.000Z"))
    ((found, seq, what),) = doubts(tmp_path)
    assert found == request.id
    assert seq is not None
    assert "a field was changed" in what
    rewrite_record(tmp_path, change("signature", EVE.sign(b"x"), data=True))
    assert any("not made by a key that is enrolled" in what for _, _, what in doubts(tmp_path))


async def test_S169_a_signed_word_that_takes_fields_out_of_a_result_verifies_by_its_record(tmp_path: Path) -> None:
    rules = 'version: v1\nrules: [ { id: all, match: { topics: ["*"] }, decision: allow } ]\n'
    rules += "output_review: { rules: [ { id: ssn, entities: [US_SSN], decision: quarantine, reason: No } ] }\n"
    async with open_gate(tmp_path, rules, SETTINGS) as gate:
        await gate.store.put_meta("gate_id", gate.id)
        result = {"content": [], "structuredContent": {"note": "SSN 536-22-1234", "more": "y"}}
        await perform(gate, job("get", {}), Upstream(result))
        (request,) = await gate.store.requests.page()
        fields: dict[str, Any] = {
            "decision": "redact", "approver_id": "dana", "job_hash": request.call.job_hash, "nonce": "n-1",
            "policy_snapshot": request.policy_snapshot, "decision_ts": rfc3339(gate.clock.wall()),
            "arguments": {"fields": ["more"]},
        }  # fmt: skip
        signature = DANA.sign(statement(fields, request.id, gate.id))
        answer = await gate.reviewing.decide(request.id, ReviewerDecision(**fields, signature=signature), Session())
        assert isinstance(answer, Request)
        assert answer.decisions[0].assurance is Assurance.SIGNED
    assert doubts(tmp_path) == []


Attack = Callable[[Path, Request], None]


def rows(*statements: str) -> Attack:
    def attack(folder: Path, request: Request) -> None:
        write(folder, *statements, id=request.id, call=request.call.id)

    return attack


ATTACKS = {
    "the arguments are others": rows("update calls set arguments = '{\"amount\":9}' where id = :call"),
    "the signature is another's": rows("update decisions set signature = replace(signature, 'A', 'B')"),
    "the signature is gone": rows("update decisions set signature = null"),
    "no signature is asked for": rows(
        "update decisions set signature = null, assurance = 'session', statement = ''",
        "update requests set min_assurance = 'session'",
    ),
    "somebody else gave it": rows("update decisions set approver_id = 'ana'"),
    "it was another time": rows("update decisions set decision_ts = '2027-01-15T08:00:01.000Z'"),
    "what was signed is another text": rows("update decisions set statement = replace(statement, '4', '5')"),
    "it is due later": rows("update requests set tier = 'low', opened_ts = '2027-01-15T07:00:00.000Z'"),
    "there is a second one": lambda folder, request: approve_row(folder, request.id, n=2, approver_id="ana"),
}


@pytest.mark.parametrize("name", ATTACKS)
async def test_an_approval_that_is_altered_before_it_is_used_is_void(tmp_path: Path, name: str) -> None:
    async with desk(tmp_path) as one:
        request = await one.approved()
        ATTACKS[name](tmp_path, request)
        await one.never_sent()
        assert "security.unproved_approval" in await names(one.gate, request_id=request.id)


@pytest.mark.parametrize("running", [True, False])
@pytest.mark.parametrize("proof", ["session", "signed"])
async def test_a_used_approval_is_not_used_again_whatever_its_row_says(
    tmp_path: Path, proof: str, running: bool
) -> None:
    hands = Hands()
    async with desk(tmp_path, proof=proof, hands=hands) as one:
        request = await one.approved(DANA if proof == "signed" else None)
        assert isinstance(await one.call(), Delivered)
        one.upstream.sent.clear()
        if running:
            set_approved(tmp_path, request.id)
            await one.never_sent()
            return
    set_approved(tmp_path, request.id)
    async with desk(tmp_path, proof=proof, hands=hands) as one:
        await one.never_sent()


async def test_a_denial_that_is_turned_around_is_no_approval(tmp_path: Path) -> None:
    async with desk(tmp_path) as one:
        request = await one.held()
        await one.say(request, decision="deny", reason="no")
        write(tmp_path, "update decisions set decision = 'approve'")
        set_approved(tmp_path, request.id)
        await one.never_sent()


async def test_one_approval_is_not_two(tmp_path: Path) -> None:
    async with desk(tmp_path, n=2) as one:
        request = await one.held()
        await one.say(request)
        write(tmp_path, "update requests set needed = 1")
        set_approved(tmp_path, request.id)
        await one.never_sent()


async def test_an_approval_by_a_key_that_is_revoked_meanwhile_falls_back_to_be_needed(tmp_path: Path) -> None:
    async with desk(tmp_path) as one:
        await one.approved()
        one.gate.loaded = loaded(RULES.format(n=1, proof="signed"), SETTINGS.replace(str(DANA.public), str(EVE.public))
                                 .replace(f'lee: {{ keys: ["{EVE.public}"] }}', "lee: {}"))  # fmt: skip
        await one.never_sent()
        assert await pending(one.gate)


def forged(request_id: str, **changes: Any) -> Callable[[Bodies], Bodies]:
    """A record that tells of an approval, and of a request that asked for no proof."""

    def change(bodies: Bodies) -> Bodies:
        opened = next(body for body in bodies if body["event"] == "request.opened")
        opened["data"]["min_assurance"] = "session"
        said = {**opened, "event": "request.decided", "approver_id": "dana", "assurance": "session",
                "decision_ts": "2027-01-15T08:00:00.000Z",
                "data": {"decision": "approve", "nonce": "forged"}}  # fmt: skip
        return [*bodies, {**said, **changes}]

    return change


async def test_a_row_that_the_record_does_not_tell_of_is_no_approval_after_a_restart(tmp_path: Path) -> None:
    async with desk(tmp_path, proof="session") as one:
        request = await one.held()
    approve_row(tmp_path, request.id, assurance="session")
    async with desk(tmp_path, proof="session") as one:
        await one.never_sent()
        assert "security.unproved_approval" in await names(one.gate)


async def test_a_record_that_is_written_anew_proves_no_signed_approval(tmp_path: Path) -> None:
    async with desk(tmp_path) as one:
        request = await one.held()
    approve_row(tmp_path, request.id, assurance="session")
    write(tmp_path, "update requests set min_assurance = 'session'")
    rewrite_record(tmp_path, forged(request.id))
    async with desk(tmp_path) as one:
        await one.never_sent()
        assert "security.unproved_approval" in await names(one.gate)


async def test_an_old_signed_approval_that_is_dug_out_is_too_old(tmp_path: Path) -> None:
    hands = Hands()
    async with desk(tmp_path, hands=hands) as one:
        request = await one.approved()
        assert isinstance(await one.call(), Delivered)
    set_approved(tmp_path, request.id)
    write(tmp_path, "update requests set due_ts = '2037-01-01T00:00:00.000Z'")
    rewrite_record(tmp_path, lambda bodies: [b for b in bodies if b["event"] != "call.dispatched"])
    hands.pass_(2 * 900 + 301)
    async with desk(tmp_path, hands=hands) as one:
        await one.never_sent()
        assert "security.unproved_approval" in await names(one.gate)


async def test_a_signature_for_another_gate_is_none_here(tmp_path: Path) -> None:
    async with desk(tmp_path) as one:
        request = await one.held()
        sent = {"decision": "approve", "approver_id": "dana", "job_hash": request.call.job_hash,
                "policy_snapshot": request.policy_snapshot, "decision_ts": rfc3339(one.gate.clock.wall())}  # fmt: skip
        signature = DANA.sign(statement(sent, request.id, "g-other"))
        answer = await one.gate.reviewing.decide(request.id, ReviewerDecision(**sent, signature=signature), Session())
        assert isinstance(answer, Refused)
        assert answer.code == "bad_signature"


async def test_the_owner_of_an_agent_does_not_decide_on_it_by_any_row(tmp_path: Path) -> None:
    async with desk(tmp_path) as one:
        answer = await one.say(await one.held(), EVE, by="lee")
        assert isinstance(answer, Refused)
        assert answer.code == "self_approval"


@pytest.mark.parametrize("by", [DANA, EVE])
async def test_S206_a_signed_release_holds_over_a_restart_and_one_by_another_key_does_not(
    tmp_path: Path, by: Key
) -> None:
    picture = {"content": [{"type": "image", "data": "QQ==", "mimeType": "image/png"}]}
    async with desk(tmp_path, upstream=Upstream(picture)) as one:
        await one.gate.store.put_meta("gate_id", one.gate.id)
        await one.approved()
        assert not isinstance(await one.call(), Delivered)
        (withheld,) = [each for each in await one.gate.store.requests.page() if each.kind == "quarantine"]
        answer = await one.say(withheld, decision="release", nonce="n-2")
        assert isinstance(answer, Request)
        await one.gate.settle(5)
    if by is EVE:
        forged = EVE.sign(b"whatever")
        write(tmp_path, "update decisions set signature = :forged where decision = 'release'", forged=forged)
    async with desk(tmp_path) as one:
        await one.gate.quarantine.load()
        assert isinstance(await one.call(), Delivered) == (by is DANA)
        assert one.upstream.sent == []
