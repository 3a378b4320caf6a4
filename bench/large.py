"""The whole life of large results: how long each holds the gate's loop, from its first byte to its last, how long it
takes, and what other calls notice meanwhile.

    python bench/large.py [--mb 16] [--compact] [--http json|events] [--only prose,rows,…] [--rounds 3] [--json FILE]

The gate runs on a loop of this process, as `mcp-gate serve` runs it; upstream and clients are processes of their own.
"Held" is the longest that a task which wants a turn every millisecond had to wait for one: the better of two such
figures, real time and the processor time of the loop's thread, since a busy machine lengthens the first.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import uvloop
from lean import Client, Http, Stdio
from shapes import SHAPES
from targets import free_port

from mcp_gate.app import Setting, run
from mcp_gate.gate.directory import find_cache_directory
from mcp_gate.policy.load import load

HERE = Path(__file__).parent
TICK_SEC = 0.001
POLICY = """version: v1
rules:
  - { id: bench, match: { topics: ["job.bench.*"] }, decision: allow, reason: "Bench" }
output_review:
  rules:
    - { id: pii, entities: [PII, CREDENTIAL], decision: redact, reason: "Private" }
    - { id: sealed, match: { topics: ["job.bench.withheld"] }, entities: [PII], decision: quarantine, reason: "Sealed" }
    - { id: token, match: { topics: ["job.bench.tokens"] }, entities: [EMAIL_ADDRESS], action: tokenize, reason: "T" }
"""
UPSTREAMS = """version: v1
upstreams:
  bench:
    {reach}
    prefix: ""
    tools:
      "*": {{ topic: "job.bench.{{tool}}", risk_tags: [read] }}
"""
TOKEN = "bench-token"


class Ticker:
    """A task that wants a turn every millisecond, and how long it had to wait."""

    def __init__(self) -> None:
        self.wall = self.processor = 0.0

    async def run(self) -> None:
        while True:
            wall, processor = time.perf_counter(), time.thread_time()
            await asyncio.sleep(TICK_SEC)
            self.wall = max(self.wall, time.perf_counter() - wall - TICK_SEC)
            self.processor = max(self.processor, time.thread_time() - processor)

    def reset(self) -> None:
        self.wall = self.processor = 0.0


@dataclass(frozen=True)
class Way:
    """How clients reach the gate."""

    at: Path
    port: int | None

    async def client(self) -> Client:
        if self.port is not None:
            return await Http.start(self.port, {"authorization": f"Bearer {TOKEN}"})
        where = ["--config", str(self.at), "--state", str(self.at / "state")]
        one = await Stdio.start([sys.executable, "-m", "mcp_gate", "connect", *where])
        await one.initialize()
        return one


@asynccontextmanager
async def serving(at: Path, options: argparse.Namespace) -> AsyncIterator[Way]:
    """A gate on this loop."""
    shapes = [str(HERE / "shapes.py"), str(options.mb), "compact" if options.compact else "spaced"]
    settings, port, beside = "version: v1\n", None, None
    if options.http:
        port, behind = free_port(), free_port()
        more = ["--http", str(behind), *(["--events"] if options.http == "events" else [])]
        beside = await asyncio.create_subprocess_exec(sys.executable, *shapes, *more)
        await asyncio.sleep(1)
        reach = f'url: "http://127.0.0.1:{behind}/mcp"'
        digest = hashlib.sha256(TOKEN.encode()).hexdigest()
        settings += f'listen: {{ mcp: "127.0.0.1:{port}" }}\nagents: {{ bench: {{ token_sha256: "{digest}" }} }}\n'
    else:
        reach = f"command: {sys.executable}\n    args: {json.dumps(shapes)}"
    files = {"upstreams.yaml": UPSTREAMS.format(reach=reach), "policies/bench.yaml": POLICY, "gate.yaml": settings}
    (at / "policies").mkdir(parents=True)
    for name, text in files.items():
        (at / name).write_text(text)
    gate = asyncio.create_task(run(Setting(at, at / "state"), load({n: text.encode() for n, text in files.items()})))
    while not (at / "state" / "review.sock").exists():
        await asyncio.wait((gate,), timeout=0.05)
        if gate.done():
            gate.result()
    await asyncio.sleep(0.5)
    yield Way(at, port)
    os.kill(os.getpid(), signal.SIGTERM)
    await gate
    if beside is not None:
        beside.kill()
        await beside.wait()


async def measured(ticker: Ticker, way: Way, tool: str, rounds: int) -> dict[str, float]:
    """One shape, by a client of its own process that tells when it begins and when it is done."""
    client = await asyncio.create_subprocess_exec(
        sys.executable, __file__, "--client", tool, "--at", str(way.at), "--port", str(way.port or 0),
        "--rounds", str(rounds),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert client.stdin is not None
    assert client.stdout is not None
    held, out = [], []
    while line := await client.stdout.readline():
        told = json.loads(line)
        if "ms" in told:
            out.append(told)
            held.append((ticker.wall, ticker.processor))
        ticker.reset()
        client.stdin.write(b"\n")
    await client.wait()
    wall, processor = sorted(one[0] for one in held), sorted(one[1] for one in held)
    middle = len(held) // 2
    return {
        **max(out, key=lambda one: one["ms"]), "ms": sorted(one["ms"] for one in out)[middle],
        "held_wall_ms": wall[middle] * 1e3, "held_cpu_ms": processor[middle] * 1e3,
    }  # fmt: skip


async def client(options: argparse.Namespace) -> None:
    """In its own process: calls one tool again and again, and beside it a small one."""
    way = Way(options.at, options.port or None)
    mine, other = await way.client(), await way.client()
    tool, _, many = options.client.partition("*")
    await mine.raw("tools/call", {"name": tool, "arguments": {}})  # loads what is needed
    done = asyncio.Event()

    async def small() -> list[float]:
        times = []
        while not done.is_set():
            begun = time.perf_counter()
            await other.raw("tools/call", {"name": "small", "arguments": {}})
            times.append((time.perf_counter() - begun) * 1e3)
            await asyncio.sleep(0.005)
        return sorted(times)

    for turn in range(options.rounds):
        await told({})
        done.clear()
        beside = asyncio.create_task(small())
        begun = time.perf_counter()
        lines = await asyncio.gather(
            *(mine.raw("tools/call", {"name": tool, "arguments": {"n": (turn, one)}}) for one in range(int(many or 1)))
        )
        took = (time.perf_counter() - begun) * 1e3
        done.set()
        times = await beside
        status = next((word for word in ("quarantined", "redacted") if f'"status":"{word}"'.encode() in lines[0]), "-")
        await told({
            "ms": took, "p99": times[int(len(times) * 0.99)], "bytes": len(lines[0]), "status": status,
        })  # fmt: skip
    for one in (mine, other):
        await one.close()


def forget_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5")


def peak_mb() -> float:
    """Most memory that this process had."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


