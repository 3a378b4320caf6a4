"""Many calls held at once, and too little of everything."""

from __future__ import annotations

import asyncio
import getpass
import socket
import statistics
import sys
import time
from collections import Counter
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest

from mcp_gate.gate.sweep import sweep
from mcp_gate.model.outcome import Delivered, Outcome, Refused, Status
from mcp_gate.model.request import Request, RequestStatus
from support.crashing import HELD, PATIENT, kept_its_promises, started
from support.gates import Hands, Upstream, decide, job, open_gate, perform
from support.lines import an_agent, verdict
from support.running import EVERYTHING_MAPPED, place, serving
from support.upstreams import Probe

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]


def entry(probe: Probe) -> dict[str, Any]:
    program, *args = probe.command
    return {"command": program, "args": args, "prefix": "", **EVERYTHING_MAPPED}


def test_S233_a_thousand_held_calls_approved_together_are_each_executed_once(tmp_path: Path) -> None:
    probe = Probe(tmp_path)
    with place({"probe": entry(probe)}, HELD, PATIENT) as where, serving(where), ExitStack() as stack:
        agents = [stack.enter_context(an_agent(where.state, f"a{k}", seconds=60)) for k in range(5)]
        made = [(k, n) for n in range(200) for k in range(5)]
        for k, n in made:
            agents[k].begin("deploy", k=k, n=n)
        review = where.review()
        deadline = time.monotonic() + 60
        while len(requests := list(review.requests())) < 1000:
            assert time.monotonic() < deadline
            time.sleep(0.2)
        assert probe.calls() == []
        for request in requests:
            review.decide(request, "approve", getpass.getuser(), "test")
        for agent in agents:
            answers = [agent.read() for _ in range(200)]
            assert not any("error" in answer or "isError" in answer["result"] for answer in answers)
        reached = Counter((c["arguments"]["k"], c["arguments"]["n"]) for c in probe.calls())
        assert reached == Counter(made)
        free = []
        for n in range(100):
            began = time.monotonic()
            assert not verdict(agents[0].call("echo", n=n))
            free.append(time.monotonic() - began)
        assert statistics.median(free) < 0.1


MANY = "limits: { pending_per_agent: 10000 }\nhold: { wait_sec: 600 }\n"
"""Clients that wait as long as it takes, on however slow a machine."""


@pytest.mark.anyio
async def test_S234_thousands_pending_end_each_as_it_was_decided(tmp_path: Path, rounds: int) -> None:
    hands, upstream, many = Hands(), Upstream(), 2_500 * rounds  # four rounds are the ten thousand of the case
    async with open_gate(tmp_path, settings=MANY, hands=hands) as gate:
        calls = [
            asyncio.create_task(perform(gate, job("refund", {"n": n}), upstream, session=f"s-{n % 500}"))
            for n in range(many)
        ]
        found: list[Request] = []
        while len(found) < many:
            await asyncio.sleep(1)
            found = await gate.store.requests.page(RequestStatus.PENDING, limit=many)
        requests = {request.call.arguments["n"]: request for request in found}
        approved, denied = range(0, many, 3), range(1, many, 3)
        await asyncio.gather(*(decide(gate, requests[n]) for n in approved))
        await asyncio.gather(*(decide(gate, requests[n], "deny") for n in denied))
        await asyncio.gather(*(calls[n] for n in (*approved, *denied)))
        hands.pass_(100_000)
        await sweep(gate)
        outcomes = await asyncio.gather(*calls)
        for n, outcome in enumerate(outcomes):
            assert told(outcome) == ("delivered", "rejected", "expired")[n % 3]
        assert sorted(one["n"] for one in upstream.sent) == [*approved]
        assert await gate.store.requests.page(RequestStatus.PENDING) == []


def told(outcome: Outcome) -> str:
    match outcome:
        case Delivered():
            return "delivered"
        case Refused(status=Status() as status):
            return status.value
        case _:
            return type(outcome).__name__


@pytest.mark.parametrize("limits", ["ulimit -n 64", "ulimit -v 262144", "ulimit -n 64; ulimit -v 262144"])
def test_S235_with_too_few_files_or_too_little_memory_nothing_runs_unrecorded(tmp_path: Path, limits: str) -> None:
    probe = Probe(tmp_path)
    poor = ["/bin/sh", "-c", f'{limits}; exec "$@"', "sh", sys.executable, "-m", "mcp_gate"]
    with place({"probe": entry(probe)}, HELD, PATIENT) as where:
        with started(where, *poor) as process, ExitStack() as stack:
            first = stack.enter_context(an_agent(where.state, "first"))
            assert not verdict(first.call("echo", n=0))
            for k in range(100):  # more than it can have
                other = stack.enter_context(socket.socket(socket.AF_UNIX))
                other.settimeout(5)
                if other.connect_ex(str(where.state / "agent.sock")) == 0:
                    with suppress(BrokenPipeError):  # it may have let go of it at once
                        other.sendall(b'{"hello":1,"agent":"a%d"}\n' % k)
            for n in range(5):
                told = verdict(first.call("echo", n=n, blob="x" * 200_000))
                # Withheld where the process that looks at large results cannot be started.
                assert told.get("status") in (None, "unavailable", "failed", "quarantined")
            assert process.poll() is None
        with started(where), an_agent(where.state) as agent:
            assert not verdict(agent.call("echo", n=-1))
        kept_its_promises(where, probe)
