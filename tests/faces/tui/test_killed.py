"""A screen that is killed while it says something to the gate: what it said is on record whole, or not at all."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from support.reviewed import GROUPS, a_gate

pytestmark = pytest.mark.anyio

ROUNDS = 200
SPEAKER = """
import os, signal, sys, time
from pathlib import Path
from mcp_gate.faces.client import ReviewClient
from mcp_gate.faces.tui.decision import pass_word
from mcp_gate.faces.tui.held import Held
from mcp_gate.faces.tui.sender import send
client = ReviewClient(Path(sys.argv[1]))
def speak(id):
    held = Held.of(client.request(id))
    child = os.fork()
    if child == 0:
        send(client, pass_word(held, "dana", "n-" + id, time.time(), "approve"), lambda message: None)
        os._exit(0)
    return child
def whole(id):
    child, begun = speak(id), time.monotonic()
    os.waitpid(child, 0)
    return time.monotonic() - begun
takes = max(whole(id) for id in sys.argv[2:])
print("ready", flush=True)
for line in sys.stdin:
    id, share = line.split()
    child = speak(id)
    time.sleep(takes * float(share))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    print(id, flush=True)
"""
"""What the screen says, said by a process of its own that is killed after a share of the time that it takes."""


async def test_S129_an_approval_whose_screen_is_killed_is_recorded_whole_or_not_at_all(
    tmp_path: Path, rounds: int
) -> None:
    async with a_gate(tmp_path, settings=GROUPS) as gate:
        whole = [(await gate.hold()).id for _ in range(5)]
        speaker = await asyncio.create_subprocess_exec(
            sys.executable, "-c", SPEAKER, str(gate.state), *whole, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        assert speaker.stdin is not None
        assert speaker.stdout is not None
        assert await speaker.stdout.readline() == b"ready\n"
        held = [await gate.hold() for _ in range(ROUNDS * rounds)]
        for n, request in enumerate(held):
            speaker.stdin.write(f"{request.id} {n % 40 / 30}\n".encode())
            assert (await speaker.stdout.readline()).decode().strip() == request.id
        speaker.stdin.close()
        assert await speaker.wait() == 0
        await gate.gate.settle(5)
        records = [one for one in await gate.gate.store.records(limit=9999) if one["event"] == "request.decided"]
        decided = {record["request_id"]: record for record in records}
        outcomes = set()
        for request in held:
            shown = await gate.shown(request)
            outcomes.add(shown["status"])
            if shown["status"] == "pending":
                assert (shown["decisions"], request.id in decided) == ([], False)
            else:
                (said,) = shown["decisions"]
                assert (shown["status"], said["final"]) == ("approved", True)
                assert decided[request.id]["data"]["nonce"] == said["nonce"] == f"n-{request.id}"
        assert outcomes == {"pending", "approved"}
        assert len(decided) == len(records)
