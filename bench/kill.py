"""Kills the gate at random moments under load, and looks whether its promises held.

    python bench/kill.py [--kills 1000] [--seed N] [--json FILE]

Checked over the whole history: every call that reached the upstream has an earlier record of its decision and of its
dispatch; no approval was used twice; the chain verifies; no request that a reviewer had seen pending is lost.
"""

from __future__ import annotations

import argparse
import getpass
import json
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mcp_gate.faces.client import Problem, ReviewClient, Unreachable

HERE = Path(__file__).parent
RULES = """version: v1
rules:
  - { id: held, match: { tools: [held] }, decision: require_approval, reason: "Held", timeout_sec: 86400 }
  - { id: free, match: { tools: [free] }, decision: allow, reason: "Free" }
"""
INITIALIZE = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "kill", "version": "1"}}


@dataclass
class History:
    """What the driver saw of its own doing."""

    next_n: int = 0
    sent: int = 0
    answered: int = 0
    pending_seen: set[str] = field(default_factory=set)
    approved: set[str] = field(default_factory=set)
    """Requests on which an approval was posted, whether or not the answer came back."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def fresh(self) -> int:
        with self.lock:
            self.next_n += 1
            return self.next_n


class Gate:
    """One life of the gate."""

    def __init__(self, config: Path, state: Path) -> None:
        self.state = state
        self.process = subprocess.Popen(
            [sys.executable, "-m", "mcp_gate", "serve", "--config", str(config), "--state", str(state)],
            stdout=subprocess.DEVNULL, stderr=(state.parent / "serve.log").open("ab"),
        )  # fmt: skip

    def client(self) -> socket.socket:
        deadline = time.monotonic() + 20
        while True:
            sock = socket.socket(socket.AF_UNIX)
            try:
                sock.connect(str(self.state / "agent.sock"))
                sock.sendall(b'{"hello":1,"agent":"killer"}\n')
                if b"ok" not in sock.recv(1000):
                    raise ConnectionError("not admitted")
            except OSError:
                sock.close()
                if time.monotonic() > deadline or self.process.poll() is not None:
                    raise
                time.sleep(0.01)
            else:
                return sock

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


def load(gate: Gate, history: History, rng: random.Random, reissue: list[int]) -> None:
    """Allowed and held calls as fast as they go, until the gate is gone."""
    try:
        sock = gate.client()
    except OSError:
        return
    with sock, suppress(OSError):
        file = sock.makefile("rwb")

        def write(message: dict[str, Any]) -> None:
            file.write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")
            file.flush()

        write({"id": 0, "method": "initialize", "params": INITIALIZE})
        file.readline()
        write({"method": "notifications/initialized"})
        for n in reissue:
            history.sent += 1
            write({"id": f"h{n}", "method": "tools/call", "params": {"name": "held", "arguments": {"n": n}}})
        while True:
            n = history.fresh()
            held = rng.random() < 0.2
            if held and len(reissue) < 15:
                reissue.append(n)
            history.sent += 1
            tool = "held" if held else "free"
            write({"id": f"{tool[0]}{n}", "method": "tools/call", "params": {"name": tool, "arguments": {"n": n}}})
            if not held:
                answer = json.loads(file.readline() or b"{}")
                if not answer:
                    return
                history.answered += 1
                id_ = str(answer.get("id", ""))
                if id_.startswith("h") and int(id_[1:]) in reissue:
                    reissue.remove(int(id_[1:]))


def review(gate: Gate, history: History, rng: random.Random) -> None:
    """Approves about half of what it sees, until the gate is gone."""
    client = ReviewClient(gate.state)
    while gate.process.poll() is None:
        with suppress(Unreachable, Problem):
            for request in list(client.requests()):
                history.pending_seen.add(request["id"])
                if rng.random() < 0.5:
                    history.approved.add(request["id"])
                    client.decide(request, "approve", getpass.getuser(), "bench")
        time.sleep(0.005)


def violations(state: Path, log: Path, history: History) -> tuple[list[str], dict[str, int]]:
    """Everything that should not have happened, and a few figures."""
    found: list[str] = []
    command = [sys.executable, "-m", "mcp_gate", "audit"]
    verify = subprocess.run([*command, "verify", "--state", str(state)], capture_output=True, text=True, check=False)
    if verify.returncode != 0:
        found.append(f"the chain does not verify: {verify.stdout}{verify.stderr}")
    export = subprocess.run([*command, "export", "--state", str(state)], capture_output=True, check=True)
    records = [json.loads(line) for line in export.stdout.splitlines()]
    executed = [json.loads(line) for line in log.read_text().splitlines() if line.endswith("}")]
    decided: dict[str, int] = {}
    dispatched: Counter[str] = Counter()
    used: Counter[str] = Counter()
    for record in records:
        match record["event"]:
            case "call.decided":
                decided[record["call_id"]] = record["seq"]
            case "call.dispatched":
                dispatched[record["data"]["bytes_sha256"]] += 1
                if record["call_id"] not in decided:
                    found.append(f"dispatched without a decision: {record['call_id']}")
                if record.get("request_id"):
                    used[record["request_id"]] += 1
    reached = Counter((entry["tool"], "sha256:" + entry["sha256"]) for entry in executed)
    for (tool, digest), times in reached.items():
        if times > dispatched[digest]:
            found.append(f"{tool} {digest} reached the upstream {times} times, recorded {dispatched[digest]} times")
    found += [f"approval {request} was used {times} times" for request, times in used.items() if times > 1]
    found += [f"request {request} was dispatched unapproved" for request in used if request not in history.approved]
    ends = ("request.decided", "request.cancelled", "request.expired")
    settled = {r["request_id"] for r in records if r["event"] in ends}
    known = {r["request_id"] for r in records if r["event"] == "request.opened"}
    found += [f"request {request} is lost" for request in history.pending_seen - known]
    figures = {
        "records": len(records),
        "executed": len(executed),
        "unknown": sum(r["event"] == "call.unknown" for r in records),
        "requests": len(known),
        "settled": len(settled),
    }
    return found, figures


def still_there(config: Path, state: Path, history: History) -> list[str]:
    """Start once more: every request seen pending and never decided must still be pending."""
    gate = Gate(config, state)
    gate.client().close()
    try:
        pending = {request["id"] for request in ReviewClient(state).requests()}
        missing = history.pending_seen - history.approved - pending
        return [f"request {request} was pending and is not any more" for request in missing]
    finally:
        gate.process.terminate()
        gate.process.wait(20)


def run(options: argparse.Namespace) -> dict[str, Any]:
    rng = random.Random(options.seed)
    history = History()
    with tempfile.TemporaryDirectory(prefix="gk-") as scratch:
        config, state, log = Path(scratch) / "gate", Path(scratch) / "state", Path(scratch) / "witness.log"
        (config / "policies").mkdir(parents=True)
        state.mkdir(mode=0o700)
        witness = json.dumps([str(HERE / "witness.py"), str(log)])
        tools = '{ free: { topic: job.free, risk_tags: [read] }, held: { topic: job.held, risk_tags: [write] } }'
        (config / "upstreams.yaml").write_text(
            f"version: v1\nupstreams:\n  witness:\n    command: {json.dumps(sys.executable)}\n    args: {witness}\n"
            f'    prefix: ""\n    tools: {tools}\n'
        )
        (config / "policies" / "rules.yaml").write_text(RULES)
        (config / "gate.yaml").write_text("version: v1\nlimits: { pending_per_agent: 10000 }\n")
        log.touch()
        began = time.monotonic()
        reissue: list[int] = []
        for kill in range(options.kills):
            gate = Gate(config, state)
            threads = [
                threading.Thread(target=load, args=(gate, history, random.Random(rng.random()), reissue)),
                threading.Thread(target=review, args=(gate, history, random.Random(rng.random()))),
            ]
            for thread in threads:
                thread.start()
            wait_ready(gate)
            time.sleep(rng.uniform(0.0, options.longest))
            gate.kill()
            for thread in threads:
                thread.join()
            if sys.stdout.isatty() and kill % 10 == 9:
                print(f"\r{kill + 1} kills, {history.answered} answers", end="", flush=True)
        found = still_there(config, state, history)
        more, figures = violations(state, log, history)
        took = time.monotonic() - began
    return {
        "kills": options.kills, "seconds": round(took, 1), "calls_sent": history.sent, "answered": history.answered,
        **figures, "violations": found + more,
    }  # fmt: skip


def wait_ready(gate: Gate) -> None:
    """Until the gate listens, or has ended."""
    while gate.process.poll() is None and not (gate.state / "agent.sock").exists():
        time.sleep(0.005)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--longest", type=float, default=0.6, help="seconds of load before a kill, at most")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    outcome = run(options)
    print(json.dumps({**outcome, "violations": outcome["violations"][:20]}, indent=1))
    if options.json:
        options.json.write_text(json.dumps(outcome))
    sys.exit(1 if outcome["violations"] else 0)


if __name__ == "__main__":
    main()