async def told(what: dict[str, object]) -> None:
    print(json.dumps(what), flush=True)
    await asyncio.to_thread(sys.stdin.readline)


async def measure(options: argparse.Namespace) -> dict[str, dict[str, float]]:
    out = {}
    chosen = options.only.split(",") if options.only else [*SHAPES, "rows*3"]
    with tempfile.TemporaryDirectory() as scratch:
        async with serving(Path(scratch) / "gate", options) as way:
            ticker = Ticker()
            ticking = asyncio.create_task(ticker.run())
            for tool in chosen:
                forget_peak()
                out[tool] = row = await measured(ticker, way, tool, options.rounds)
                held = min(row["held_wall_ms"], row["held_cpu_ms"])
                print(
                    f"{tool:10} {options.mb:4g} MB {row['ms']:9.1f} ms, loop held for {held:7.2f} ms "
                    f"(wall {row['held_wall_ms']:7.2f}, own {row['held_cpu_ms']:7.2f}); beside it p99 "
                    f"{row['p99']:7.1f} ms; {row['status']}, {row['bytes']:,} bytes; gate {peak_mb():.0f} MB",
                    flush=True,
                )
            ticking.cancel()
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--mb", type=float, default=16)
    parser.add_argument("--only")
    parser.add_argument("--compact", action="store_true", help="JSON as most SDKs write it, not as Python does")
    parser.add_argument("--http", choices=("json", "events"), help="HTTP on both sides, instead of standard streams")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", metavar="FILE")
    parser.add_argument("--client", help=argparse.SUPPRESS)
    parser.add_argument("--at", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.client:
        asyncio.run(client(options))
        return
    find_cache_directory(os.environ)
    out = uvloop.run(measure(options))
    if options.json:
        Path(options.json).write_text(json.dumps(out, indent=1))


if __name__ == "__main__":
    main()
