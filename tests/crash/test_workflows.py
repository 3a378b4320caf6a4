"""kill -9 of a gate in the middle of a workflow: the next one goes on, and repeats nothing."""

from __future__ import annotations

import getpass
import json
from pathlib import Path
from typing import Any

from support.directories import SEED
from support.lines import an_agent
from support.running import Place, place, serving, wait_for
from support.upstreams import Probe

TOOLS = {
    "get_order": {"topic": "job.support.analyze-refund", "risk_tags": ["read"]},
    "refund_order": {"topic": "job.support.process-refund", "risk_tags": ["write"]},
}
NAME = "workflow_customer-refund"


def flow(probe: Probe, where: Place) -> None:
    (where.config / "policies" / "flow.yaml").write_text((SEED / "customer-refund.yaml").read_text())


def upstream(probe: Probe) -> dict[str, Any]:
    program, *args = probe.command
    return {"shop": {"command": program, "args": args, "tools": TOOLS}}


def result(amount: int) -> dict[str, Any]:
    told = {"amount": amount, "prior_refunds": 0}
    return {"content": [{"type": "text", "text": json.dumps(told)}], "structuredContent": told}


def tools(probe: Probe) -> list[str]:
    return [call["name"] for call in probe.calls()]


def test_a_run_goes_on_after_kill_9_without_repeating_a_step(tmp_path: Path) -> None:
    probe = Probe(tmp_path, result=result(500))
    with place(upstream(probe)) as where:
        flow(probe, where)
        with serving(where) as process, an_agent(where.state) as agent:
            agent.begin(NAME, order="O-1")
            (before,) = wait_for(lambda: list(where.review().requests()))
            process.kill()
            process.wait()
        with serving(where) as process:
            (after,) = wait_for(lambda: list(where.review().requests()))
            assert after["id"] == before["id"]
            where.review().decide(after, "approve", getpass.getuser())
            wait_for(lambda: len(probe.calls()) == 2)  # nobody waits for it, and it goes on
            with an_agent(where.state) as agent:
                assert agent.call(NAME, order="O-1")["structuredContent"]["amount"] == 500
            assert tools(probe) == ["get_order", "refund_order"]
            probe.change(result=result(5), call={"refund_order": "hang", "*": "answer"})
            with an_agent(where.state) as agent:
                agent.begin(NAME, order="O-2")
                wait_for(lambda: len(probe.calls()) == 4)
                process.kill()
                process.wait()
        with serving(where), an_agent(where.state) as agent:
            lost = agent.call(NAME, order="O-2")
            assert lost["_meta"]["dev.mcp-gate/verdict"]["status"] == "unknown"
            assert tools(probe) == ["get_order", "refund_order"] * 2  # what was sent is not sent again
        assert where.run("audit", "verify").returncode == 0
