"""Speed of the gate beside its yardsticks, all alive together, in interleaved rounds of one run.

    python bench/speed.py [--rounds 9] [--seconds 0.4] [--only stdio,rows,record,http,cold,list,memory] [--json FILE]

Printed are ratios, medians over rounds with quartiles; absolute milliseconds of a shared machine mean little.
The gate has 100 rules, the durable write-ahead record, and `connect` in the way.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from lean import Stdio
from machine import cpu_seconds, fdatasync_ms, own, rss_mb
from targets import Start, Target, peer_python

Row = dict[str, Any]
Request = tuple[str, dict[str, Any]]
LETTERS = str.maketrans("0123456789", "abcdefghij")


def tool(name: str, **arguments: Any) -> Request:
    return "tools/call", {"name": name, "arguments": arguments}


SCENARIOS: dict[str, Callable[[int], Request]] = {
    "echo": lambda n: tool("echo", text="x" * 92 + f"{n:08d}".translate(LETTERS)),
    "records": lambda n: tool("records", text="", size=50 * n),
    "same": lambda n: tool("records", text="", size=0),
    "text1m": lambda n: tool("make_text", size=1_000_000 + n),
    "hop": lambda n: ("logging/setLevel", {"level": "info"}),
}
"""The nth request of each kind: no answer comes twice, but of `same`; `hop` is passed on without being a call: what the
relay alone costs."""
COUNT = itertools.count()


async def block(target: Target, scenario: str, concurrency: int, seconds: float) -> Row:
    """One short run of one target: latency in ms, calls per second, own CPU ms per call."""
    mine = own(target.pids)
    found: list[float] = []
    end = time.perf_counter() + seconds
    before = cpu_seconds(mine)

    async def caller() -> None:
        while time.perf_counter() < end:
            method, params = SCENARIOS[scenario](next(COUNT))
            if method == "tools/call":
                params["name"] = target.prefix + params["name"]
            start = time.perf_counter()
            answer = await target.client.raw(method, params)
            if b'"isError":true' in answer[:400] or b'"error"' in answer[:200]:
                raise AssertionError(f"{target.name}: {answer[:300]!r}")
            found.append((time.perf_counter() - start) * 1e3)

    began = time.perf_counter()
    await asyncio.gather(*(caller() for _ in range(concurrency)))
    took = time.perf_counter() - began
    return {
        "p50": statistics.median(found),
        "rate": len(found) / took,
        "cpu": (cpu_seconds(mine) - before) * 1e3 / len(found),
    }


async def rounds(targets: list[Target], scenario: str, concurrency: int, options: argparse.Namespace) -> list[Row]:
    """Every target once a round, in rotating order."""
    out = []
    for turn in range(options.rounds):
        order = targets[turn % len(targets) :] + targets[: turn % len(targets)]
        row: Row = {"fsync": fdatasync_ms()}
        for target in order:
            row[target.name] = await block(target, scenario, concurrency, options.seconds)
        out.append(row)
    return out


def added(row: Row, name: str) -> float:
    """p50 above the direct p50 of the same round, in ms."""
    return float(row[name]["p50"] - row["direct"]["p50"])


def spread(values: list[float]) -> Row:
    ordered = sorted(values)
    quartiles = statistics.quantiles(ordered, n=4) if len(ordered) > 1 else [ordered[0]] * 3
    return {"median": statistics.median(ordered), "q1": quartiles[0], "q3": quartiles[2]}


class Report:
    """Lines of `notes`-style targets: what, the figure, what it must be."""

    def __init__(self) -> None:
        self.lines: list[Row] = []

    def add(self, line: str, what: str, values: list[float], must: str, ok: bool | None = None) -> None:
        figure = spread(values)
        limit = float(must.split()[1])
        met = (figure["median"] <= limit if must.startswith("<=") else figure["median"] >= limit) if ok is None else ok
        self.lines.append({"line": line, "what": what, **figure, "must": must, "met": met})
        print(
            f"{'ok  ' if met else 'MISS'} {line:4} {what:62} {figure['median']:8.3f} "
            f"[{figure['q1']:.3f}, {figure['q3']:.3f}]  must {must}",
            flush=True,
        )

    def fact(self, what: str, value: str) -> None:
        self.lines.append({"what": what, "value": value})
        print(f"          {what}: {value}", flush=True)


async def stdio(report: Report, start: Start, options: argparse.Namespace) -> None:
    """T1, T2, T4, T6, T7, T13."""
    names = ["direct", "bytes", "sdk-typed", "gate"] + (["fastmcp"] if peer_python("fastmcp") else [])
    targets = [await start.stdio(name) for name in names]
    for target in targets:
        await block(target, "echo", 4, 1.0)
    echo = await rounds(targets, "echo", 1, options)
    for name in names:
        report.fact(f"{name} p50 echo ms", f"{statistics.median(r[name]['p50'] for r in echo):.3f}")
    report.fact("fdatasync ms", f"{statistics.median(r['fsync'] for r in echo):.3f}")
    report.add("T1", "echo through connect and the full gate, added / sdk-typed added",
               [added(r, "gate") / added(r, "sdk-typed") for r in echo], "<= 0.7")  # fmt: skip
    hops = await rounds([t for t in targets if t.name != "fastmcp"], "hop", 1, options)
    relayed = spread([added(r, "gate") / added(r, "sdk-typed") for r in hops])
    report.fact("a request that is no call and no record (not T1), added / sdk-typed added", f"{relayed['median']:.3f}")
    if "fastmcp" in names:
        report.add("T2", "full gate added / fastmcp added", [added(r, "gate") / added(r, "fastmcp") for r in echo],
                   "<= 0.8")  # fmt: skip
    report.add("T4", "(full gate added - fdatasync) / sdk-typed added",
               [(added(r, "gate") - r["fsync"]) / added(r, "sdk-typed") for r in echo], "<= 1.1")  # fmt: skip
    many = await rounds(targets, "echo", 64, options)
    report.add("T6", "calls/s at 64 / direct", [r["gate"]["rate"] / r["direct"]["rate"] for r in many], ">= 0.7")
    if "fastmcp" in names:
        report.add("T6", "calls/s at 64 / fastmcp", [r["gate"]["rate"] / r["fastmcp"]["rate"] for r in many], ">= 2.0")
        report.add("T7", "own CPU per call at 64 / fastmcp", [r["gate"]["cpu"] / r["fastmcp"]["cpu"] for r in many],
                   "<= 0.4")  # fmt: skip
        large = await rounds(targets, "text1m", 1, options)
        report.add("T13", "1 MB result added / fastmcp added",
                   [added(r, "gate") / added(r, "fastmcp") for r in large], "<= 1.3")  # fmt: skip


async def rows(report: Report, start: Start, options: argparse.Namespace) -> None:
    """T12: fifty rows of personal data, as text and structured; the gate takes a hundred values out of them."""
    names = ["direct", "gate", *(name for name in ("lasso", "agentbelay") if peer_python(name))]
    targets = [await start.stdio(name) for name in names]
    for target in targets:
        await block(target, "records", 1, 1.0)
    each = await rounds(targets, "records", 1, options)
    for name in names:
        report.fact(f"{name} p50 records ms", f"{statistics.median(r[name]['p50'] for r in each):.3f}")
    for name, must in (("lasso", "<= 1.0"), ("agentbelay", "<= 0.25")):
        if name in names:
            report.add("T12", f"33 KB of records: full gate added / {name}'s added",
                       [added(r, "gate") / added(r, name) for r in each], must)  # fmt: skip
    same = await rounds(targets[:2], "same", 1, options)
    again = [added(r, "gate") for r in same]
    report.fact("the same rows again and again (not T12), full gate added ms", f"{statistics.median(again):.3f}")


async def record(report: Report, start: Start, options: argparse.Namespace) -> None:
    """T18: the gate beside itself with a store that keeps nothing of allowed calls."""
    targets = [await start.stdio(name) for name in ("direct", "gate", "gate-unrecorded")]
    for target in targets:
        await block(target, "echo", 4, 1.0)
    many = await rounds(targets, "echo", 64, options)
    for target in targets:
        report.fact(f"{target.name} calls/s at 64", f"{statistics.median(r[target.name]['rate'] for r in many):.0f}")
    report.add("T18", "calls/s at 64, with the record / without",
               [r["gate"]["rate"] / r["gate-unrecorded"]["rate"] for r in many], ">= 0.75")  # fmt: skip
    few = await rounds(targets, "echo", 1, options)
    extra = statistics.median(r["gate"]["p50"] - r["gate-unrecorded"]["p50"] for r in few)
    report.fact("the record, disk included, in a lone call ms", f"{extra:.3f}")


async def http(report: Report, start: Start, options: argparse.Namespace) -> None:
    """T8."""
    names = ["direct", "sdk-typed", "gate", *(peer for peer in ("fastmcp", "contextforge") if peer_python(peer))]
    targets = [await start.http(name) for name in names]
    for target in targets:
        await block(target, "echo", 1, 1.0)
    echo = await rounds(targets, "echo", 1, options)
    for name in names:
        report.fact(f"HTTP {name} p50 echo ms", f"{statistics.median(r[name]['p50'] for r in echo):.3f}")
    report.add("T8", "HTTP to HTTP: full gate added / sdk-typed added",
               [added(r, "gate") / added(r, "sdk-typed") for r in echo], "<= 1.0")  # fmt: skip
    if "fastmcp" in names:
        report.add("T8", "HTTP to HTTP: full gate added / fastmcp added",
                   [added(r, "gate") / added(r, "fastmcp") for r in echo], "<= 0.08")  # fmt: skip
    if "contextforge" in names:
        report.add("T8", "HTTP to HTTP: full gate added / contextforge added",
                   [added(r, "gate") / added(r, "contextforge") for r in echo], "<= 0.06")  # fmt: skip


async def cold(report: Report, start: Start, options: argparse.Namespace) -> None:
    """T14: spawn to first tool result."""
    found: dict[str, list[float]] = {}
    for turn in range(max(3, options.rounds // 2)):
        for name in ["direct", "gate", *(["fastmcp"] if peer_python("fastmcp") else [])]:
            scratch = f"{name}-cold{turn}" if name == "gate" else name
            command = start.command(scratch if name == "gate" else name)
            began = time.perf_counter()
            client = await Stdio.start(command)
            await client.initialize()
            await client.request("tools/call", {"name": "echo", "arguments": {"text": "x"}})
            found.setdefault(name, []).append(time.perf_counter() - began)
            await client.close()
    for name, values in found.items():
        report.fact(f"{name} cold start s", f"{statistics.median(values):.3f}")
    if "fastmcp" in found:
        report.add("T14", "cold start to first result / fastmcp",
                   [a / b for a, b in zip(found["gate"], found["fastmcp"], strict=True)], "<= 0.8")  # fmt: skip


async def listing(report: Report, start: Start, options: argparse.Namespace) -> None:
    """T15: 1,000 tools."""
    first: dict[str, list[float]] = {}
    again: dict[str, list[float]] = {}
    for turn in range(3):
        for name in ["gate", *(["fastmcp"] if peer_python("fastmcp") else [])]:
            target = await start.stdio(f"gate-list{turn}" if name == "gate" else name, extra=996)
            first.setdefault(name, []).append(await list_once(target))
            again.setdefault(name, []).append(statistics.median([await list_once(target) for _ in range(9)]))
            await target.client.close()
    if "fastmcp" in first:
        pairs = zip(first["gate"], first["fastmcp"], strict=True)
        report.add("T15", "first list of 1,000 tools / fastmcp", [a / b for a, b in pairs], "<= 0.4")
        pairs = zip(again["gate"], again["fastmcp"], strict=True)
        report.add("T15", "repeated list / fastmcp", [a / b for a, b in pairs], "<= 0.25")


async def list_once(target: Target) -> float:
    began = time.perf_counter()
    count, cursor = 0, None
    while True:
        answer = await target.client.request("tools/list", {"cursor": cursor} if cursor else {})
        count += len(answer["result"]["tools"])
        cursor = answer["result"].get("nextCursor")
        if cursor is None:
            break
    if count != 1000:
        raise AssertionError(f"{target.name} listed {count} tools")
    return time.perf_counter() - began


async def memory(report: Report, start: Start, options: argparse.Namespace) -> None:
    """T16: memory after 10,000 calls."""
    size: dict[str, tuple[float, float]] = {}
    for name in ["gate-memory", *(["fastmcp"] if peer_python("fastmcp") else [])]:
        target = await start.stdio(name)
        early = 0.0
        for done in range(0, 10_000, 50):
            if done == 1000:
                early = rss_mb(own(target.pids))
            params = {"name": "echo", "arguments": {"text": "x" * 100}}
            await asyncio.gather(*(target.client.raw("tools/call", params) for _ in range(50)))
        size[name] = (early, rss_mb(own(target.pids)))
    growth = size["gate-memory"][1] / size["gate-memory"][0] - 1
    report.fact("gate and connect RSS MB after 1,000 and 10,000 calls", str([round(x, 1) for x in size["gate-memory"]]))
    report.add("T16", "RSS growth over the last 9,000 calls", [growth], "<= 0.05")
    if "fastmcp" in size:
        report.add("T16", "RSS after 10,000 calls / fastmcp", [size["gate-memory"][1] / size["fastmcp"][1]], "<= 0.9")


PARTS = {"stdio": stdio, "rows": rows, "record": record, "http": http, "cold": cold, "list": listing, "memory": memory}


async def run(options: argparse.Namespace) -> Report:
    report = Report()
    for name in options.only.split(","):
        with tempfile.TemporaryDirectory(prefix="gb-") as scratch:
            async with AsyncExitStack() as stack:
                await PARTS[name](report, Start(stack, Path(scratch)), options)
    return report


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=0.4)
    parser.add_argument("--only", default=",".join(PARTS))
    parser.add_argument("--json", type=Path)
    parser.add_argument("--strict", action="store_true", help="exit 1 when a line is missed")
    options = parser.parse_args()
    report = asyncio.run(run(options))
    if options.json:
        options.json.write_text(json.dumps(report.lines, indent=1))
    if options.strict and any(not line.get("met", True) for line in report.lines):
        sys.exit(1)


if __name__ == "__main__":
    main()
