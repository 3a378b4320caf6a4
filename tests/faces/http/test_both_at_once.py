"""Approve against deny at the same moment, said by two processes over the socket."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from support.reviewed import GROUPS, Reviewed, a_gate

pytestmark = pytest.mark.anyio

ROUNDS = 200
SPEAKER = """
import json, sys, time
from pathlib import Path
from mcp_gate.faces.client import Problem, ReviewClient
word, who = sys.argv[2:]
client = ReviewClient(Path(sys.argv[1]))
shown = {request["id"]: request for request in client.requests()}
print("ready", flush=True)
for line in sys.stdin:
    id, at = line.split()
    while time.monotonic() < float(at):
        pass
    try:
        said = client.decide(shown[id], word, who, "no" if word == "deny" else None)
        print(json.dumps([200, said["status"]]), flush=True)
    except Problem as refused:
        print(json.dumps([refused.status, refused.code]), flush=True)
"""


async def speaking(gate: Reviewed, word: str, who: str) -> asyncio.subprocess.Process:
    speaker = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SPEAKER, str(gate.state), word, who, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert speaker.stdout is not None
    assert await speaker.stdout.readline() == b"ready\n"
    return speaker


async def answer(speaker: asyncio.subprocess.Process) -> list[Any]:
    assert speaker.stdout is not None
    found: list[Any] = json.loads(await speaker.stdout.readline())
    return found


async def test_of_approve_and_deny_at_the_same_moment_one_wins_and_both_are_on_record(tmp_path: Path) -> None:
    async with a_gate(tmp_path, settings=GROUPS) as gate:
        held = [await gate.hold() for _ in range(ROUNDS)]
        speakers = [await speaking(gate, "approve", "dana"), await speaking(gate, "deny", "ana")]
        won = {"approved": 0, "rejected": 0}
        for n, request in enumerate(held):
            at = time.monotonic() + 0.001
            for which, speaker in enumerate(speakers):
                assert speaker.stdin is not None
                late = 0.0002 * (n % 3) * (which == n % 2)  # who comes first is not always the same
                speaker.stdin.write(f"{request.id} {at + late}\n".encode())
            answers = [await answer(speaker) for speaker in speakers]
            (status,) = [what for code, what in answers if code == 200]
            assert [409, "already_decided"] in answers
            assert status == ("approved", "rejected")[[code for code, _ in answers].index(200)]
            won[status] += 1
        for speaker in speakers:
            assert speaker.stdin is not None
            speaker.stdin.close()
            assert await speaker.wait() == 0
        assert min(won.values()) > 0, won
        records = await gate.gate.store.records(limit=10 * ROUNDS)
        for request in held:
            found = await gate.gate.store.requests.find(request.id)
            assert found is not None
            mine = [one for one in records if one.get("request_id") == request.id and "approver_id" in one]
            decided, refused = sorted(mine, key=lambda one: one["event"])
            (said,) = found.decisions
            assert (decided["event"], refused["event"]) == ("request.decided", "request.refused")
            assert said.final
            assert (said.approver_id, said.decision) == (decided["approver_id"], decided["data"]["decision"])
            assert refused["data"]["code"] == "already_decided"
            assert {decided["approver_id"], refused["approver_id"]} == {"dana", "ana"}
