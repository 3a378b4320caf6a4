"""`max_runtime_sec` over the whole product: real upstreams that heed a cancellation, and one that does not."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mcp_gate.upstream.link import GRACE_SEC
from support.lines import an_agent, verdict
from support.running import EVERYTHING_MAPPED, Place, place, serving, wait_for
from support.upstreams import Probe, running

SHORT = "constraints: { max_runtime_sec: 1 }"
RULES = (
    "version: v1\nrules:\n"
    f"  - {{ id: deploys, match: {{ topics: [job.deploy] }}, decision: require_approval, {SHORT} }}\n"
    f"  - {{ id: refunds, match: {{ topics: [job.refund_order] }}, decision: allow_with_constraints, {SHORT} }}\n"
    "  - { id: all, match: { topics: ['*'] }, decision: allow }\n"
)


def entry(probe: Probe) -> dict[str, Any]:
    program, *args = probe.command
    return {"command": program, "args": args, **EVERYTHING_MAPPED}


@contextmanager
def served(*probes: Probe) -> Iterator[Place]:
    with place({probe.log.stem: entry(probe) for probe in probes}, RULES) as where, serving(where):
        yield where


def test_a_call_that_takes_too_long_fails_and_its_upstream_is_told(tmp_path: Path) -> None:
    probe = Probe(tmp_path, call={"refund_order": "hang"})
    with served(probe) as where, an_agent(where.state) as agent:
        agent.call("probe_echo")
        before = probe.pids()
        began = time.monotonic()
        told = verdict(agent.call("probe_refund_order"))
        assert 1 <= time.monotonic() - began < 3
        assert (told["status"], told["rule_id"], told["retry"]) == ("failed", "refunds", "never")
        wait_for(lambda: probe.entries("notifications/cancelled"))
        time.sleep(GRACE_SEC + 0.5)
        assert not verdict(agent.call("probe_echo"))
        assert probe.pids() == before, "it heeded the cancellation"
        (failed,) = [r for r in where.records() if r["event"] == "call.failed"]
        assert failed["data"] == {"sent": True, "error": "max_runtime_sec"}


def test_a_task_that_an_upstream_goes_on_with_is_ended_when_the_calls_time_is_up(tmp_path: Path) -> None:
    probe = Probe(tmp_path, call={"refund_order": "task", "get_order": "task"})
    with served(probe) as where, an_agent(where.state) as agent:
        agent.call("probe_get_order")
        began = time.monotonic()
        assert agent.call("probe_refund_order")["task"]["status"] == "working"
        assert time.monotonic() - began < 1
        wait_for(lambda: probe.entries("tasks/cancel"))
        assert time.monotonic() - began >= 1
        time.sleep(1)
        (ended,) = probe.entries("tasks/cancel")
        assert '"taskId":"t-1"' in ended["line"]


def test_a_stubborn_upstream_is_ended_and_comes_back_while_others_go_on(tmp_path: Path) -> None:
    stubborn = Probe(tmp_path, call={"get_order": "hang"}, stubborn=True)
    other = Probe(tmp_path, "other")
    with served(stubborn, other) as where, an_agent(where.state) as agent:
        agent.call("probe_echo")
        stubborn.change(delay=600)
        waiting = agent.begin("probe_get_order")
        wait_for(lambda: len(stubborn.calls()) == 2)
        slow = agent.begin("probe_refund_order")
        assert verdict(agent.answer(slow)["result"])["status"] == "failed"
        assert not verdict(agent.call("other_echo")), "another upstream is not disturbed"
        (busy,) = {one["pid"] for one in stubborn.calls() if one["name"] == "refund_order"}
        lost = verdict(agent.answer(waiting)["result"])
        assert (lost["status"], lost["retry"]) == ("unknown", "never")
        assert not verdict(agent.call("other_echo"))
        wait_for(lambda: not running(busy))
        stubborn.change(delay=0)
        wait_for(lambda: not verdict(agent.call("probe_echo")))
        assert stubborn.calls()[-1]["pid"] != busy
        events = [r["event"] for r in where.records()]
        assert (events.count("call.failed"), events.count("call.unknown")) == (1, 1)


def test_the_time_that_a_person_takes_does_not_count_and_the_limit_binds_what_was_approved(tmp_path: Path) -> None:
    probe = Probe(tmp_path)
    with served(probe) as where, an_agent(where.state) as agent:
        for n, status in ((1, None), (2, "failed")):
            held = agent.begin("probe_deploy", n=n)
            (request,) = wait_for(lambda: list(where.review().requests(status="pending")))
            time.sleep(1.5)
            digest = request["call"]["job_hash"].removeprefix("sha256:")[:8]
            done = where.run("requests", "approve", request["id"], "--digest", digest)
            assert done.returncode == 0, done.stderr
            assert verdict(agent.answer(held)["result"]).get("status") == status
            probe.change(call={"deploy": "hang"})
    assert [call["arguments"] for call in probe.calls()] == [{"n": 1}, {"n": 2}]
