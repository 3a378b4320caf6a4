"""The path of a call, on a real store and a real policy."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from mcp_gate.evidence.hashes import job_hash
from mcp_gate.gate.job import Continuation
from mcp_gate.model.decision import Decision
from mcp_gate.model.outcome import Delivered, Refused, Retry, Status, UpstreamError
from mcp_gate.model.verdict import Verdict
from mcp_gate.store.database import Unavailable
from mcp_gate.wire.errors import INVALID_PARAMS, RpcError, Turned
from mcp_gate.wire.peer import Lost
from support.gates import Upstream, job, names, open_gate, perform
from support.scanning import Broken

pytestmark = pytest.mark.anyio


async def test_an_allowed_call_is_on_the_record_before_it_is_sent(tmp_path: Path) -> None:
    async with open_gate(tmp_path) as gate:
        seen: list[str] = []

        async def answer(arguments: dict[str, object]) -> dict[str, object]:
            seen.extend(r["event"] for r in await gate.store.records())
            return {"content": [], "odd": 1}

        outcome = await perform(gate, job("get", {"id": 7}), Upstream(answer))
        assert outcome == Delivered({"content": [], "odd": 1})
        assert seen[-3:] == ["call.received", "call.decided", "call.dispatched"]
        assert (await names(gate))[-4:] == ["call.dispatched", "call.executed", "output.reviewed", "call.delivered"]


async def test_that_there_was_nothing_to_take_out_of_a_result_is_on_record_unless_nobody_looks(tmp_path: Path) -> None:
    async with open_gate(tmp_path / "on") as gate:
        await perform(gate, job("get", {"id": 7}), Upstream())
        await gate.settle(5)
        (seen,) = [r for r in await gate.store.records() if r["event"] == "output.reviewed"]
        assert seen["data"] == {
            "job_id": seen["call_id"], "output_safety_decision": "ALLOW", "original_fields_redacted": 0,
            "redaction_details": [], "policy_snapshot": gate.loaded.snapshot.id,
        }  # fmt: skip
    rules = 'rules: [ { id: a, match: { topics: ["*"] }, decision: allow } ]'
    off = f"version: v1\noutput_review: {{ enabled: false }}\n{rules}\n"
    async with open_gate(tmp_path / "off", off) as gate:
        await perform(gate, job("get", {"id": 7}), Upstream())
        assert "output.reviewed" not in await names(gate)


async def test_a_server_that_turns_a_request_away_below_the_protocol_is_a_failure_that_the_agent_is_told(
    tmp_path: Path,
) -> None:
    async def turn_away(_: object) -> dict[str, object]:
        raise Turned(-32002, "the upstream refused the request: HTTP 401")

    async with open_gate(tmp_path) as gate:
        outcome = await perform(gate, job("get"), Upstream(turn_away))
        assert isinstance(outcome, Refused)
        assert (outcome.status, outcome.sent, outcome.retry) == (Status.FAILED, True, Retry.NEVER)
        assert "HTTP 401" in outcome.text
        await gate.settle(5)
        (failed,) = [r for r in await gate.store.records() if r["event"] == "call.failed"]
        assert failed["data"] == {"sent": True, "error": "refused"}


async def test_a_denied_call_never_reaches_the_upstream(tmp_path: Path) -> None:
    async with open_gate(tmp_path) as gate:
        upstream = Upstream()
        outcome = await perform(gate, job("destroy"), upstream)
        assert isinstance(outcome, Refused)
        assert (outcome.status, outcome.rule_id, outcome.retry) == (Status.DENIED, "never", Retry.NEVER)
        assert upstream.sent == []
        assert (await names(gate))[-2:] == ["call.received", "call.decided"]


async def test_a_call_that_cannot_be_recorded_is_not_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_gate(tmp_path) as gate:

        async def full(*_: object, **__: object) -> None:
            raise Unavailable("the disk is full")

        monkeypatch.setattr(gate.store, "begin", full)
        upstream = Upstream()
        outcome = await perform(gate, job("get"), upstream)
        assert isinstance(outcome, Refused)
        assert (outcome.status, outcome.retry) == (Status.UNAVAILABLE, Retry.LATER)
        assert upstream.sent == []


async def test_an_exception_in_deciding_is_a_denial(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_gate(tmp_path) as gate:
        monkeypatch.setattr(gate.loaded.policy, "decide", lambda facts: 1 / 0)
        upstream = Upstream()
        outcome = await perform(gate, job("get"), upstream)
        assert isinstance(outcome, Refused)
        assert (outcome.status, outcome.rule_id) == (Status.DENIED, "error")
        assert upstream.sent == []


async def test_an_upstreams_own_error_passes_and_counts_as_a_failure(tmp_path: Path) -> None:
    async with open_gate(tmp_path) as gate:

        async def fail(arguments: dict[str, object]) -> dict[str, object]:
            raise RpcError(-32050, "no such thing", {"a": 1})

        outcome = await perform(gate, job("get"), Upstream(fail))
        assert outcome == UpstreamError({"code": -32050, "message": "no such thing", "data": {"a": 1}})
        assert "call.failed" in await names(gate)
        digest = job_hash("default", "shop", "get", "sha256:" + "0" * 64, "job.shop.read", ["read"], {})
        assert gate.store.failures("default", digest) == 1


@pytest.mark.parametrize(("sent", "status"), [(True, Status.UNKNOWN), (False, Status.FAILED)])
async def test_S173_a_lost_call_is_unknown_once_it_was_sent(tmp_path: Path, sent: bool, status: Status) -> None:
    async with open_gate(tmp_path) as gate:

        async def die(arguments: dict[str, object]) -> dict[str, object]:
            raise Lost("it is gone", sent=sent)

        outcome = await perform(gate, job("get"), Upstream(die))
        assert isinstance(outcome, Refused)
        assert outcome.status is status
        assert outcome.verdict().get("sent") == (None if sent else False)


async def test_arguments_too_deep_or_too_large_are_invalid_params(tmp_path: Path) -> None:
    deep: dict[str, object] = {}
    for _ in range(40):
        deep = {"a": deep}
    async with open_gate(tmp_path, settings="limits: { argument_bytes: 100 }") as gate:
        for arguments in (deep, {"a": "x" * 200}):
            upstream = Upstream()
            with pytest.raises(RpcError) as caught:
                await perform(gate, job("get", arguments), upstream)
            assert caught.value.code == INVALID_PARAMS
            assert upstream.sent == []


async def test_the_gates_own_properties_are_taken_out_before_sending(tmp_path: Path) -> None:
    rules = 'version: v1\nrules:\n  - { id: all, match: { topics: ["*"] }, decision: allow }\n'
    async with open_gate(tmp_path, rules) as gate:
        upstream = Upstream()
        await perform(gate, job("refund", {"amount": 5, "gate_confidence": 0.4}), upstream)
        assert upstream.sent == [{"amount": 5}]


async def test_confidence_is_the_lower_of_both_claims_and_nonsense_is_unknown(tmp_path: Path) -> None:
    rules = (
        "version: v1\nrules:\n  - { id: low, match: { confidence_below: 0.7 }, decision: deny }\n"
        '  - { id: all, match: { topics: ["*"] }, decision: allow }\n'
    )
    key = "dev.mcp-gate/confidence"
    async with open_gate(tmp_path, rules) as gate:
        for own, meta, passes in [
            (0.9, {}, True), (0.9, {key: 0.5}, False), (0.9, {key: 0.8}, True), ("0.9", {}, False), (2, {}, False),
            (True, {}, False), (None, {}, False), (0.9, {key: -1}, False),
        ]:  # fmt: skip
            arguments = {} if own is None else {"gate_confidence": own}
            outcome = await perform(gate, job("refund", arguments, **meta), Upstream())
            assert isinstance(outcome, Delivered) is passes, (own, meta)


async def test_an_amount_over_its_limit_is_denied_and_one_that_cannot_be_told_as_well(tmp_path: Path) -> None:
    rules = (
        "version: v1\nrules:\n  - { id: capped, match: { topics: [job.shop.refund] }, "
        "decision: allow_with_constraints, constraints: { max_amount_usd: 100 } }\n"
    )
    async with open_gate(tmp_path, rules) as gate:
        for amount, passes in [(100, True), (100.01, False), ("5", False), (True, False)]:
            outcome = await perform(gate, job("refund", {"amount": amount}), Upstream())
            assert isinstance(outcome, Delivered) is passes, amount


async def test_an_approved_operation_that_goes_on_keeps_to_its_constraints(tmp_path: Path) -> None:
    rules = (
        "version: v1\nrules:\n  - { id: capped, match: { topics: [job.shop.refund] }, "
        "decision: require_approval, constraints: { max_amount_usd: 100 } }\n"
    )
    async with open_gate(tmp_path, rules) as gate:
        for amount, sent in [(100, 1), (101, 0)]:
            upstream = Upstream()
            approved = Continuation("c-1", Verdict(Decision.REQUIRE_APPROVAL, ("capped",), "", gate.loaded.snapshot.id))
            outcome = await perform(gate, replace(job("refund", {"amount": amount}), continuation=approved), upstream)
            assert (isinstance(outcome, Delivered), len(upstream.sent)) == (bool(sent), sent)


async def test_a_call_that_runs_too_long_is_ended(tmp_path: Path) -> None:
    rules = (
        'version: v1\nrules:\n  - { id: short, match: { topics: ["*"] }, decision: allow_with_constraints, '
        "constraints: { max_runtime_sec: 1 } }\n"
    )
    cancelled = asyncio.Event()

    async def hang(arguments: dict[str, object]) -> dict[str, object]:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()
        return {}

    async with open_gate(tmp_path, rules) as gate:
        outcome = await perform(gate, job("get"), Upstream(hang))
        assert isinstance(outcome, Refused)
        assert (outcome.status, outcome.sent) == (Status.FAILED, True)
        assert cancelled.is_set()


async def test_a_result_that_is_too_large_is_withheld(tmp_path: Path) -> None:
    rules = (
        'version: v1\nrules:\n  - { id: small, match: { topics: ["*"] }, decision: allow_with_constraints, '
        "constraints: { max_output_bytes: 50 } }\n"
    )
    async with open_gate(tmp_path, rules) as gate:
        outcome = await perform(gate, job("get"), Upstream({"content": [{"type": "text", "text": "x" * 100}]}))
        assert isinstance(outcome, Refused)
        assert outcome.status is Status.QUARANTINED
        assert "output.reviewed" in await names(gate)


async def test_a_result_that_cannot_be_checked_is_withheld(tmp_path: Path) -> None:
    async with open_gate(tmp_path, scanner=Broken()) as gate:
        outcome = await perform(gate, job("get"), Upstream())
        assert isinstance(outcome, Refused)
        assert outcome.status is Status.QUARANTINED
        await gate.settle(5)
        (seen,) = [r for r in await gate.store.records() if r["event"] == "output.reviewed"]
        assert seen["data"]["output_safety_decision"] == "QUARANTINE"


async def test_a_failure_of_the_gate_itself_while_it_sends_is_an_unknown_outcome_on_the_record(tmp_path: Path) -> None:
    async with open_gate(tmp_path) as gate:

        async def broken(arguments: dict[str, object]) -> dict[str, object]:
            raise KeyError("shop")

        outcome = await perform(gate, job("get"), Upstream(broken))
        assert isinstance(outcome, Refused)
        assert outcome.status is Status.UNKNOWN
        assert (await names(gate))[-1] == "call.unknown"


async def test_an_error_that_is_too_large_is_withheld_as_a_result_is(tmp_path: Path) -> None:
    rules = (
        'version: v1\nrules:\n  - { id: small, match: { topics: ["*"] }, decision: allow_with_constraints, '
        "constraints: { max_output_bytes: 80 } }\n"
    )
    async with open_gate(tmp_path, rules) as gate:
        for size, status in [(10, None), (100, Status.QUARANTINED)]:

            async def fail(arguments: dict[str, object], size: int = size) -> dict[str, object]:
                raise RpcError(-32050, "x" * size)

            outcome = await perform(gate, job("get"), Upstream(fail))
            if status is None:
                assert outcome == UpstreamError({"code": -32050, "message": "x" * size})
            else:
                assert isinstance(outcome, Refused)
                assert (outcome.status, "x" * size in outcome.text) == (status, False)


async def test_S107_a_cancelled_call_that_was_sent_is_unknown_on_the_record(tmp_path: Path) -> None:
    async with open_gate(tmp_path) as gate:
        started = asyncio.Event()

        async def hang(arguments: dict[str, object]) -> dict[str, object]:
            started.set()
            await asyncio.Event().wait()
            return {}

        call = asyncio.create_task(perform(gate, job("get"), Upstream(hang)))
        await started.wait()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert (await names(gate))[-1] == "call.unknown"


async def test_a_call_cancelled_while_its_intent_is_written_is_not_sent_and_says_so(tmp_path: Path) -> None:
    async with open_gate(tmp_path) as gate:
        await gate.store.habits.acquaint("default")
        upstream = Upstream()
        another = gate.under_way.begin("default")  # a lone call's intent is written before anybody can cancel it
        call = asyncio.create_task(perform(gate, job("get"), upstream))
        await asyncio.sleep(0)
        gate.under_way.end(another)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert upstream.sent == []
        assert (await names(gate))[-2:] == ["call.dispatched", "call.failed"]
        assert (await gate.store.records())[-1]["data"]["sent"] is False
