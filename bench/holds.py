"""Held calls: what they cost, and what they do to the others.

    python bench/holds.py [--held 500] [--streams 0] [--json FILE]

T19: from a decision to the call upstream. T20: memory and idle CPU of many held calls. And a stream of allowed calls
beside them: its p99 against the idle gate's. With --streams so many reviewers share the queue, each with an event
stream open.
"""

from __future__ import annotations

import argparse
import asyncio
import getpass
import itertools
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
EACH = 1000
"""Calls that one client has under way."""
SETTINGS = "hold: { wait_sec: 3000, heartbeat_sec: 10 }\n"
SHARED = """approval_queue_policy: { max_open_requests_per_reviewer: 40 }
fatigue_controls: { cooldown_after_approvals: 1000, sampled_second_review_rate: 0.1 }
"""


async def p99_ms(client: Stdio, seconds: float) -> float:
    """99th percentile of a stream of allowed calls."""
    found = []
    end = time.perf_counter() + seconds
    while (start := time.perf_counter()) < end:
        await client.raw("tools/call", {"name": "echo", "arguments": {"text": "x" * 100}})
        found.append((time.perf_counter() - start) * 1e3)
        await asyncio.sleep(0.002)
    return statistics.quantiles(found, n=100)[98]


def approve(review: ReviewClient, request: dict[str, Any], by: str) -> float:
    """Approve one request; returns when the approval was posted (perf_counter)."""
    sent = time.perf_counter()
    review.decide(request, "approve", by, "bench")
    return sent


async def pending(review: ReviewClient, count: int, wanted: int) -> list[dict[str, Any]]:
    """Wait until that many requests are pending, and read the first of them."""
    found = 0
    while found < count:
        await asyncio.sleep(0.2)
        found = (await asyncio.to_thread(review.get, "/v1/status"))["queue"]["open"]
    return await asyncio.to_thread(lambda: list(itertools.islice(review.requests(), wanted)))


async def opened(stack: AsyncExitStack, command: list[str]) -> Stdio:
    """One more client of the gate."""
    client = await Stdio.start(command)
    stack.push_async_callback(client.close)
    await client.initialize()
    await client.request("tools/list", {})
    return client


async def watch(state: Path, reviewer: str) -> None:
    """Have the queue before one, until cancelled."""
    reader, writer = await asyncio.open_unix_connection(str(state / "review.sock"))
    try:
        writer.write(f"GET /v1/events?as={reviewer} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        while await reader.read(65_536):
            pass
    finally:
        writer.close()


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
            people = [f"r{n:03}" for n in range(options.streams)]
            (directory / "policies" / "rules.yaml").write_text(HOLD + (SHARED if people else ""))
            limits = f"limits: {{ pending_per_agent: {min(10_000, options.held + 10)} }}\n"
            named = ", ".join(f"{name}: {{ groups: [] }}" for name in people)
            reviewers = f"reviewers: {{ {named} }}\n" if people else ""
            (directory / "gate.yaml").write_text("version: v1\n" + SETTINGS + limits + reviewers)
            client = await opened(stack, command)
            gate = gate_pid(state)
            await p99_ms(client, 1.0)
            idle = await p99_ms(client, options.seconds)
            review = ReviewClient(state, timeout=60)
            watching = [asyncio.create_task(watch(state, name)) for name in people]
            before = rss_mb([gate])
            holding = [await opened(stack, command) for _ in range(0, options.held, EACH)]
            calls = {
                i: holding[i // EACH].raw("tools/call", {"name": "make_text", "arguments": {"size": i}})
                for i in range(options.held)
            }
            requests = await pending(review, options.held, options.decide)
            per_call = (rss_mb([gate]) - before) * 1e3 / options.held
            add(f"kB of memory per held call ({options.held} held)", per_call, 100 if options.held <= 500 else 20)
            await asyncio.sleep(options.settle)
            cpu = cpu_seconds([gate])
            await asyncio.sleep(options.seconds)
            add("idle CPU with all held, percent of a core", (cpu_seconds([gate]) - cpu) / options.seconds * 100, 1.0)
            busy = await p99_ms(client, options.seconds)
            add("p99 of allowed calls beside them / idle gate's", busy / idle, 2.0)
            waits = []
            for request in requests:
                by = request.get("assigned_to") or (people[0] if people else getpass.getuser())
                sent = await asyncio.to_thread(approve, review, request, by)
                await calls[request["call"]["arguments"]["size"]]
                waits.append((time.perf_counter() - sent) * 1e3)
            add("decision to the answer of the released call, p95 ms", statistics.quantiles(waits, n=20)[18], 50)
            for one in watching:
                one.cancel()
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--held", type=int, default=500)
    parser.add_argument("--streams", type=int, default=0, help="Reviewers who watch, and share the queue.")
    parser.add_argument("--settle", type=float, default=0.0, help="Seconds to share the queue out before measuring.")
    parser.add_argument("--decide", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    lines = asyncio.run(run(options))
    if options.json:
        options.json.write_text(json.dumps(lines, indent=1))


if __name__ == "__main__":
    main()
