"""The whole life of large results: how long each holds the gate's loop, from its first byte to its last, how long it
takes, and what other calls notice meanwhile.

    python bench/large.py [--mb 16] [--compact] [--http json|events] [--only prose,rows,…] [--rounds 3] [--json FILE]

The gate runs on a loop of this process, as `mcp-gate serve` runs it; upstream and clients are processes of their own.
"Held" is the longest that a task which wants a turn every millisecond had to wait for one, less what the loop's thread
waited for a processor (median of the rounds); "own" is the longest that this thread itself was at work (most of all
rounds). On a machine that is busy, or whose host is, the first grows by itself; without the second nobody is to blame.
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
    """A task that wants a turn every millisecond, and the longest that it had to wait for one."""

    def __init__(self) -> None:
        self.real = self.own = 0.0
        self._waits = os.open("/proc/thread-self/schedstat", os.O_RDONLY)

    async def run(self) -> None:
        while True:
            before = time.perf_counter() - self._waited(), time.thread_time()
            await asyncio.sleep(TICK_SEC)
            self.real = max(self.real, time.perf_counter() - self._waited() - before[0] - TICK_SEC)
            self.own = max(self.own, time.thread_time() - before[1])

    def taken(self) -> tuple[float, float]:
        """Milliseconds since it was asked last: real, and of the loop's own thread."""
        taken = self.real * 1e3, self.own * 1e3
        self.real = self.own = 0.0
        return taken

    def _waited(self) -> float:
        """Seconds that the loop's thread was ready and had no processor."""
        return int(os.pread(self._waits, 100, 0).split()[1]) / 1e9


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
            held.append(ticker.taken())
        ticker.taken()
        client.stdin.write(b"\n")
    await client.wait()
    middle = len(held) // 2
    return {
        **max(out, key=lambda one: one["ms"]), "ms": sorted(one["ms"] for one in out)[middle],
        "held_ms": sorted(real for real, _ in held)[middle], "held_own_ms": max(own for _, own in held),
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
                print(
                    f"{tool:10} {options.mb:4g} MB {row['ms']:9.1f} ms, loop held for {row['held_ms']:7.2f} ms "
                    f"(own {row['held_own_ms']:6.2f}); beside it p99 {row['p99']:7.1f} ms; "
                    f"{row['status']}, {row['bytes']:,} bytes; gate {peak_mb():.0f} MB",
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
