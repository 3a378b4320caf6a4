"""The review API against Schemathesis, which makes requests from the API's own OpenAPI document: as a stranger, as an
agent and as a reviewer.

    uv tool install schemathesis==4.32.5
    python bench/api.py [--examples 10000] [--only agent]

Exit code: 0 all is well, 1 it is not (an answer of 5xx or against the document, or a stranger or an agent changed
something), 2 what it needs is missing.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

VERSION = "4.32.5"
OPERATIONS = 25
"""About; examples are told for each."""
FEW = 10
"""For each operation; then what covers every corner of the document, 700 requests, is left out."""
WHO = ("stranger", "agent", "reviewer")
TOKENS = {"agent": "bench-agent", "reviewer": "bench-reviewer"}
SETTINGS = f"""version: v1
listen: {{ review: "127.0.0.1:0" }}
agents:
  bot: {{}}
  other: {{ token_sha256: "{hashlib.sha256(TOKENS["agent"].encode()).hexdigest()}" }}
reviewers:
  dana: {{ groups: [default], token_sha256: "{hashlib.sha256(TOKENS["reviewer"].encode()).hexdigest()}" }}
"""
HOLD_ALL = 'version: v1\nrules:\n  - { id: all, match: { topics: ["*"] }, decision: require_approval }\n'
UPSTREAM = str(Path(__file__).with_name("flaky.py"))
HELD = 5


@dataclass(frozen=True)
class Ran:
    """What Schemathesis did as somebody."""

    who: str
    cases: int
    seconds: float
    well: bool
    changed: int
    """Records that are not about a credential."""
    told: str


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--examples", type=int, default=10_000, help="requests as each, about")
    parser.add_argument("--only", choices=WHO, help="as one of them")
    asked = parser.parse_args()
    program = shutil.which("st", path=os.pathsep.join([os.environ.get("PATH", ""), str(Path.home() / ".local/bin")]))
    if program is None:
        print(f"Schemathesis is missing: uv tool install schemathesis=={VERSION}", file=sys.stderr)
        return 2
    each = max(1, asked.examples // OPERATIONS)
    well = True
    with tempfile.TemporaryDirectory(prefix="mg-api-") as scratch, serving(Path(scratch)) as gate:
        for who in [asked.only] if asked.only else WHO:
            ran = run(program, gate, who, each)
            harmless = who == "reviewer" or not ran.changed
            well &= ran.well and harmless
            print(f"{who:<9} {ran.cases:>6} requests {ran.seconds:6.1f} s  {ran.changed} changes")
            if not (ran.well and harmless):
                print(ran.told)
    return 0 if well else 1


@dataclass(frozen=True)
class Gate:
    """A gate that serves, with held calls in it."""

    directory: Path
    state: Path

    def get(self, target: str) -> Any:
        return json.loads(self._asked("GET", target))

    def records(self) -> list[str]:
        """Names of all events but those about credentials."""
        line = [sys.executable, "-m", "mcp_gate", "audit", "export", "--state", str(self.state), "--config",
                str(self.directory)]  # fmt: skip
        out = subprocess.run(line, capture_output=True, text=True, timeout=60, check=True).stdout
        events = [json.loads(record)["event"] for record in out.splitlines()]
        return [event for event in events if event not in ("security.auth_failed", "security.agent_credential")]

    def _asked(self, method: str, target: str) -> bytes:
        connection = HTTPConnection("localhost")
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.connect(str(self.state / "review.sock"))
        connection.request(method, target)
        body = connection.getresponse().read()
        connection.close()
        return body


def run(program: str, gate: Gate, who: str, examples: int) -> Ran:
    """Let Schemathesis loose as somebody."""
    document = gate.directory.parent / "openapi.json"
    document.write_text(json.dumps(gate.get("/openapi.json")))
    line = [
        program, "run", str(document), "--url", f"http://{gate.get('/v1/status')['listen']['review']}", "--no-color",
        "--max-examples", str(examples), "--phases", "coverage,fuzzing" if examples > FEW else "fuzzing",
        "--exclude-path", "/v1/events",  # it does not end
        # What is right by its shape can be wrong by the rules of review.
        "--exclude-checks", "positive_data_acceptance", "--suppress-health-check", "all", "--seed", "1",
        "--generation-database", "none",
    ]  # fmt: skip
    if who in TOKENS:
        line += ["-H", f"Authorization: Bearer {TOKENS[who]}"]
    before, began = gate.records(), time.monotonic()
    done = subprocess.run(line, capture_output=True, text=True, check=False, cwd=document.parent)
    cases = re.search(r"(\d+) generated", done.stdout)
    return Ran(
        who, int(cases[1]) if cases else 0, time.monotonic() - began, done.returncode == 0 and cases is not None,
        len(gate.records()) - len(before), done.stdout + done.stderr,
    )  # fmt: skip


@contextmanager
def serving(scratch: Path) -> Iterator[Gate]:
    directory, state = scratch / "gate", scratch / "state"
    (directory / "policies").mkdir(parents=True)
    upstreams = {"x": {"command": sys.executable, "args": ["-I", UPSTREAM], "tools": {"*": {"topic": "job.x"}}}}
    (directory / "upstreams.yaml").write_text(json.dumps({"version": "v1", "upstreams": upstreams}))
    (directory / "policies" / "all.yaml").write_text(HOLD_ALL)
    (directory / "gate.yaml").write_text(SETTINGS)
    line = [sys.executable, "-m", "mcp_gate", "serve", "--config", str(directory), "--state", str(state)]
    process = subprocess.Popen(line, stderr=subprocess.DEVNULL)
    gate = Gate(directory, state)
    try:
        _wait(lambda: (state / "review.sock").exists() and (state / "agent.sock").exists())
        _wait(lambda: gate.get("/v1/upstreams")["upstreams"][0]["state"] == "up")
        _hold(state)
        _wait(lambda: len(gate.get("/v1/requests?status=pending")["requests"]) == HELD)
        yield gate
    finally:
        process.terminate()
        process.wait(15)


def _hold(state: Path) -> None:
    """Calls of an agent that is gone again; their requests stay for a while."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(state / "agent.sock"))
        client = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "b", "version": "1"}}
        messages: list[dict[str, Any]] = [
            {"hello": 1, "agent": "bot"},
            {"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": client},
            {"jsonrpc": "2.0", "method": "notifications/initialized"},
        ]
        for n in range(1, HELD + 1):
            call = {"name": "x_held", "arguments": {"n": n}, "_meta": {"progressToken": n}}
            messages.append({"jsonrpc": "2.0", "id": n, "method": "tools/call", "params": call})
        connection.sendall(b"".join(json.dumps(message).encode() + b"\n" for message in messages))
        time.sleep(1)


def _wait(so: Any, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            if so():
                return
        except OSError:
            pass
        if time.monotonic() > deadline:
            raise SystemExit("the gate did not come up")
        time.sleep(0.02)


if __name__ == "__main__":
    sys.exit(main())
