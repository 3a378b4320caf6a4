"""Sandboxes over the whole product: a served upstream that tries to reach elsewhere, and machines without sandboxes."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from mcp_gate.gate.network import Refusals
from support import roamer
from support.gates import Hands, open_gate
from support.lines import Agent, an_agent, verdict
from support.network import listening, needs_sandbox
from support.running import EVERYTHING_MAPPED, Place, place, serving, wait_for

LISTS = (
    "version: v1\nrules:\n"
    "  - {{ id: some, match: {{ topics: ['*'] }}, decision: allow_with_constraints, "
    "constraints: {{ network_allowlist: [{hosts}] }} }}\n"
)


def entry(**sandbox: str) -> dict[str, Any]:
    return {
        "command": sys.executable, "args": ["-I", roamer.__file__], **EVERYTHING_MAPPED,
        **({"sandbox": sandbox} if sandbox else {}),
    }  # fmt: skip


@contextmanager
def served(hosts: str) -> Iterator[Place]:
    upstreams = {"roamer": entry(network="allowlist")}
    with place(upstreams, LISTS.format(hosts=hosts)) as where, serving(where):
        yield where


def went(agent: Agent, how: str, **what: Any) -> str:
    """What came of it."""
    result = agent.call("roamer_go", how=how, **what)
    return str(verdict(result).get("status") or result["content"][0]["text"])


def went_unseen(agent: Agent, how: str, **what: Any) -> str:
    """What came of it, where the check of the arguments sees nothing."""
    return went(agent, "hidden", what=json.dumps({"how": how, **what}).encode().hex())


@needs_sandbox
def test_a_process_reaches_the_listed_hosts_alone_and_the_record_tells_of_the_rest() -> None:
    with listening() as server, listening("127.0.0.2") as elsewhere, served("127.0.0.1") as where:
        with an_agent(where.state) as agent:
            assert went(agent, "fetch", url=f"{server.url}/x") == "I am 127.0.0.1\n"
            assert went(agent, "fetch", url=elsewhere.url) == "denied", "the arguments name it"
            assert went_unseen(agent, "fetch", url=elsewhere.url) == "HTTPError: HTTP Error 403: Forbidden"
            said = went_unseen(agent, "dial", host="127.0.0.2", port=elsewhere.port, say="x")
            assert said == "ConnectionRefusedError: [Errno 111] Connection refused"
        assert elsewhere.heard == []
        (refused,) = [r for r in where.records() if r["event"] == "security.egress_refused"]
        assert refused["upstream"] == "roamer"
        assert refused["data"] == {
            "host": "127.0.0.2", "port": elsewhere.port, "why": "it is not on the allowlist",
        }  # fmt: skip
        shown = json.loads(where.run("upstreams", "list", "--json").stdout)
        assert shown["sandbox"] == "enforced"


@needs_sandbox
def test_a_changed_list_is_in_force_for_the_running_process() -> None:
    with listening() as server, served("127.0.0.1") as where, an_agent(where.state) as agent:
        assert went_unseen(agent, "fetch", url=server.url) == "I am 127.0.0.1\n"
        pid = went(agent, "look")
        for hosts, said in (("a.example", "HTTPError: HTTP Error 403: Forbidden"), ("127.0.0.1", "I am 127.0.0.1\n")):
            (where.config / "policies" / "rules.yaml").write_text(LISTS.format(hosts=hosts))
            wait_for(lambda said=said: went_unseen(agent, "fetch", url=server.url) == said)
        assert went(agent, "look") == pid, "it is the same process"


@needs_sandbox
def test_a_gate_that_is_killed_takes_its_sandboxes_along(tmp_path: Path) -> None:
    program = tmp_path / "roamer.py"
    shutil.copy(roamer.__file__, program)
    held = {**entry(network="allowlist"), "args": ["-I", str(program)]}

    def inside() -> list[str]:
        found = (path / "cmdline" for path in Path("/proc").iterdir() if path.name.isdigit())
        return [str(path) for path in found if str(program).encode() in read(path)]

    with place({"roamer": held}, LISTS.format(hosts="a.example")) as where, serving(where) as process:
        with an_agent(where.state) as agent:
            went(agent, "look")
            assert len(inside()) >= 3, "bubblewrap twice, and the server"
            process.kill()
        wait_for(lambda: not inside())


def read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


# ---- S077: what a machine can do, and what is told of it


def no_bwrap(tmp_path: Path) -> dict[str, str]:
    return {**os.environ, "PATH": str(tmp_path)}


def test_S077_a_machine_that_cannot_hold_a_process_refuses_to_start(tmp_path: Path) -> None:
    with place({"roamer": entry(network="allowlist")}, LISTS.format(hosts="a.example")) as where:
        for command in (("serve",), ("policy", "check")):
            done = where.run(*command, env=no_bwrap(tmp_path))
            assert done.returncode == 2
            line = (where.config / "upstreams.yaml").read_text()
            column = line.index('{"network"') + 1
            assert f"upstreams.yaml:1:{column}: 'roamer' cannot be held in a sandbox: bubblewrap (bwrap) is not " in (
                done.stderr
            )
            assert "enforcement: advisory" in done.stderr
        assert not (where.state / "agent.sock").exists()
        explained = where.run("policy", "explain", "roamer_go", "--args", "{}", env=no_bwrap(tmp_path))
        assert explained.returncode == 0, "it serves nothing"


def test_S077_an_advised_sandbox_is_done_without_recorded_and_shown(tmp_path: Path) -> None:
    advised = {"roamer": entry(network="allowlist", enforcement="advisory")}
    with (
        listening("127.0.0.2") as elsewhere,
        place(advised, LISTS.format(hosts="a.example")) as where,
        serving(where, PATH=str(tmp_path)),
        an_agent(where.state) as agent,
    ):
        assert went(agent, "dial", host="127.0.0.2", port=elsewhere.port, say="x") == "denied", "arguments are checked"
        why = "missing: bubblewrap (bwrap) is not installed"
        assert json.loads(where.run("upstreams", "list", "--json").stdout)["sandbox"] == why
        assert f"its sandbox is {why}" in where.run("upstreams", "list").stdout
        assert "'roamer' runs without its sandbox: bubblewrap (bwrap) is not installed" in where.run("status").stdout
        (event,) = [r for r in where.records() if r["event"] == "security.sandbox_missing"]
        assert (event["upstream"], event["data"]) == ("roamer", {"why": "bubblewrap (bwrap) is not installed"})


@needs_sandbox
def test_S077_only_where_arguments_alone_are_checked_there_is_a_warning() -> None:
    upstreams = {"open": entry(), "held": entry(network="allowlist"), "away": {"url": "https://a.example/mcp"}}
    with place(upstreams, LISTS.format(hosts="a.example")) as where:
        told = json.loads(where.run("policy", "check", "--json").stdout)
        assert [(one["file"], one["message"]) for one in told["warnings"]] == [
            ("policies/rules.yaml", "only hosts in arguments are checked, not what 'open', 'away' connects to")
        ]
    with place({"held": entry(network="allowlist")}, LISTS.format(hosts="a.example")) as where:
        assert json.loads(where.run("policy", "check", "--json").stdout)["warnings"] == []


# ---- the record


@pytest.mark.anyio
async def test_a_flood_of_refusals_does_not_fill_the_record(tmp_path: Path) -> None:
    hands = Hands()
    async with open_gate(tmp_path, hands=hands) as gate:
        refusals = Refusals(gate)
        for port in range(1, 1001):
            refusals.note("shop", "evil\u202e" * 1000, port, "no")
        hands.pass_(1)
        refusals.note("shop", "evil", 1, "no")
        await gate.settle(5)
        found = [r["data"] for r in await gate.store.records() if r["event"] == "security.egress_refused"]
        assert [one["port"] for one in found] == [1, 2, 3, 4, 5, 1]
        assert found[-1]["unrecorded_before"] == 995
        assert "⟨U+202E⟩" in found[0]["host"]
