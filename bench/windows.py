"""What windows cost: a call, its memory, and filling one from the record.

    python bench/windows.py [--calls 20000] [--json FILE]

Microseconds of processor time to ask two windows (a sum and a count) what they come to and to count a call in them,
while they fill with that many calls; bytes a call; records per second when windows are filled at start.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
import time
import tracemalloc
from pathlib import Path

from mcp_gate.evidence.record import members
from mcp_gate.lang.conditions import Window, compile_condition
from mcp_gate.lang.times import rfc3339
from mcp_gate.model.call import Call
from mcp_gate.model.event import Event
from mcp_gate.model.request import CallState
from mcp_gate.signals.windows import Deed, Windows
from mcp_gate.store.store import Store

NOW = 1_800_000_000.0
WINDOWS: tuple[Window, ...] = compile_condition(
    "sum(attributes.amount_usd, 24h) > 500 AND count(1h, tool) > 3", frozenset(), with_windows=True
).windows


def deed(number: int) -> Deed:
    return Deed(f"agent{number % 20}", "shop", f"tool{number % 7}", "job.pay", {"amount_usd": number % 100 + 0.5})


def in_memory(count: int) -> tuple[float, float]:
    """Microseconds and bytes of a call."""
    deeds = [deed(number) for number in range(count)]
    ids = [f"c-{number}" for number in range(count)]
    windows = Windows(WINDOWS)
    tracemalloc.start()
    for number, one in enumerate(deeds):
        windows.add(ids[number], one, NOW)
    size = tracemalloc.get_traced_memory()[0] / count
    tracemalloc.stop()
    windows = Windows(WINDOWS)
    start = time.process_time()
    for number, one in enumerate(deeds):
        windows.values(WINDOWS, one, NOW)
        windows.add(ids[number], one, NOW)
    return (time.process_time() - start) / count * 1e6, size


async def from_the_record(count: int) -> float:
    """Records per second."""
    with tempfile.TemporaryDirectory() as folder:
        store = await Store.open(Path(folder) / "gate.db", clock=lambda: NOW)
        for number in range(count):
            one = deed(number)
            call = Call(
                id=f"c-{number}", ts=rfc3339(NOW - 60), agent=one.agent, session="s", upstream=one.upstream,
                method="tools/call", tool=one.tool, listed_name=one.tool, topic=one.topic, risk_tags=("write",),
                arguments={}, attributes=one.attributes, tool_hash="sha256:0", job_hash=f"sha256:{number}",
            )  # fmt: skip
            begun = store.begin(call, {}, CallState.DISPATCHED, [Event("call.decided", members(call, "v1:0"))], "v1:0")
        await begun
        start = time.perf_counter()
        await store.windows.open(WINDOWS)
        store.windows.values(WINDOWS, deed(0), "")
        spent = time.perf_counter() - start
        await store.close()
    return count / spent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=20_000)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    chosen = parser.parse_args()
    cost, size = in_memory(chosen.calls)
    rate = asyncio.run(from_the_record(chosen.calls))
    print(f"{cost:.1f} us and {size:,.0f} bytes a call in two windows of {chosen.calls:,} calls")
    print(f"filled from the record at {rate:,.0f} calls per second")
    if chosen.json:
        chosen.json.write_text(json.dumps({"windows": {"us": cost, "bytes": size, "rate": rate}}, indent=2) + "\n")


if __name__ == "__main__":
    main()
