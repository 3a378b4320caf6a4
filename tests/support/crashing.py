"""Gates that end badly, and what must hold of their record all the same."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from support.running import Place, answers, end, wait_for
from support.upstreams import Probe

HELD = """\
version: v1
rules:
  - { id: held, match: { topics: ["job.deploy"] }, decision: require_approval, reason: "A person", timeout_sec: 86400 }
  - { id: all, match: { topics: ["*"] }, decision: allow }
"""
PATIENT = "hold: { wait_sec: 600, heartbeat_sec: 10 }\nlimits: { pending_per_agent: 1000 }\n"
ENDS = ("call.executed", "call.failed", "call.unknown")


@contextmanager
def started(where: Place, *command: str) -> Iterator[subprocess.Popen[bytes]]:
    """A command that serves; `serve` itself where none is given. It is ended in order, if it still runs."""
    line = [*(command or (sys.executable, "-m", "mcp_gate")), "serve", *where.arguments]
    with (where.config.parent / "serve.log").open("ab") as err:
        process = subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=err)
    try:
        wait_for(lambda: answers(where) or process.poll() is not None)
        yield process
    finally:
        end(process)


def kept_its_promises(where: Place, probe: Probe) -> list[dict[str, Any]]:
    """Assert what must hold after any crash and a restart; gives the whole record.

    No call reached the upstream without an earlier record of exactly these bytes, no approval was used twice, nothing
    dispatched lacks its one end, and the chain verifies.
    """
    done = where.run("audit", "verify")
    assert done.returncode == 0, done.stdout + done.stderr
    records = where.records()
    dispatched = Counter(r["tool"] for r in records if r["event"] == "call.dispatched")
    for tool, times in Counter(call["name"] for call in probe.calls()).items():
        assert times <= dispatched[tool], f"{tool} reached the upstream {times} times"
    used = Counter(r["request_id"] for r in records if r["event"] == "call.dispatched" and r.get("request_id"))
    assert all(times == 1 for times in used.values()), used
    sent = {r["call_id"] for r in records if r["event"] == "call.dispatched"}
    ends = Counter(r["call_id"] for r in records if r["event"] in ENDS)
    assert {call for call in sent if ends[call] != 1} == set()
    decided = [r["call_id"] for r in records if r["event"] == "call.decided"]
    assert sent <= set(decided)
    return records
