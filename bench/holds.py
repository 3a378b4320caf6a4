"""Held calls: what they cost, and what they do to the others.

    python bench/holds.py [--held 500] [--json FILE]

T19: from a decision to the call upstream. T20: memory and idle CPU of many held calls. And a stream of allowed calls
beside them: its p99 against the idle gate's.
"""

from __future__ import annotations

import argparse
import asyncio
import getpass
import json
import statistics
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from lean import Stdio
from machine import cpu_seconds, rss_mb
from targets import Start, gate_pid

from mcp_gate.faces.client import ReviewClient

HOLD = """version: v1
rules:
  - id: hold
    match: { tools: [make_text] }
    decision: require_approval
    timeout_sec: 3600
    reason: "Held by the bench"
  - id: bench
    match: { topics: ["job.bench.*"] }
    decision: allow
    reason: "Bench"
"""
SETTINGS = "hold: { wait_sec: 3000, heartbeat_sec: 10 }\n"


async def p99_ms(client: Stdio, seconds: float) -> float:
    """99th percentile of a stream of allowed calls."""
    found = []
    end = time.perf_counter() + seconds
    while (start := time.perf_counter()) < end:
        await client.raw("tools/call", {"name": "echo", "arguments": {"text": "x" * 100}})
        found.append((time.perf_counter() - start) * 1e3)
        await asyncio.sleep(0.002)
    return statistics.quantiles(found, n=100)[98]


def approve(review: ReviewClient, request: dict[str, Any]) -> float:
    """Approve one request; returns when the approval was posted (perf_counter)."""
    sent = time.perf_counter()
    review.decide(request, "approve", getpass.getuser(), "bench")
    return sent


async def pending(review: ReviewClient, count: int) -> list[dict[str, Any]]:
    """Wait until that many requests are pending, and read them all."""
    found: list[dict[str, Any]] = []
    while len(found) < count:
        await asyncio.sleep(0.1)
        found = await asyncio.to_thread(lambda: list(review.requests()))
    return found


async def run(options: argparse.Namespace) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = []

    def add(what: str, value: float, must: float) -> None:
        lines.append({"what": what, "value": value, "must": must, "met": value <= must})
        print(f"{'ok  ' if value <= must else 'MISS'} {what:60} {value:9.3f}  must <= {must}", flush=True)

    with tempfile.TemporaryDirectory(prefix="gb-") as scratch:
        async with AsyncExitStack() as stack:
            start = Start(stack, Path(scratch))
            command = start.command("gate-holds")
            directory, state = Path(scratch) / "gate-holds" / "config", Path(scratch) / "gate-holds" / "state"
            (directory / "policies" / "rules.yaml").write_text(HOLD)
            limits = f"limits: {{ pending_per_agent: {options.held + 10} }}\n"
            (directory / "gate.yaml").write_text("version: v1\n" + SETTINGS + limits)
            client = await Stdio.start(command)
            stack.push_async_callback(client.close)
            await client.initialize()
            await client.request("tools/list", {})
            gate = gate_pid(state)
            await p99_ms(client, 1.0)
            idle = await p99_ms(client, options.seconds)
            review = ReviewClient(state)
            before = rss_mb([gate])
            calls = {
                i: client.raw("tools/call", {"name": "make_text", "arguments": {"size": i}})
                for i in range(options.held)
            }
            requests = await pending(review, options.held)
            per_call = (rss_mb([gate]) - before) * 1e3 / options.held
            add(f"kB of memory per held call ({options.held} held)", per_call, 100 if options.held <= 500 else 20)
            cpu = cpu_seconds([gate])
            await asyncio.sleep(options.seconds)
            add("idle CPU with all held, percent of a core", (cpu_seconds([gate]) - cpu) / options.seconds * 100, 1.0)
            busy = await p99_ms(client, options.seconds)
            add("p99 of allowed calls beside them / idle gate's", busy / idle, 2.0)
            waits = []
            for request in requests[: options.decide]:
                sent = await asyncio.to_thread(approve, review, request)
                await calls[request["call"]["arguments"]["size"]]
                waits.append((time.perf_counter() - sent) * 1e3)
            add("decision to the answer of the released call, p95 ms", statistics.quantiles(waits, n=20)[18], 50)
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--held", type=int, default=500)
    parser.add_argument("--decide", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    lines = asyncio.run(run(options))
    if options.json:
        options.json.write_text(json.dumps(lines, indent=1))


if __name__ == "__main__":
    main()
