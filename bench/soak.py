"""Calls at a steady rate for as long as you like, some of which go wrong, and whether the gate grows.

    python bench/soak.py [--hours 24 | --seconds 60] [--rate 5] [--faults 0.01] [--json FILE]

One call in twenty is held and approved; one in a hundred meets a fault: a failed call, an error, garbage, an upstream
that dies, a client that goes away. Memory and open files are sampled all the while. After a first third of warming up,
neither may grow: the medians of the second and of the last third are compared. At the end the record must verify.
"""

from __future__ import annotations

import argparse
import getpass
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kill import INITIALIZE, Gate
from machine import rss_mb

from mcp_gate.faces.client import Problem, ReviewClient

HERE = Path(__file__).parent
FAULTS = ("is_error", "error", "garbage", "exit", "away")
HELD_SHARE = 0.05
MOST_MB = 4.0
"""How much the median may differ between the second and the last third."""
MOST_FILES = 8
RULES = """version: v1
rules:
  - { id: held, match: { tools: [held] }, decision: require_approval, reason: "Held", timeout_sec: 600 }
  - { id: free, match: { tools: [free] }, decision: allow, reason: "Free" }
"""


@dataclass
class Sample:
    at: float
    mb: float
    files: int


@dataclass
class Soak:
    """One run."""

    gate: Gate
    rng: random.Random
    faults: float
    counts: Counter[str] = field(default_factory=Counter)
    samples: list[Sample] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.connect()

    def connect(self) -> None:
        self.socket = self.gate.client()
        self.socket.settimeout(60)
        self.file = self.socket.makefile("rwb")
        self.write({"id": 0, "method": "initialize", "params": INITIALIZE})
        self.answer(0)
        self.write({"method": "notifications/initialized"})

    def write(self, message: dict[str, Any]) -> None:
        self.file.write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")
        self.file.flush()

    def answer(self, id: int) -> dict[str, Any]:
        while True:
            message: dict[str, Any] = json.loads(self.file.readline())
            if message.get("id") == id and "method" not in message:
                return message

    def call(self, n: int) -> None:
        """One call to its end."""
        fault = self.rng.choice(FAULTS) if self.rng.random() < self.faults else None
        tool = "held" if fault is None and self.rng.random() < HELD_SHARE else "free"
        arguments = {"n": n, **({"fault": fault} if fault else {})}
        self.write({"id": n, "method": "tools/call", "params": {"name": tool, "arguments": arguments}})
        if fault == "away":
            self.file.close()
            self.socket.close()
            self.connect()
            self.counts[fault] += 1
            return
        if tool == "held":
            self.approve()
        told = self.answer(n)
        bad = "error" in told or told["result"].get("isError", False)
        self.counts[fault or ("refused" if bad else tool)] += 1

    def approve(self) -> None:
        review, deadline = ReviewClient(self.gate.state), time.monotonic() + 30
        while not (found := list(review.requests())):
            if time.monotonic() > deadline:
                raise TimeoutError("a held call opened no request")
            time.sleep(0.002)
        for request in found:
            with suppress(Problem):
                review.decide(request, "approve", getpass.getuser(), "soak")

    def sample(self, at: float) -> None:
        pid = self.gate.process.pid
        self.samples.append(Sample(at, rss_mb([pid]), len(list(Path(f"/proc/{pid}/fd").iterdir()))))

    def run(self, seconds: float, rate: float) -> None:
        began = time.monotonic()
        every = max(0.25, seconds / 1000)
        n, sampled = 0, 0.0
        while (now := time.monotonic() - began) < seconds:
            if now >= sampled:
                self.sample(now)
                sampled = now + every
            n += 1
            self.call(n)
            time.sleep(max(0.0, n / rate - (time.monotonic() - began)))


def report(soak: Soak) -> dict[str, Any]:
    """What the samples say."""
    third = len(soak.samples) // 3
    middle, last = soak.samples[third : 2 * third], soak.samples[2 * third :]
    grown = statistics.median(s.mb for s in last) - statistics.median(s.mb for s in middle)
    files = statistics.median(s.files for s in last) - statistics.median(s.files for s in middle)
    slope = statistics.linear_regression([s.at / 3600 for s in middle + last], [s.mb for s in middle + last]).slope
    found = [f"memory grew by {grown:.1f} MB"] if grown > MOST_MB else []
    found += [f"{files} files more are open"] if files > MOST_FILES else []
    if not soak.counts["free"] or not soak.counts["held"] or soak.counts["refused"] > soak.counts["free"] / 20:
        found.append(f"calls were not answered as they should: {dict(soak.counts)}")
    return {
        "calls": soak.counts.total(), "outcomes": dict(sorted(soak.counts.items())),
        "mb": round(statistics.median(s.mb for s in last), 1), "grown_mb": round(grown, 2),
        "mb_an_hour": round(slope, 2), "files": max(s.files for s in last), "violations": found,
    }  # fmt: skip


def write_gate(config: Path) -> None:
    (config / "policies").mkdir(parents=True)
    upstream = {
        "command": sys.executable, "args": [str(HERE / "flaky.py")], "prefix": "",
        "tools": {"*": {"topic": "job.{tool}", "risk_tags": ["write"]}},
    }  # fmt: skip
    (config / "upstreams.yaml").write_text(json.dumps({"version": "v1", "upstreams": {"flaky": upstream}}))
    (config / "policies" / "rules.yaml").write_text(RULES)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hours", type=float, default=24)
    parser.add_argument("--seconds", type=float, help="instead of hours")
    parser.add_argument("--rate", type=float, default=5, help="calls a second")
    parser.add_argument("--faults", type=float, default=0.01, help="share of the calls that meet one")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="gs-") as scratch:
        config, state = Path(scratch) / "gate", Path(scratch) / "state"
        state.mkdir(mode=0o700)
        write_gate(config)
        gate = Gate(config, state)
        try:
            soak = Soak(gate, random.Random(options.seed), options.faults)
            soak.run(options.seconds or options.hours * 3600, options.rate)
        finally:
            gate.process.terminate()
            gate.process.wait(20)
        command = [sys.executable, "-m", "mcp_gate", "audit", "verify", "--state", str(state)]
        verify = subprocess.run(command, capture_output=True, text=True, check=False)
        outcome = report(soak)
        if verify.returncode != 0:
            outcome["violations"].append(f"the record does not verify: {verify.stdout}{verify.stderr}")
    print(json.dumps(outcome, indent=1))
    if options.json:
        options.json.write_text(json.dumps(outcome))
    sys.exit(1 if outcome["violations"] else 0)


if __name__ == "__main__":
    main()
