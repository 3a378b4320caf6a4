"""An upstream that never answers, under a serving gate: it holds up nobody else, and does not outlive the gate."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from support.lines import an_agent, verdict
from support.running import EVERYTHING_MAPPED, place, serving, wait_for
from support.upstreams import Probe, running


def entry(probe: Probe) -> dict[str, Any]:
    program, *args = probe.command
    return {"command": program, "args": args, **EVERYTHING_MAPPED}


def test_S174_others_are_answered_cancellation_is_passed_on_and_the_stuck_child_ends_with_the_gate(
    tmp_path: Path,
) -> None:
    stuck, well = Probe(tmp_path, "stuck", call="hang", stubborn=True), Probe(tmp_path, "well")
    with place({"stuck": entry(stuck), "well": entry(well)}) as where:
        with serving(where) as process, an_agent(where.state) as agent, an_agent(where.state, "other") as other:
            wait_for(lambda: {"stuck_echo", "well_echo"} <= set(agent.tools()))
            given_up, waiting = agent.begin("stuck_echo", n=1), agent.begin("stuck_echo", n=2)
            wait_for(lambda: len(stuck.calls()) == 2)
            for client in (agent, other):
                for n in range(10):
                    assert client.call("well_echo", n=n)["structuredContent"]["arguments"] == {"n": n}
            agent.send({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": given_up}})
            wait_for(lambda: len(stuck.entries("notifications/cancelled")) == 1)
            assert not verdict(agent.call("well_echo"))
            began = time.monotonic()
            process.terminate()
            assert process.wait(15) == 0
            assert time.monotonic() - began < 12
            assert verdict(agent.answer(waiting)["result"])["status"] == "unknown"
        assert not any(running(pid) for pid in (*stuck.pids(), *well.pids()))
        ends = [r["event"] for r in where.records() if r.get("upstream") == "stuck" and r["event"].startswith("call.")]
        assert sorted(ends)[-2:] == ["call.unknown", "call.unknown"]
        assert where.run("audit", "verify").returncode == 0
