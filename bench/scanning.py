"""What looking at results costs: on the spot, by processes, for a megabyte, for thirty; and how long the loop is held.
For all else that is done with a large result there is `large.py`.

    python bench/scanning.py [--ner] [--rounds 200] [--json FILE]

Texts are made up. Compiled rules are kept in a directory of its own, so that the second run starts as a gate does.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from mcp_gate.detect.finding import Leaf
from mcp_gate.detect.options import Options
from mcp_gate.scanning.failed import ScanFailed
from mcp_gate.scanning.scanner import Scanner

MEGABYTE = 1_000_000
WORDS = (
    "the",
    "quick",
    "brown",
    "fox",
    "jumps",
    "over",
    "a",
    "lazy",
    "dog",
    "while",
    "nobody",
    "sees",
    "what",
    "they",
    "sign",
)


def prose(size: int) -> str:
    """Words without anybody's data."""
    dice = random.Random(1)
    lines = (" ".join(dice.choice(WORDS) for _ in range(12)) for _ in range(size // 50))
    return ".\n".join(lines)[:size]


def log(size: int) -> str:
    """Lines of a server: times, numbers, identifiers."""
    line = "2026-11-{:02}T12:{:02}:{:02}Z INFO worker-{} batch {} done in {} ms status=ok id={:08x}"
    return "\n".join(
        line.format(n % 28 + 1, n % 60, n * 7 % 60, n % 7, n * 37, n % 900, n * 7919) for n in range(size // 70)
    )[:size]


def source(size: int) -> str:
    """The standard library's own."""
    files = sorted(Path(os.__file__).parent.glob("*.py"))
    return "\n".join(file.read_text(errors="replace") for file in files)[:size]


def dense(size: int) -> str:
    """Records of people, every line of which holds something."""
    dice = random.Random(2)
    lines = []
    for n in range(size // 120):
        number = f"{dice.randint(200, 899)}-{dice.randint(10, 99)}-{dice.randint(1000, 9999)}"
        phone = f"+1 415 555 {dice.randint(1000, 9999)}"
        lines.append(
            f"customer {n}: dana{n}@example.org, phone {phone}, ssn {number}, password: Tr0ub4dor-{n} wanted a refund"
        )
    return "\n".join(lines)[:size]


async def stalls(work: Callable[[], Awaitable[object]]) -> tuple[float, float]:
    """Milliseconds that work took, and the longest that it held the loop: processor time of the loop's thread from one
    turn to the next, which a busy machine does not lengthen."""
    longest, ended = 0.0, asyncio.Event()

    async def watch() -> None:
        nonlocal longest
        while not ended.is_set():
            before = time.thread_time()
            await asyncio.sleep(0)
            longest = max(longest, time.thread_time() - before)

    watching = asyncio.create_task(watch())
    await asyncio.sleep(0)
    begun = time.perf_counter()
    await work()
    took = time.perf_counter() - begun
    ended.set()
    await watching
    return took * 1000, longest * 1000


def spread(values: Sequence[float]) -> str:
    ordered = sorted(values)
    return f"p50 {ordered[len(ordered) // 2]:8.3f}  p95 {ordered[int(len(ordered) * 0.95)]:8.3f}  ms"


async def measure(options: argparse.Namespace) -> dict[str, float]:
    chosen, out = Options(ner=options.ner), {}
    scanner = Scanner(Path(options.rules))
    begun = time.perf_counter()
    await scanner.scan([Leaf("ask dana@example.org")], chosen)
    out["first_ms"] = (time.perf_counter() - begun) * 1000
    print(f"first small text, nothing loaded        {out['first_ms']:8.1f} ms")
    begun = time.perf_counter()
    await scanner.scan([Leaf(prose(20_000))], chosen)
    out["first_large_ms"] = (time.perf_counter() - begun) * 1000
    print(f"first larger text, no process yet       {out['first_large_ms']:8.1f} ms")
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)  # as the gate does
    for make in (prose, log, source, dense):
        for size in (300, 1_000, 10_000, 100_000):
            leaves = [Leaf(make(size))]
            times = []
            for _ in range(options.rounds):
                begun = time.perf_counter()
                await scanner.scan(leaves, chosen)
                times.append((time.perf_counter() - begun) * 1000)
            out[f"{make.__name__}_{size}_ms"] = sorted(times)[len(times) // 2]
            print(f"{make.__name__:8} {size:9,} characters            {spread(times)}")
    for make, size in ((prose, 1), (log, 1), (source, 1), (dense, 1), (prose, 30), (log, 30)):
        leaves = [Leaf((make(MEGABYTE) + "\n") * size)]
        try:
            seen = [await stalls(lambda given=leaves: scanner.scan(given, chosen)) for _ in range(3)]
        except ScanFailed as failed:
            print(f"{make.__name__:8} {size:6} MB: withheld, {failed}")
            continue
        took, held = min(seen)[0], max(each[1] for each in seen)
        out[f"{make.__name__}_{size}MB_ms"], out[f"{make.__name__}_{size}MB_held_ms"] = took, held
        print(f"{make.__name__:8} {size:6} MB {took:32.1f} ms, loop held for {held:6.2f} ms at most")
    many = [Leaf(f"row {n}: all is well", ("rows", "text")) for n in range(100_000)]
    took, held = await stalls(lambda: scanner.scan(many, chosen))
    out["leaves_100000_ms"], out["leaves_100000_held_ms"] = took, held
    print(f"100,000 small leaves                    {took:8.1f} ms, loop held for {held:6.2f} ms at most")
    await scanner.close()
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--ner", action="store_true", help="with names in prose, where the extra is installed")
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--rules", default=str(Path(tempfile.gettempdir()) / f"mcp-gate-bench-{os.getuid()}"))
    parser.add_argument("--json", metavar="FILE")
    options = parser.parse_args()
    Path(options.rules).mkdir(mode=0o700, exist_ok=True)
    sys.setswitchinterval(0.0005)
    out = asyncio.run(measure(options))
    if options.json:
        Path(options.json).write_text(json.dumps(out, indent=1))


if __name__ == "__main__":
    main()
