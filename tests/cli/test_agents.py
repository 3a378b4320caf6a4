"""`mcp-gate agents` as a command, against a gate on a real socket."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest

from support.reviewed import GROUPS, Reviewed, a_gate

pytestmark = pytest.mark.anyio

RULES = b"""version: v1
autonomy_levels:
  level_0: { rules: [ { match: { topics: ["*"] }, decision: require_approval } ] }
  level_1: { rules: [ { match: { topics: ["*"] }, decision: allow } ] }
  level_2: { rules: [ { match: { topics: ["*"] }, decision: allow } ] }
promotion_criteria: { min_successful_actions: 50, review_period_days: 0 }
"""
AT_1 = GROUPS.replace(b"{ owner: lee,", b"{ owner: lee, autonomy: { initial: 1 },")


async def run(gate: Reviewed, *args: str) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "mcp_gate", "agents", *args, "--state", str(gate.state), stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    out, err = await process.communicate()
    assert b"Traceback" not in err
    return process.returncode or 0, out.decode(), err.decode()


async def test_without_agents_the_list_says_so(tmp_path: Path) -> None:
    async with a_gate(tmp_path) as gate:
        nobody = "No agents are known; name them in gate.yaml, or let one make a call.\n"
        assert (await run(gate, "list"))[:2] == (0, nobody)
        assert (await run(gate, "list", "--json"))[:2] == (0, '{"agents": []}\n')


async def test_without_levels_the_list_tells_who_called_and_who_is_stopped(tmp_path: Path) -> None:
    async with a_gate(tmp_path) as gate:
        for _ in range(2):
            await gate.hold()
        await run(gate, "stop", "other")
        listed = json.loads((await run(gate, "list", "--json"))[1])["agents"]
        assert [(one["id"], one["stopped"]) for one in listed] == [("claude-code", False), ("other", True)]
        assert await run(gate, "stop", "--all") == (0, "Every agent is stopped.\n", "")
        listed = json.loads((await run(gate, "list", "--json"))[1])["agents"]
        assert [(one["id"], one["stopped"]) for one in listed] == [("claude-code", True), ("other", True)]


async def test_the_list_tells_level_counts_and_what_is_lacking(tmp_path: Path) -> None:
    async with a_gate(tmp_path, settings=AT_1, rules=RULES) as gate:
        code, out, _ = await run(gate, "list")
        head, row = out.splitlines()
        assert code == 0
        assert head.split()[:6] == ["AGENT", "LEVEL", "SINCE", "DONE", "ERRORS", "VIOLATIONS"]
        assert row.split()[:2] == ["claude-code", "1"]
        assert row.endswith("0 of 50 successful actions")
        (one,) = json.loads((await run(gate, "list", "--json"))[1])["agents"]
        assert {"id", "level", "since", "counts"} <= one.keys()


async def test_S059_promote_exits_4_while_the_criteria_are_unmet(tmp_path: Path) -> None:
    async with a_gate(tmp_path, settings=AT_1, rules=RULES) as gate:
        code, out, err = await run(gate, "promote", "claude-code", "--as", "dana", "--reason", "Please")
        assert (code, out) == (4, "")
        assert "criteria_unmet: the criteria for level 2 are not met: 0 of 50 successful actions" in err
        assert gate.gate.store.agents.level("claude-code") == 1


async def test_demote_incident_and_promote_say_where_the_agent_is_then(tmp_path: Path) -> None:
    rules = RULES.replace(b"min_successful_actions: 50, ", b"")
    async with a_gate(tmp_path, settings=AT_1, rules=rules) as gate:
        said = ("--as", "dana", "--reason", "Because")
        assert await run(gate, "promote", "claude-code", *said) == (0, "claude-code is at level 2.\n", "")
        assert await run(gate, "demote", "claude-code", *said) == (0, "claude-code is at level 1.\n", "")
        code, out, _ = await run(gate, "incident", "claude-code", *said, "--json")
        assert (code, json.loads(out)["level"]) == (0, 0)
        assert (await run(gate, "promote", "ghost", *said))[0] == 1
        assert (await run(gate, "promote", "claude-code", "--as", "lee", "--reason", "Mine"))[0] == 4
        assert (await run(gate, "incident", "claude-code", "--as", "dana"))[0] == 2


async def test_promote_and_demote_need_no_reason(tmp_path: Path) -> None:
    rules = RULES.replace(b"min_successful_actions: 50, ", b"")
    async with a_gate(tmp_path, settings=AT_1, rules=rules) as gate:
        assert (await run(gate, "promote", "claude-code", "--as", "dana"))[:2] == (0, "claude-code is at level 2.\n")
        assert (await run(gate, "demote", "claude-code", "--as", "dana"))[:2] == (0, "claude-code is at level 1.\n")


async def test_without_a_gate_it_exits_3(tmp_path: Path) -> None:
    async with a_gate(tmp_path) as gate:
        pass
    assert (await run(gate, "list"))[0] == 3


async def test_stop_and_resume_one_agent_or_all(tmp_path: Path) -> None:
    async with a_gate(tmp_path, settings=AT_1, rules=RULES) as gate:
        assert await run(gate, "stop", "claude-code") == (0, "claude-code is stopped.\n", "")
        (row,) = (await run(gate, "list"))[1].splitlines()[1:]
        assert row.split()[:3] == ["claude-code", "1,", "STOPPED"]
        (one,) = json.loads((await run(gate, "list", "--json"))[1])["agents"]
        assert {"id", "level", "since", "stopped", "counts"} <= one.keys()
        assert one["stopped"] is True
        assert await run(gate, "stop", "--all", "--reason", "Fire") == (0, "Every agent is stopped.\n", "")
        assert (await run(gate, "resume", "--all"))[0] == 0
        assert await run(gate, "resume", "claude-code") == (0, "claude-code is free to go on.\n", "")
        assert (await run(gate, "resume", "claude-code"))[0] == 4
        assert (await run(gate, "stop", "ghost"))[0] == 1
        assert (await run(gate, "resume", ""))[0] == 1, "nothing is not everybody"
        assert (await run(gate, "stop"))[0] == 2
        assert (await run(gate, "stop", "claude-code", "--all"))[0] == 2
