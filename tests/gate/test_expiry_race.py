"""An approval against the deadline."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import pytest

from mcp_gate.gate.reviewers import Session, operator
from mcp_gate.gate.sweep import sweep
from mcp_gate.lang.times import rfc3339
from mcp_gate.model.request import Request, RequestStatus, ReviewerDecision
from support.gates import Hands
from support.reviewed import a_gate

pytestmark = [pytest.mark.anyio, pytest.mark.slow, pytest.mark.timeout(120)]


async def test_S088_of_an_approval_and_the_deadline_exactly_one_counts(tmp_path: Path) -> None:
    hands, rng = Hands(), random.Random(1)
    async with a_gate(tmp_path, clock=hands.clock()) as b:
        gate, outcomes = b.gate, {RequestStatus.APPROVED: 0, RequestStatus.EXPIRED: 0}
        for trial in range(2000):
            request = await b.hold(due=10)
            word = ReviewerDecision(
                decision="approve", approver_id=operator(), job_hash=request.call.job_hash, nonce=f"n-{trial}",
                policy_snapshot=request.policy_snapshot, decision_ts=rfc3339(gate.clock.wall()),
            )  # fmt: skip
            hands.pass_(10 + rng.choice((-0.001, 0, 0.001, rng.uniform(-1, 1))))
            late = rng.choice((0, 0.002))
            race = [gate.reviewing.decide(request.id, word, Session()), passing(hands, late, sweep(gate))]
            rng.shuffle(race)
            answers = await asyncio.gather(*race)
            hands.pass_(1)  # whatever happens later changes nothing
            found = await gate.store.requests.find(request.id)
            assert found is not None
            accepted = any(isinstance(answer, Request) for answer in answers)
            if found.status is RequestStatus.PENDING:  # refused as too late, and the sweep looked too early
                assert not accepted
                await sweep(gate)
                found = await gate.store.requests.find(request.id)
                assert found is not None
            assert found.status is (RequestStatus.APPROVED if accepted else RequestStatus.EXPIRED)
            assert len(found.decisions) == accepted
            outcomes[found.status] += 1
            gate.queue.deadlines.take(float("inf"))
        assert min(outcomes.values()) > 200, outcomes


async def passing(hands: Hands, seconds: float, then: object) -> object:
    hands.pass_(seconds)
    return await then  # type: ignore[misc]
