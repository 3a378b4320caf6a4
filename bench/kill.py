"""Kills the gate at random moments under load, and looks whether its promises held.

    python bench/kill.py [--kills 1000] [--seed N] [--json FILE]

Checked over the whole history: every call that reached the upstream has an earlier record of its decision and of its
dispatch; no approval was used twice; the chain verifies; no request that a reviewer had seen pending is lost; none ends
twice, none is escalated twice, and time approves in tier low alone.
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
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mcp_gate.faces.client import Problem, ReviewClient, Unreachable

HERE = Path(__file__).parent
RULES = """version: v1
risk_tiers: { low: { risk_tags: [low], timeout_sec: 1, on_timeout: approve } }
rules:
  - { id: held, match: { tools: [held] }, decision: require_approval, reason: "Held", timeout_sec: 86400 }
  - id: moved
    match: { tools: [moved] }
    decision: require_approval
    timeout_sec: 1
    on_timeout: escalate
  - { id: timed, match: { tools: [timed] }, decision: require_approval }
  - { id: free, match: { tools: [free] }, decision: allow, reason: "Free" }
"""
TAGS = {"free": "read", "held": "write", "moved": "write", "timed": "low"}
"""The upstream's tools. What is held waits for a day; what is moved or timed is ended by time after a second."""
WAITING = ("held", "moved", "timed")
INITIALIZE = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "kill", "version": "1"}}


ENDS = ("request.decided", "request.cancelled", "request.expired")


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


def load(
    gate: Gate, history: History, rng: random.Random, reissue: list[tuple[str, int]], busy: threading.Event
) -> None:
    """Allowed and held calls as fast as they go, until the gate is gone; `busy` is set once it answered one."""
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

        def call(tool: str, n: int) -> None:
            history.sent += 1
            write({"id": f"{tool} {n}", "method": "tools/call", "params": {"name": tool, "arguments": {"n": n}}})

        for tool, n in reissue:
            call(tool, n)
        while True:
            n = history.fresh()
            tool = rng.choice(WAITING) if rng.random() < 0.25 else "free"
            if tool != "free" and len(reissue) < 20:
                reissue.append((tool, n))
            call(tool, n)
            if tool == "free":
                answer = json.loads(file.readline() or b"{}")
                if not answer:
                    return
                history.answered += 1
                busy.set()
                tool, _, number = str(answer.get("id", "")).partition(" ")
                if (tool, int(number or 0)) in reissue:
                    reissue.remove((tool, int(number)))


def review(gate: Gate, history: History, rng: random.Random) -> None:
    """Approves about half of what it sees and time does not end, until the gate is gone."""
    client = ReviewClient(gate.state)
    while gate.process.poll() is None:
        with suppress(Unreachable, Problem):
            for request in list(client.requests()):
                history.pending_seen.add(request["id"])
                if rng.random() < (0.5 if request["call"]["tool"] == "held" else 0.02):
                    history.approved.add(request["id"])
                    client.decide(request, "approve", getpass.getuser(), "bench")
        time.sleep(0.005)


def violations(state: Path, log: Path, history: History, still_pending: set[str]) -> tuple[list[str], dict[str, int]]:
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
    timed = by_time(records)
    found += wrong_in_time(records)
    found += [f"request {id_} was dispatched unapproved" for id_ in used if id_ not in history.approved | timed]
    settled = {r["request_id"] for r in records if r["event"] in ENDS}
    known = {r["request_id"] for r in records if r["event"] == "request.opened"}
    found += [f"request {request} is lost" for request in history.pending_seen - known]
    missing = history.pending_seen - history.approved - settled - still_pending
    found += [f"request {request} was pending and is not any more" for request in missing]
    figures = {
        "records": len(records),
        "executed": len(executed),
        "unknown": sum(r["event"] == "call.unknown" for r in records),
        "requests": len(known),
        "settled": len(settled),
        "escalated": sum(r["event"] == "request.escalated" for r in records),
        "approved_by_time": len(timed),
    }
    return found, figures


def by_time(records: list[dict[str, Any]]) -> set[str]:
    """The requests that the policy approved."""
    decided = (r for r in records if r["event"] == "request.decided")
    return {r["request_id"] for r in decided if r["approver_id"] == "policy:timeout"}


def wrong_in_time(records: list[dict[str, Any]]) -> Iterator[str]:
    """Requests that ended or moved more than once, or were approved by time where it may not approve."""
    opened = {r["request_id"]: r for r in records if r["event"] == "request.opened"}
    for names, what in ((ENDS[:2], "decided or withdrawn"), (ENDS[2:], "expired"), (("request.escalated",), "moved")):
        for id_, times in Counter(r["request_id"] for r in records if r["event"] in names).items():
            if times > 1:
                yield f"request {id_} was {what} {times} times"
    yield from (f"time approved {id_}" for id_ in by_time(records) if opened[id_]["tool"] != "timed")


def still_there(config: Path, state: Path) -> set[str]:
    """Start once more: what is pending then."""
    gate = Gate(config, state)
    gate.client().close()
    try:
        return {request["id"] for request in ReviewClient(state).requests()}
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
        tools = json.dumps({name: {"topic": f"job.{name}", "risk_tags": [tag]} for name, tag in TAGS.items()})
        (config / "upstreams.yaml").write_text(
            f"version: v1\nupstreams:\n  witness:\n    command: {json.dumps(sys.executable)}\n    args: {witness}\n"
            f'    prefix: ""\n    tools: {tools}\n'
        )
        (config / "policies" / "rules.yaml").write_text(RULES)
        (config / "gate.yaml").write_text("version: v1\nlimits: { pending_per_agent: 10000 }\n")
        log.touch()
        began = time.monotonic()
        reissue: list[tuple[str, int]] = []
        for kill in range(options.kills):
            gate, busy = Gate(config, state), threading.Event()
            threads = [
                threading.Thread(target=load, args=(gate, history, random.Random(rng.random()), reissue, busy)),
                threading.Thread(target=review, args=(gate, history, random.Random(rng.random()))),
            ]
            for thread in threads:
                thread.start()
            if rng.random() < 0.8:  # the others are killed while they start
                busy.wait(20)
            time.sleep(rng.uniform(0.0, options.longest))
            gate.kill()
            for thread in threads:
                thread.join()
            if sys.stdout.isatty() and kill % 10 == 9:
                print(f"\r{kill + 1} kills, {history.answered} answers", end="", flush=True)
        found, figures = violations(state, log, history, still_there(config, state))
        took = time.monotonic() - began
    return {
        "kills": options.kills, "seconds": round(took, 1), "calls_sent": history.sent, "answered": history.answered,
        **figures, "violations": found,
    }  # fmt: skip


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
