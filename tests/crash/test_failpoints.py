"""kill -9 at every step of a call's life: the next gate knows what happened, and nothing happens twice."""

from __future__ import annotations

import getpass
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from mcp_gate.faces.client import Problem, Unreachable
from support import failpoint
from support.approving import reviewer
from support.crashing import HELD, PATIENT, kept_its_promises, started
from support.lines import an_agent, verdict
from support.running import EVERYTHING_MAPPED, Place, place, wait_for
from support.upstreams import Probe

pytestmark = [pytest.mark.slow, pytest.mark.timeout(0)]
"""Every wait is bounded; how many there are, `--rounds` says."""

OF_ALLOWED = [p for p in failpoint.POINTS if p.split("_", 1)[1] in ("begin", "send", "finish")]
OF_TIME = [p for p in failpoint.POINTS if p.split("_", 1)[1] == "pass_time"]
OF_HELD = [p for p in failpoint.POINTS if p.split("_", 1)[1] != "begin" and p not in OF_TIME]
RUNS_LATER = {"before_open_request", "after_open_request", "before_decide", "after_decide", "before_commit",
              "after_commit", "before_claim"}  # fmt: skip
"""Killed here, the call has not been sent, and the same call made again goes on to be executed."""


def entry(probe: Probe) -> dict[str, Any]:
    program, *args = probe.command
    return {"command": program, "args": args, "prefix": "", **EVERYTHING_MAPPED}


def killed_at(point: str, where: Place, tool: str) -> list[str]:
    """Make one call of a gate that dies at a point; gives the requests that were seen before."""
    seen: list[str] = []
    gate = started(where, sys.executable, failpoint.__file__, point)
    with gate as process, an_agent(where.state) as agent:
        agent.begin(tool, n=1)
        if tool == "deploy":
            with suppress(Problem, Unreachable):
                wait_for(lambda: list(where.review().requests()), 20)
                (request,) = where.review().requests()
                seen.append(request["id"])
                where.review().decide(request, "approve", getpass.getuser(), "test")
        with suppress(OSError):
            process.wait(20)
    assert process.returncode == -signal.SIGKILL, f"{point} was not reached"
    return seen


@pytest.mark.parametrize("point", OF_ALLOWED)
def test_S228_an_allowed_call_killed_at_any_step_is_on_the_record_before_it_is_sent(
    tmp_path: Path, point: str, rounds: int
) -> None:
    for n in range(rounds):
        allowed_and_killed(Probe(tmp_path, f"probe-{n}"), point)


def allowed_and_killed(probe: Probe, point: str) -> None:
    with place({"probe": entry(probe)}, HELD, PATIENT) as where:
        killed_at(point, where, "echo")
        reached = len(probe.calls())
        assert reached <= 1
        with started(where), an_agent(where.state) as agent:
            assert len(probe.calls()) == reached, "the new gate sent it again by itself"
            assert not verdict(agent.call("echo", n=2))
        records = kept_its_promises(where, probe)
        unknown = [r for r in records if r["event"] == "call.unknown"]
        assert len(unknown) == (0 if point in ("before_begin", "after_finish") else 1)


@pytest.mark.parametrize("point", OF_HELD)
def test_S228_a_held_call_killed_at_any_step_is_executed_at_most_once(tmp_path: Path, point: str, rounds: int) -> None:
    for n in range(rounds):
        held_and_killed(Probe(tmp_path, f"probe-{n}"), point)


def held_and_killed(probe: Probe, point: str) -> None:
    with place({"probe": entry(probe)}, HELD, PATIENT) as where:
        seen = killed_at(point, where, "deploy")
        reached = len(probe.calls())
        with started(where), reviewer(where.review(), after=0.0) as who, an_agent(where.state) as agent:
            told = verdict(agent.call("deploy", n=1))
        calls = len(probe.calls())
        if point in RUNS_LATER:
            assert (reached, calls, told) == (0, 1, {})
        elif told:
            assert (told["status"], told["retry"]) == ("unknown", "never")
            assert calls == reached
        elif point == "after_delivered":  # its result was received: the same call is a new one, with its own approval
            assert (reached, calls, len(who.decided)) == (1, 2, 1)
        else:  # it ran, and the result was kept for whoever asks again
            assert (reached, calls) == (1, 1)
        if point in ("before_decide", "before_commit"):
            assert seen == [request["id"] for request in who.decided], "a pending request was lost"
        if point in ("after_decide", "after_commit", "before_claim"):
            assert who.decided == [], "a word that was written down was asked for again"
        kept_its_promises(where, probe)


TIMED = """\
version: v1
risk_tiers: {{ low: {{ risk_tags: [read], timeout_sec: 8, on_timeout: approve }} }}
rules:
  - {{ id: held, match: {{ topics: ["*"] }}, decision: require_approval{more} }}
"""


def killed_by_time(point: str, where: Place) -> str:
    """Hold one call in a gate that dies where time ends its stage; gives the request."""
    gate = started(where, sys.executable, failpoint.__file__, point)
    with gate as process, an_agent(where.state) as agent:
        agent.begin("echo", n=1)
        wait_for(lambda: list(where.review().requests()), 20)
        (request,) = where.review().requests()
        with suppress(OSError):
            process.wait(30)
    assert process.returncode == -signal.SIGKILL, f"{point} was not reached"
    return str(request["id"])


@pytest.mark.parametrize("point", OF_TIME)
def test_S114_a_gate_killed_at_an_escalation_has_made_it_or_makes_it_and_never_twice(
    tmp_path: Path, point: str
) -> None:
    probe = Probe(tmp_path)
    rules = TIMED.format(more=", timeout_sec: 3, on_timeout: escalate, escalate_to: bosses")
    with place({"probe": entry(probe)}, rules, PATIENT) as where:
        id = killed_by_time(point, where)
        before = [r["event"] for r in where.records() if r.get("request_id") == id]
        assert before == ["request.opened", *(["request.escalated"] if point == "after_pass_time" else [])]
        with started(where), an_agent(where.state) as agent:
            assert verdict(agent.call("echo", n=1))["status"] == "expired"
            assert where.review().request(id)["group"] == "bosses"
        records = kept_its_promises(where, probe)
        moves = ("request.opened", "request.escalated", "request.expired", "request.decided")
        happened = [r["event"] for r in records if r.get("request_id") == id and r["event"] in moves]
        assert happened == ["request.opened", "request.escalated", "request.expired"]
        assert probe.calls() == []


@pytest.mark.parametrize("point", OF_TIME)
def test_S114_a_gate_killed_at_an_approval_by_time_runs_the_call_once_or_not_at_all(tmp_path: Path, point: str) -> None:
    probe = Probe(tmp_path)
    with place({"probe": entry(probe)}, TIMED.format(more=""), PATIENT) as where:
        killed_by_time(point, where)
        assert probe.calls() == []
        with started(where), an_agent(where.state) as agent:
            told = verdict(agent.call("echo", n=1))
            if point == "after_pass_time":  # approved on the record: whoever asks again collects it
                assert told == {}
            else:  # its time ran out while no gate ran: nobody could have looked
                assert told["status"] == "expired"
        assert len(probe.calls()) == (1 if point == "after_pass_time" else 0)
        kept_its_promises(where, probe)
