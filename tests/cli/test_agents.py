"""`mcp-gate agents` as a command, against a gate on a real socket."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from support.commands import run
from support.reviewed import GROUPS, a_gate

pytestmark = pytest.mark.anyio

RULES = b"""version: v1
autonomy_levels:
  level_0: { rules: [ { match: { topics: ["*"] }, decision: require_approval } ] }
  level_1: { rules: [ { match: { topics: ["*"] }, decision: allow } ] }
  level_2: { rules: [ { match: { topics: ["*"] }, decision: allow } ] }
promotion_criteria: { min_successful_actions: 50, review_period_days: 0 }
"""
AT_1 = GROUPS.replace(b"{ owner: lee,", b"{ owner: lee, autonomy: { initial: 1 },")


async def test_without_agents_the_list_says_so(tmp_path: Path) -> None:
    async with a_gate(tmp_path) as gate:
        nobody = "No agents are known; name them in gate.yaml, or let one make a call.\n"
        assert (await run(gate, "agents", "list"))[:2] == (0, nobody)
        assert (await run(gate, "agents", "list", "--json"))[:2] == (0, '{"agents": []}\n')


async def test_without_levels_the_list_tells_who_called_and_who_is_stopped(tmp_path: Path) -> None:
    async with a_gate(tmp_path) as gate:
        for _ in range(2):
            await gate.hold()
        await run(gate, "agents", "stop", "other")
        listed = json.loads((await run(gate, "agents", "list", "--json"))[1])["agents"]
        assert [(one["id"], one["stopped"]) for one in listed] == [("claude-code", False), ("other", True)]
        assert await run(gate, "agents", "stop", "--all") == (0, "Every agent is stopped.\n", "")
        listed = json.loads((await run(gate, "agents", "list", "--json"))[1])["agents"]
        assert [(one["id"], one["stopped"]) for one in listed] == [("claude-code", True), ("other", True)]


async def test_the_list_tells_level_counts_and_what_is_lacking(tmp_path: Path) -> None:
    async with a_gate(tmp_path, settings=AT_1, rules=RULES) as gate:
        code, out, _ = await run(gate, "agents", "list")
        head, row = out.splitlines()
        assert code == 0
        assert head.split()[:6] == ["AGENT", "LEVEL", "SINCE", "DONE", "ERRORS", "VIOLATIONS"]
        assert row.split()[:2] == ["claude-code", "1"]
        assert row.endswith("0 of 50 successful actions")
        (one,) = json.loads((await run(gate, "agents", "list", "--json"))[1])["agents"]
        assert {"id", "level", "since", "counts"} <= one.keys()


async def test_S059_promote_exits_4_while_the_criteria_are_unmet(tmp_path: Path) -> None:
    async with a_gate(tmp_path, settings=AT_1, rules=RULES) as gate:
        code, out, err = await run(gate, "agents", "promote", "claude-code", "--as", "dana", "--reason", "Please")
        assert (code, out) == (4, "")
        assert "criteria_unmet: the criteria for level 2 are not met: 0 of 50 successful actions" in err
        assert gate.gate.store.agents.level("claude-code") == 1


async def test_demote_incident_and_promote_say_where_the_agent_is_then(tmp_path: Path) -> None:
    rules = RULES.replace(b"min_successful_actions: 50, ", b"")
    async with a_gate(tmp_path, settings=AT_1, rules=rules) as gate:
        said = ("--as", "dana", "--reason", "Because")
        assert await run(gate, "agents", "promote", "claude-code", *said) == (0, "claude-code is at level 2.\n", "")
        assert await run(gate, "agents", "demote", "claude-code", *said) == (0, "claude-code is at level 1.\n", "")
        code, out, _ = await run(gate, "agents", "incident", "claude-code", *said, "--json")
        assert (code, json.loads(out)["level"]) == (0, 0)
        assert (await run(gate, "agents", "promote", "ghost", *said))[0] == 1
        assert (await run(gate, "agents", "promote", "claude-code", "--as", "lee", "--reason", "Mine"))[0] == 4
        assert (await run(gate, "agents", "incident", "claude-code", "--as", "dana"))[0] == 2


async def test_promote_and_demote_need_no_reason(tmp_path: Path) -> None:
    rules = RULES.replace(b"min_successful_actions: 50, ", b"")
    async with a_gate(tmp_path, settings=AT_1, rules=rules) as gate:
        for word, level in (("promote", 2), ("demote", 1)):
            told = await run(gate, "agents", word, "claude-code", "--as", "dana")
            assert told[:2] == (0, f"claude-code is at level {level}.\n")


async def test_without_a_gate_it_exits_3(tmp_path: Path) -> None:
    async with a_gate(tmp_path) as gate:
        pass
    assert (await run(gate, "agents", "list"))[0] == 3


async def test_one_agent_or_all_are_stopped_and_resumed(tmp_path: Path) -> None:
    async with a_gate(tmp_path, settings=AT_1, rules=RULES) as gate:
        assert await run(gate, "agents", "stop", "claude-code") == (0, "claude-code is stopped.\n", "")
        (row,) = (await run(gate, "agents", "list"))[1].splitlines()[1:]
        assert row.split()[:3] == ["claude-code", "1,", "STOPPED"]
        (one,) = json.loads((await run(gate, "agents", "list", "--json"))[1])["agents"]
        assert {"id", "level", "since", "stopped", "counts"} <= one.keys()
        assert one["stopped"] is True
        assert await run(gate, "agents", "stop", "--all", "--reason", "Fire") == (0, "Every agent is stopped.\n", "")
        assert (await run(gate, "agents", "resume", "--all"))[0] == 0
        assert await run(gate, "agents", "resume", "claude-code") == (0, "claude-code is free to go on.\n", "")
        assert (await run(gate, "agents", "resume", "claude-code"))[0] == 4
        assert (await run(gate, "agents", "stop", "ghost"))[0] == 1
        assert (await run(gate, "agents", "resume", ""))[0] == 1, "nothing is not everybody"
        assert (await run(gate, "agents", "stop"))[0] == 2
        assert (await run(gate, "agents", "stop", "claude-code", "--all"))[0] == 2
