"""`mcp-gate requests` and `status` as commands, against a gate on a real socket."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from support.commands import run
from support.reviewed import GROUPS, Reviewed, a_gate

pytestmark = pytest.mark.anyio

FOREIGN = {"note": "ok\u202etxt.exe\u001b[2J\nWhy it is held: allowed", "host": "p\u0430ypal.com", "amount": 2**70}


async def status_of(gate: Reviewed, request: Any) -> str:
    return str((await gate.shown(request))["status"])


async def test_an_empty_queue_is_said_in_a_sentence(tmp_path: Path) -> None:
    async with a_gate(tmp_path) as gate:
        assert await run(gate, "requests", "list") == (0, "Nothing is waiting for review.\n", "")
        assert await run(gate, "requests", "list", "--json") == (0, "", "")


async def test_the_list_shows_the_most_urgent_first(tmp_path: Path) -> None:
    async with a_gate(tmp_path) as gate:
        late = await gate.hold(due=7200)
        soon = await gate.hold(due=100)
        code, out, _ = await run(gate, "requests", "list")
        head, first, second = out.splitlines()
        assert code == 0
        assert head.split() == ["LEFT", "RISK", "REQUEST", "TOOL", "AGENT", "GROUP", "CLAIMED", "WHY"]
        assert soon.id in first
        assert late.id in second
        assert first.index("shop_refund_order") == second.index("shop_refund_order") == head.index("TOOL")
        _, out, _ = await run(gate, "requests", "list", "--json")
        assert {json.loads(line)["id"] for line in out.splitlines()} == {late.id, soon.id}
        assert (await run(gate, "requests", "list", "--group", "ops"))[1] == "Nothing is waiting for review.\n"


async def test_decided_requests_are_listed_with_all(tmp_path: Path) -> None:
    async with a_gate(tmp_path) as gate:
        request = await gate.hold()
        await gate.post(request, await gate.word(request, "deny"))
        assert (await run(gate, "requests", "list"))[1] == "Nothing is waiting for review.\n"
        _, out, _ = await run(gate, "requests", "list", "--all")
        assert out.splitlines()[1].startswith("rejected")


async def test_show_reveals_what_an_agent_wrote_and_keeps_it_off_the_start_of_lines(tmp_path: Path) -> None:
    async with a_gate(tmp_path) as gate:
        request = await gate.hold(arguments=FOREIGN)
        code, out, _ = await run(gate, "requests", "show", request.id)
        assert code == 0
        assert "⟨U+202E⟩" in out
        assert "⟨U+001B⟩" in out
        assert "\u202e" not in out
        assert "\x1b" not in out
        assert not any(line.strip().startswith("Why it is held: allowed") for line in out.splitlines())
        assert "mixes letters of several scripts" in out
        assert str(2**70) in out
        assert request.call.job_hash in out
        assert "Refunds need a person" in out
        _, out, _ = await run(gate, "requests", "show", request.id, "--json")
        assert json.loads(out)["call"]["arguments"] == FOREIGN
        assert out.isascii()


async def test_approving_without_a_terminal_needs_the_digest(tmp_path: Path) -> None:
    async with a_gate(tmp_path) as gate:
        request = await gate.hold()
        digest = request.call.job_hash.removeprefix("sha256:")[:8]
        code, out, err = await run(gate, "requests", "approve", request.id)
        assert (code, out) == (2, "")
        assert "--digest" in err
        code, _, err = await run(gate, "requests", "approve", request.id, "--digest", "00000000")
        assert code == 4
        assert digest not in err
        assert (await run(gate, "requests", "approve", request.id, "--digest", digest[:7]))[0] == 4
        assert await status_of(gate, request) == "pending"
        code, out, _ = await run(gate, "requests", "approve", request.id, "--digest", digest)
        assert (code, out) == (0, f"{request.id} is approved.\n")
        code, _, err = await run(gate, "requests", "approve", request.id, "--digest", digest)
        assert code == 4
        assert err.startswith("already_decided: ")


async def test_show_covers_what_is_personal_until_it_is_asked_for_which_is_recorded(tmp_path: Path) -> None:
    async with a_gate(tmp_path) as gate:
        request = await gate.hold(arguments={"ssn": "patient SSN 536-22-8726"})
        _, out, _ = await run(gate, "requests", "show", request.id)
        assert "536-22-8726" not in out
        assert "▒▒US_SSN▒▒" in out
        assert "--reveal" in out
        assert not await gate.records("security.revealed")
        _, out, _ = await run(gate, "requests", "show", request.id, "--reveal")
        assert "536-22-8726" in out
        assert "covered" not in out
        assert len(await gate.records("security.revealed")) == 1


async def test_a_call_is_edited_with_the_digest_of_what_was_shown(tmp_path: Path) -> None:
    async with a_gate(tmp_path) as gate:
        request = await gate.hold()
        digest = request.call.job_hash.removeprefix("sha256:")[:8]
        code, _, err = await run(gate, "requests", "edit", request.id, "--args", "[1]", "--digest", digest)
        assert (code, err) == (2, "--args: the arguments of a call are a JSON object\n")
        edit = ("requests", "edit", request.id, "--args", '{"order": "O-1", "amount": 7}')
        assert (await run(gate, *edit))[0] == 2
        code, out, _ = await run(gate, *edit, "--digest", digest)
        assert (code, out) == (0, f"{request.id} is approved.\n")
        _, out, _ = await run(gate, "requests", "show", request.id)
        assert "A reviewer changed /amount; the agent had asked for" in out
        code, out, _ = await run(gate, "requests", "escalate", (await gate.hold()).id)
        assert (code, out) == (0, "R-2 went to escalation.\n")


async def test_denying_needs_a_reason_and_passes_it_on(tmp_path: Path) -> None:
    async with a_gate(tmp_path) as gate:
        request = await gate.hold()
        assert (await run(gate, "requests", "deny", request.id))[0] == 2
        assert (await run(gate, "requests", "deny", request.id, "--reason", " "))[0] == 2
        code, out, _ = await run(gate, "requests", "deny", request.id, "--reason", "wrong order", "--json")
        assert code == 0
        assert json.loads(out)["decisions"][0]["reason"] == "wrong order"


async def test_an_unknown_id_and_a_gate_that_is_away_have_their_own_exit_codes(tmp_path: Path) -> None:
    async with a_gate(tmp_path) as gate:
        for command in (("show",), ("claim",), ("approve", "--digest", "00000000"), ("deny", "--reason", "no")):
            code, out, err = await run(gate, "requests", command[0], "R-none", *command[1:])
            assert (code, out) == (1, ""), command
            assert err == "there is no request with this id\n"
    code, _, err = await run(tmp_path, "requests", "list")
    assert code == 3
    assert "mcp-gate serve" in err
    assert (await run(tmp_path, "status"))[0] == 3


async def test_two_people_approve_under_their_own_names(tmp_path: Path) -> None:
    async with a_gate(tmp_path, settings=GROUPS) as gate:
        request = await gate.hold(needed=2)
        digest = request.call.job_hash.removeprefix("sha256:")[:8]
        approve = ("requests", "approve", request.id, "--digest", digest, "--as")
        assert (await run(gate, *approve, "sam"))[0] == 4
        code, out, _ = await run(gate, *approve, "dana")
        assert (code, "1 of 2" in out) == (0, True)
        code, _, err = await run(gate, *approve, "dana")
        assert (code, err.split(":")[0]) == (4, "second_person_needed")
        assert (await run(gate, *approve, "ana"))[0] == 0
        assert await status_of(gate, request) == "approved"


async def test_a_claim_is_shown_in_the_list(tmp_path: Path) -> None:
    async with a_gate(tmp_path, settings=GROUPS) as gate:
        request = await gate.hold()
        assert (await run(gate, "requests", "claim", request.id, "--as", "dana"))[0] == 0
        assert "dana" in (await run(gate, "requests", "list"))[1]
        code, out, err = await run(gate, "requests", "claim", request.id, "--as", "ana", "--json")
        assert (code, json.loads(out)["code"]) == (4, "claimed")
        assert "dana" in err


async def test_a_held_call_is_neither_released_nor_dropped(tmp_path: Path) -> None:
    async with a_gate(tmp_path) as gate:
        request = await gate.hold()
        digest = request.call.job_hash.removeprefix("sha256:")[:8]
        for word in ("release", "drop"):
            assert (await run(gate, "requests", word, request.id))[0] == 2
            assert (await run(gate, "requests", word, request.id, "--digest", digest))[0] == 4
        assert await status_of(gate, request) == "pending"


def on_terminal(state: Path, request_id: str, typed: bytes) -> tuple[int, str]:
    """Run `approve` on a pseudo terminal, type once it asks; exit code and what was on the screen."""
    controller, terminal = pty.openpty()
    command = [sys.executable, "-m", "mcp_gate", "requests", "approve", request_id, "--state", str(state)]
    with subprocess.Popen(command, stdin=terminal, stdout=terminal, stderr=terminal) as process:
        os.close(terminal)
        os.write(controller, b"00000000\n")  # typed ahead: must not count
        screen, asked = b"", False
        while True:
            try:
                chunk = os.read(controller, 65536)
            except OSError:
                break
            screen += chunk
            if not asked and b"goes back):" in screen:
                asked = True
                os.write(controller, typed)
        os.close(controller)
        return process.wait(10), screen.decode()


async def test_on_a_terminal_the_request_is_shown_and_its_digits_are_asked_for(tmp_path: Path) -> None:
    async with a_gate(tmp_path) as gate:
        request = await gate.hold(arguments=FOREIGN)
        digest = request.call.job_hash.removeprefix("sha256:")[:8]
        code, screen = await asyncio.to_thread(on_terminal, gate.state, request.id, b"\n")
        assert code == 1
        assert "Arguments, exactly as they will be sent" in screen
        assert "\x1b" not in screen
        code, _ = await asyncio.to_thread(on_terminal, gate.state, request.id, b"12345678\n")
        assert code == 4
        assert await status_of(gate, request) == "pending"
        code, screen = await asyncio.to_thread(on_terminal, gate.state, request.id, digest.encode() + b"\n")
        assert code == 0, screen
        assert await status_of(gate, request) == "approved"


async def test_status_reads_well_and_works_as_json(tmp_path: Path) -> None:
    async with a_gate(tmp_path, settings=GROUPS) as gate:
        _, out, _ = await run(gate, "status")
        assert "nothing is waiting for review" in out
        await gate.hold()
        code, out, _ = await run(gate, "status")
        assert code == 0
        assert "1 waiting (finance-approvers 1)" in out
        assert "median wait 0:0" in out
        _, out, _ = await run(gate, "status", "--json")
        assert json.loads(out)["gate_id"] == "g-1"


LEAN = """
import atexit, resource, sys
def tell():
    used = resource.getrusage(resource.RUSAGE_SELF)
    heavy = sorted({"mcp", "textual", "pydantic", "httpx2", "lark", "starlette", "uvicorn"} & sys.modules.keys())
    print(used.ru_utime + used.ru_stime, *heavy, file=sys.stderr)
atexit.register(tell)
from mcp_gate.__main__ import main
main()
"""


async def test_listing_requests_is_quick_and_loads_nothing_heavy(tmp_path: Path) -> None:
    async with a_gate(tmp_path) as gate:
        for _ in range(20):
            await gate.hold()
        spent = []
        for _ in range(3):
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-c", LEAN, "requests", "list", "--state", str(gate.state),
                stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            )  # fmt: skip
            out, err = await process.communicate()
            assert len(out.splitlines()) == 21
            seconds, *heavy = err.decode().split()
            assert heavy == []
            spent.append(float(seconds))
        assert min(spent) < 0.3
