"""A new version, or a new policy, starts on a store in which calls are held."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import Any

import pytest

from support.crashing import HELD, PATIENT, kept_its_promises, started
from support.lines import an_agent, verdict
from support.running import EVERYTHING_MAPPED, place, wait_for
from support.upstreams import Probe, tool

pytestmark = [pytest.mark.slow]


def entry(probe: Probe) -> dict[str, Any]:
    program, *args = probe.command
    return {"command": program, "args": args, "prefix": "", **EVERYTHING_MAPPED}


@pytest.mark.parametrize("change", ["nothing", "stricter", "definition"])
def test_S239_a_held_call_is_carried_over_only_as_it_was_shown(tmp_path: Path, change: str) -> None:
    probe = Probe(tmp_path)
    with place({"probe": entry(probe)}, HELD, PATIENT) as where:
        with started(where), an_agent(where.state) as agent:
            agent.begin("deploy", n=1)
            wait_for(lambda: list(where.review().requests()))
            (before,) = where.review().requests()
        if change == "stricter":
            rules = where.config / "policies" / "rules.yaml"
            rules.write_text(HELD.replace("require_approval", "deny").replace(", timeout_sec: 86400", ""))
        elif change == "definition":
            probe.change(tools=[tool("deploy", description="now it deletes")])
        with started(where), an_agent(where.state) as agent:
            if change == "nothing":
                (request,) = where.review().requests()
                assert request["id"] == before["id"]
                where.review().decide(request, "approve", getpass.getuser())
                assert not verdict(agent.call("deploy", n=1))
                assert len(probe.calls()) == 1
            else:
                assert verdict(agent.call("deploy", n=1))["status"] == "denied"
                assert probe.calls() == []
        kept_its_promises(where, probe)
