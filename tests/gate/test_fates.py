"""A real gate driven by hypothesis: times, words, reloads, restarts, calls in any order; what holds of each request."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections import Counter
from collections.abc import Awaitable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from mcp_gate.evidence.chain import Intact
from mcp_gate.gate.gate import Gate
from mcp_gate.gate.reload import redecide
from mcp_gate.gate.reviewers import Session
from mcp_gate.gate.sweep import sweep
from mcp_gate.lang.times import rfc3339
from mcp_gate.model.request import Request, ReviewerDecision
from support.chains import verify
from support.gates import Hands, Upstream, job, loaded, open_gate, perform

T = TypeVar("T")
POLICIES = [
    f"""\
version: v1
risk_tiers:
  high:   {{ risk_tags: [delete], timeout_sec: 400, on_timeout: deny }}
  medium: {{ risk_tags: [write], timeout_sec: 200, on_timeout: escalate, escalate_to: second }}
  low:    {{ risk_tags: [read], timeout_sec: 100, on_timeout: approve }}
routing: {{ default: first }}
{more}"""
    for more in (
        "",
        "approval_queue_policy: { escalate_after_sec: 150, escalate_to: second }\n",
        "rules:\n  - { id: two, match: { topics: ['*'] }, decision: require_approval, approvals: 2 }\n",
    )
]
SETTINGS = """\
hold: { wait_sec: 0.001 }
reviewers: { ana: { groups: [first] }, ben: { groups: [second] }, cy: { groups: [first, second] } }
"""
ENDS = ("request.expired", "request.cancelled")


class Fates(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.folder = Path(tempfile.mkdtemp())
        self.hands, self.upstream, self.policy = Hands(), Upstream(), POLICIES[0]
        self.stack = AsyncExitStack()
        self.gate: Gate = self.run(self._open())
        self.seen: dict[str, Request] = {}
        self.nonces = 0

    def run(self, work: Awaitable[T]) -> T:
        return self.loop.run_until_complete(_awaited(work))

    async def _open(self) -> Gate:
        gate = await self.stack.enter_async_context(open_gate(self.folder, self.policy, SETTINGS, self.hands))
        for request in await gate.store.requests.unsettled():
            gate.queue.watch(request)
        await redecide(gate)
        return gate

    def open_requests(self) -> list[Request]:
        return self.run(self.gate.store.requests.unsettled())

    @initialize()
    def one_of_each_tier_waits(self) -> None:
        for tool in ("get", "refund", "destroy"):
            self.call(tool, 1)

    @rule(tool=st.sampled_from(["get", "refund", "destroy"]), n=st.integers(1, 2))
    def call(self, tool: str, n: int) -> None:
        """Holds a call, joins one, or collects what was approved."""
        self.run(perform(self.gate, job(tool, {"amount": n}), self.upstream))

    @rule(seconds=st.sampled_from([1, 50, 100, 150, 199, 200, 400]), set_by=st.sampled_from([0, 86_400, -86_400]))
    def time_passes(self, seconds: int, set_by: int) -> None:
        self.hands.wall += set_by
        self.hands.pass_(seconds)
        self.run(sweep(self.gate))

    @rule(which=st.integers(0, 5), by=st.sampled_from(["ana", "ben", "cy"]), yes=st.booleans())
    def word(self, which: int, by: str, yes: bool) -> None:
        found = self.open_requests()
        if not found:
            return
        request = found[which % len(found)]
        self.nonces += 1
        said = ReviewerDecision(
            decision="approve" if yes else "deny", approver_id=by, job_hash=request.call.job_hash,
            policy_snapshot=request.policy_snapshot, decision_ts=rfc3339(self.gate.clock.wall()),
            nonce=str(self.nonces),
        )  # fmt: skip
        answer = self.run(self.gate.reviewing.decide(request.id, said, Session()))
        if isinstance(answer, Request):
            assert by in {"first": ("ana", "cy"), "second": ("ben", "cy")}[request.group]

    @rule(which=st.integers(0, 5), by=st.sampled_from(["ana", "ben"]), seconds=st.integers(1, 200))
    def more_time(self, which: int, by: str, seconds: int) -> None:
        found = self.open_requests()
        if found:
            self.run(self.gate.reviewing.extend(found[which % len(found)].id, by, Session(), seconds))

    @rule(policy=st.sampled_from(POLICIES))
    def reload(self, policy: str) -> None:
        self.policy = policy
        self.gate.loaded = loaded(policy, SETTINGS)
        self.run(redecide(self.gate))

    @rule(set_by=st.sampled_from([0, 86_400, -86_400]))
    def restart(self, set_by: int) -> None:
        self.run(self.stack.aclose())
        self.hands.wall += set_by
        self.gate = self.run(self._open())
        self.run(sweep(self.gate))

    @invariant()
    def no_due_time_moves_back_and_no_stage_comes_again(self) -> None:
        for request in self.run(self.gate.store.requests.page(limit=1000)):
            before = self.seen.get(request.id, request)
            assert request.due_ts >= before.due_ts
            assert request.stage >= before.stage
            self.seen[request.id] = request

    def teardown(self) -> None:
        for _ in range(4):  # two stages, extended, and an approval that nobody collects
            self.hands.pass_(1000)
            self.run(sweep(self.gate))
        assert self.open_requests() == []
        records: list[dict[str, Any]] = self.run(self._records())
        self.run(self.stack.aclose())
        self.loop.run_until_complete(self.loop.shutdown_default_executor())
        self.loop.close()
        shutil.rmtree(self.folder)
        self.holds_of_the_whole_record(records)

    async def _records(self) -> list[dict[str, Any]]:
        await self.gate.settle(5)
        return await self.gate.store.records(0, 10**6)

    def holds_of_the_whole_record(self, records: list[dict[str, Any]]) -> None:
        assert isinstance(verify(records), Intact)
        happened: Counter[tuple[str, str]] = Counter()
        for record in records:
            if "request_id" in record:
                happened[record["request_id"], record["event"]] += 1
                if record["event"] == "request.decided" and record["data"].get("final"):
                    happened[record["request_id"], "final"] += 1
                    by_time = record["approver_id"] == "policy:timeout"
                    assert not by_time or record["risk_tags"] == ["read"], "time approved outside tier low"
        for id_ in self.seen:
            denied = self.seen[id_].status.value == "rejected"
            ended = sum(happened[id_, name] for name in ENDS) + happened[id_, "call.dispatched"] + denied
            assert ended == 1, f"{id_} ended {ended} times"
            assert happened[id_, "final"] <= 1
            assert happened[id_, "request.escalated"] <= 1
            assert happened[id_, "call.dispatched"] <= happened[id_, "final"]
        assert len(self.upstream.sent) == sum(n for (_, name), n in happened.items() if name == "call.dispatched")


async def _awaited(work: Awaitable[T]) -> T:
    return await work


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_every_request_ends_once_and_moves_once_at_most_whatever_happens_in_whatever_order() -> None:
    run_state_machine_as_test(
        Fates,
        settings=settings(
            max_examples=40, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
