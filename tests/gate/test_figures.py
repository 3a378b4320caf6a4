"""What is told of the queue and of its people, from the record."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from mcp_gate.cli.status import status as command
from mcp_gate.faces.tui.desk import Desk
from mcp_gate.faces.tui.topline import topline
from mcp_gate.gate import figures
from mcp_gate.gate.figures import LOOK_SEC
from mcp_gate.gate.reviewers import Session
from mcp_gate.gate.sweep import sweep
from mcp_gate.lang.times import rfc3339
from mcp_gate.model.request import Request, ReviewerDecision
from mcp_gate.review.queue import SETTLED_SEC
from support.gates import Hands
from support.reviewed import RULES, Reviewed, a_gate, raw

pytestmark = pytest.mark.anyio

PEOPLE = b"version: v1\nreviewers: { ana: { groups: [ops] }, dana: { groups: [ops] } }\n"
TARGETS = RULES + b"approval_queue_policy: { target_median_wait_sec: 60, target_p95_wait_sec: 100 }\n"


async def say(gate: Reviewed, request: Request, word: str, by: str = "dana") -> None:
    posted = ReviewerDecision(
        decision=word, approver_id=by, job_hash=request.call.job_hash, policy_snapshot=request.policy_snapshot,
        decision_ts=rfc3339(gate.gate.clock.wall()), nonce=request.id,
    )  # fmt: skip
    assert isinstance(await gate.gate.reviewing.decide(request.id, posted, Session()), Request)


async def test_a_missed_target_is_recorded_and_told_once_until_it_is_met_again(tmp_path: Path) -> None:
    hands = Hands()
    async with a_gate(tmp_path, settings=PEOPLE, rules=TARGETS, clock=hands.clock()) as gate:
        request = await gate.hold(group="ops", due=9000)
        with gate.gate.hub.subscribe() as messages:
            for seconds in (61, LOOK_SEC, 40, LOOK_SEC):
                hands.pass_(seconds)
                await sweep(gate.gate)
            await say(gate, request, "deny")
            hands.pass_(SETTLED_SEC + LOOK_SEC)
            await sweep(gate.gate)
            told = [messages.get_nowait() for _ in range(messages.qsize())]
        await gate.gate.settle(5)
        breached = await gate.records("queue.breached")
    assert [record["data"] for record in breached] == [
        {"target": "median", "count": 1, "median_sec": 61, "p95_sec": 61},
        {"target": "p95", "count": 1, "median_sec": 106, "p95_sec": 106},
    ]  # fmt: skip
    assert [message["event"] for message in told if message["event"].startswith("queue.")] == [
        "queue.breached", "queue.breached", "queue.recovered"
    ]  # fmt: skip


async def test_waits_that_ended_count_for_an_hour_those_that_expired_too_and_those_of_samples_do_not(
    tmp_path: Path,
) -> None:
    hands = Hands()
    async with a_gate(tmp_path, settings=PEOPLE, clock=hands.clock()) as gate:
        first, second = await gate.hold(group="ops", due=500), await gate.hold(group="ops", due=500)
        await gate.hold(group="ops", due=50_000, kind="sample")
        await gate.hold(group="ops", due=200)
        hands.pass_(100)
        await say(gate, first, "approve")
        hands.pass_(101)
        await sweep(gate.gate)
        found = await figures.queue(gate.gate)
        assert (found.open, found.settled, found.median_wait_sec, found.p95_wait_sec) == (1, 2, 200, 201)
        await say(gate, second, "deny")
        hands.pass_(SETTLED_SEC + 1)
        found = await figures.queue(gate.gate)
        assert (found.open, found.settled, found.median_wait_sec) == (0, 0, None)


async def test_a_person_s_decisions_take_what_passed_since_the_request_came_or_his_last_word(tmp_path: Path) -> None:
    hands = Hands()
    async with a_gate(tmp_path, settings=PEOPLE, clock=hands.clock()) as gate:
        held = [await gate.hold(group="ops", due=9000) for _ in range(4)]
        for request, seconds in zip(held, (60, 1, 1.5, 30), strict=True):
            hands.pass_(seconds)
            await say(gate, request, "deny")
        ana, dana = await figures.people(gate.gate)
        assert ana == {"id": "ana", "here": True, "open": 0, "decisions": 0}
        assert dana == {
            "id": "dana", "here": True, "open": 0, "decisions": 4, "median_decision_sec": 1.5,
            "p95_decision_sec": 60.0, "under_two_sec_share": 0.5,
        }  # fmt: skip
        hands.pass_(figures.DAY_SEC + 1)
        assert (await figures.people(gate.gate))[1]["decisions"] == 0


async def test_status_metrics_and_the_screen_tell_of_it(tmp_path: Path) -> None:
    hands = Hands()
    async with a_gate(tmp_path, settings=PEOPLE, rules=TARGETS, clock=hands.clock()) as gate:
        first = await gate.hold(group="ops", due=9000)
        await gate.hold(group="ops", due=9000)
        hands.pass_(200)
        await say(gate, first, "deny")
        status = await gate.do(gate.client.get, "/v1/status")
        _, _, metrics = await raw(gate.socket, "GET", "/metrics")
        (tmp_path / "gate").mkdir()
        where = ["--state", str(tmp_path), "--config", str(tmp_path / "gate")]
        shown = await gate.do(CliRunner().invoke, command, where)
    assert status["queue"]["breached"] == ["median", "p95"]
    assert status["gated_share_target"] == [0.05, 0.1]
    for line in (
        'mcp_gate_queue_breached{quantile="0.5"} 1.0', 'mcp_gate_queue_breached{quantile="0.95"} 1.0',
        'mcp_gate_reviewer_decisions{reviewer="dana"} 1.0', 'mcp_gate_reviewer_open_requests{reviewer="ana"} 0.0',
        'mcp_gate_reviewer_decision_seconds{quantile="0.5",reviewer="dana"} 200.0',
        'mcp_gate_reviewer_under_two_seconds_share{reviewer="dana"} 0.0',
    ):  # fmt: skip
        assert line in metrics.decode().replace('reviewer="dana",quantile="0.5"', 'quantile="0.5",reviewer="dana"')
    assert "median wait 3:20, target 1:00  BREACHED" in shown.stdout
    assert "more than the 5% to 10% that keep people attentive" in shown.stdout
    assert "dana: 0 open, 1 decision in the last day (median 3:20, p95 3:20, 0% in under two seconds)" in shown.stdout
    line = "".join(text for text, _ in topline(Desk("dana", status), hands.wall, 0, 160))
    assert "WAITS OVER TARGET" in line
