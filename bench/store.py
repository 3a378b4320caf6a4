"""The store alone: allowed calls through it, by how many callers wait at once.

    python bench/store.py [--seconds 2] [--json FILE]

One call is what an allowed call costs the store: decision and intent in one durable transaction that its caller waits
for, the outcome riding along later; four chained records. Beside it the machine's own price of durability: appending
500 bytes and fdatasync.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import statistics
import tempfile
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from machine import fdatasync_ms

from mcp_gate.evidence.hashes import job_hash
from mcp_gate.evidence.record import members
from mcp_gate.lang.times import rfc3339
from mcp_gate.model.call import Call
from mcp_gate.model.event import Event
from mcp_gate.model.foreign import JsonObject
from mcp_gate.model.request import CallState
from mcp_gate.store.store import Store

CALLERS = (1, 8, 64, 256)
RECORDS = 4
SNAPSHOT = "v1:0123456789ab"
TOOL_HASH = "sha256:" + "0" * 64
VERDICT: JsonObject = {"decision": "allow", "rule_id": "reads", "rule_ids": ["reads"], "policy_snapshot": SNAPSHOT}


@dataclass(frozen=True)
class Line:
    """One row of the table; times in milliseconds."""

    callers: int
    calls_per_s: float
    records_per_s: float
    p50_ms: float
    p99_ms: float
    calls_per_commit: float
    fdatasync_ms: float


def pattern() -> Call:
    arguments: JsonObject = {"order": "O-1", "text": "x" * 100}
    tags = ("read",)
    return Call(
        id="", ts=rfc3339(time.time()), agent="bench", session="s-bench", upstream="shop", method="tools/call",
        tool="get_order", listed_name="shop_get_order", topic="job.support.read", risk_tags=tags, arguments=arguments,
        attributes={}, tool_hash=TOOL_HASH,
        job_hash=job_hash("bench", "shop", "get_order", TOOL_HASH, "job.support.read", tags, arguments),
    )  # fmt: skip


async def one_call(store: Store, call: Call) -> None:
    said = members(call, SNAPSHOT)
    before = [
        Event("call.received", said, {"session": call.session, "method": call.method}),
        Event("call.decided", {**said, "decision": "allow", "rule_ids": ["reads"]}, {"constraints": {}, "tier": "low"}),
        Event("call.dispatched", said, {"bytes_sha256": call.job_hash, "tool_hash": TOOL_HASH}),
    ]
    await store.begin(call, VERDICT, CallState.DISPATCHED, before, SNAPSHOT)
    after = [Event("call.executed", said, {"is_error": False})]
    store.finish(call, CallState.EXECUTED, after, lazy=True)


async def measure(callers: int, seconds: float) -> Line:
    with tempfile.TemporaryDirectory() as folder:
        store = await Store.open(Path(folder) / "gate.db", clock=time.time)
        waits: list[float] = []
        numbers = itertools.count()
        base = pattern()
        end = time.perf_counter() + seconds

        async def caller() -> None:
            while (start := time.perf_counter()) < end:
                await one_call(store, replace(base, id=f"c-{next(numbers):020x}"))
                waits.append((time.perf_counter() - start) * 1e3)

        start = time.perf_counter()
        await asyncio.gather(*(caller() for _ in range(callers)))
        took = time.perf_counter() - start
        grouped = len(waits) / max(1, store.commits)
        await store.close()
        probe = fdatasync_ms(folder)
    rate = len(waits) / took
    p99 = statistics.quantiles(waits, n=100)[98]
    return Line(callers, rate, rate * RECORDS, statistics.median(waits), p99, grouped, probe)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    print("callers   calls/s  records/s   p50 ms   p99 ms  calls/commit  fdatasync ms")
    lines = []
    for callers in CALLERS:
        line = asyncio.run(measure(callers, options.seconds))
        lines.append(asdict(line))
        print(
            f"{line.callers:>7} {line.calls_per_s:>9,.0f} {line.records_per_s:>10,.0f} {line.p50_ms:>8.2f} "
            f"{line.p99_ms:>8.2f} {line.calls_per_commit:>13.1f} {line.fdatasync_ms:>13.2f}"
        )
    if options.json:
        options.json.write_text(json.dumps(lines, indent=1))


if __name__ == "__main__":
    main()
