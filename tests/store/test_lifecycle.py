"""The real store driven by hypothesis, beside a model of the lifecycle in a few lines of Python."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Awaitable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from mcp_gate.evidence.chain import Intact
from mcp_gate.model.request import CallState, Request, RequestStatus
from mcp_gate.store.database import Conflict
from mcp_gate.store.results import Claimed, Closed, Joined, NotClaimed, NotOpen, Opened, TooMany
from mcp_gate.store.store import FILE_NAME, Store  # fmt: skip
from support.chains import verify
from support.stored import Hands, all_records, claim, ended, new_call, new_request, opening, said, sent, word

T = TypeVar("T")
CAP = 3


@dataclass
class Model:
    """What one held call must look like."""

    request: Request
    state: str = "pending"
    words: set[str] = field(default_factory=set)
    told: bool = False
    kept: bool = False
    sendings: int = 0

    @property
    def joinable(self) -> bool:
        open_ = self.state in ("pending", "approved") or (self.state in ("rejected", "expired") and not self.told)
        return open_ or self.state == "dispatched" or self.kept


class Lifecycle(RuleBasedStateMachine):
    jobs = Bundle("jobs")

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.folder = Path(tempfile.mkdtemp())
        self.clock = Hands()
        self.store = self.run(self._open())
        self.held: dict[str, Model] = {}
        self.failures: dict[str, int] = {}
        self.untold: set[str] = set()
        """Jobs of which a call was ended twice, until one succeeds: how often they failed is not known."""

    def run(self, work: Awaitable[T]) -> T:
        return self.loop.run_until_complete(_awaited(work))

    async def _open(self) -> Store:
        return await Store.open(self.folder / FILE_NAME, clock=self.clock)

    def latest(self, job: str) -> Model | None:
        return next((m for m in reversed(self.held.values()) if m.request.call.job_hash == job), None)

    @rule(target=jobs, job=st.sampled_from("abcde"))
    def call(self, job: str) -> str:
        call = new_call(job_hash=job, arguments={"job": job})
        request = new_request(call)
        found = self.run(self.store.requests.open(call, request, opening(request), cap=CAP))
        under_way = self.latest(job)
        pending = sum(m.state == "pending" for m in self.held.values())
        match found:
            case Joined(joined, state):
                assert under_way is not None
                assert under_way.joinable
                assert (joined.id, state.value) == (under_way.request.id, under_way.state)
            case TooMany(count):
                assert count == pending >= CAP
                assert under_way is None or not under_way.joinable
            case Opened():
                assert pending < CAP
                assert under_way is None or not under_way.joinable
                self.held[request.id] = Model(request)
        return job

    @rule(job=jobs, who=st.sampled_from(["dana", "erik"]), yes=st.booleans())
    def decide(self, job: str, who: str, yes: bool) -> None:
        model = self.latest(job)
        if model is None:
            return
        status = RequestStatus.APPROVED if yes else RequestStatus.REJECTED
        allowed = model.state == "pending" and who not in model.words
        try:
            self.run(self.store.requests.decide(model.request.id, lambda found: word(found, who, status)))
        except Conflict:
            assert not allowed
            return
        assert allowed
        model.words.add(who)
        model.state = status.value

    @rule(job=jobs, stale=st.booleans())
    def claim(self, job: str, stale: bool) -> None:
        model = self.latest(job)
        if model is None:
            return
        changes = {"snapshot": "v1:other"} if stale else {}
        match self.run(claim(self.store, model.request, **changes)):
            case Claimed():
                assert model.state == "approved"
                assert not stale
                model.state = "dispatched"
                model.sendings += 1
            case NotClaimed():
                assert model.state != "approved" or stale

    @rule(job=jobs, state=st.sampled_from(["executed", "failed", "unknown"]), keep=st.booleans(), bad=st.booleans())
    def finish(self, job: str, state: str, keep: bool, bad: bool) -> None:
        model = self.latest(job)
        if model is None:
            return
        result = b"{}" if keep else None
        allowed = model.state == "dispatched" or (model.state == "unknown" and state != "unknown")
        try:
            self.run(ended(self.store, model.request.call, CallState(state), result=result, failure=bad))
        except Conflict:
            assert not allowed
            self.failures.pop(job, None)  # the gate ends no call twice: what it remembers of that is not looked at
            self.untold.add(job)
            return
        assert allowed
        model.state, model.kept = state, keep
        failed = bad or state != "executed"
        if not failed:
            self.untold.discard(job)
        if job not in self.untold:
            self.failures[job] = self.failures.get(job, 0) + 1 if failed else 0

    @rule(job=jobs)
    def deliver(self, job: str) -> None:
        model = self.latest(job)
        if model is None:
            return
        try:
            self.run(self.store.delivered(model.request.call.id))
        except Conflict:
            assert model.state not in ("executed", "failed", "unknown")
            return
        model.kept = False
        model.state = "delivered" if model.state == "executed" else model.state

    @rule(job=jobs, status=st.sampled_from(["expired", "cancelled", "superseded"]))
    def close(self, job: str, status: str) -> None:
        model = self.latest(job)
        if model is None:
            return
        event = said(model.request.call, "request.cancelled", request_id=model.request.id)
        match self.run(self.store.requests.close(model.request.id, RequestStatus(status), [event])):
            case Closed():
                assert model.state in ("pending", "approved")
                model.state = status
            case NotOpen():
                assert model.state not in ("pending", "approved")

    @rule(job=jobs)
    def tell(self, job: str) -> None:
        model = self.latest(job)
        if model is None:
            return
        try:
            self.run(self.store.requests.consume_outcome(model.request.id))
        except Conflict:
            assert model.state not in ("rejected", "expired")
            return
        assert model.state in ("rejected", "expired")
        model.told = True

    @rule()
    def allowed_call(self) -> None:
        call = new_call()
        self.run(sent(self.store, call))
        self.run(ended(self.store, call))

    @rule()
    def restart(self) -> None:
        self.run(self.store.close())
        self.store = self.run(self._open())
        lost = {call.id for call in self.run(self.store.recover())}
        for model in self.held.values():
            assert (model.state == "dispatched") == (model.request.call.id in lost)
            if model.state == "dispatched":
                job = model.request.call.job_hash
                if job not in self.untold:
                    self.failures[job] = self.failures.get(job, 0) + 1
                model.state, model.kept = "unknown", True

    @invariant()
    def the_store_says_what_the_model_says(self) -> None:
        for model in self.held.values():
            call = self.run(self.store.call(model.request.call.id))
            assert call is not None
            assert call["state"] == model.state
            assert model.sendings <= 1
        for job, count in self.failures.items():
            assert self.store.failures("claude-code", job) == count
        waiting = {r.id for r in self.run(self.store.requests.unsettled())}
        assert waiting == {m.request.id for m in self.held.values() if m.state in ("pending", "approved")}

    def teardown(self) -> None:
        assert isinstance(verify(self.run(all_records(self.store))), Intact)
        self.run(self.store.close())
        self.loop.run_until_complete(self.loop.shutdown_default_executor())
        self.loop.close()
        shutil.rmtree(self.folder)


async def _awaited(work: Awaitable[T]) -> T:
    return await work


@pytest.mark.slow
def test_the_store_keeps_to_the_lifecycle_whatever_happens_in_whatever_order() -> None:
    run_state_machine_as_test(
        Lifecycle,
        settings=settings(
            max_examples=40, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
