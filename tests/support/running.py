"""A running gate of its own for a test: a gate directory from text, `serve` as a process, its end."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mcp_gate.faces.client import ReviewClient

ALLOW_ALL = """version: v1
rules:
  - { id: all, match: { topics: ["*"] }, decision: allow }
output_review: { unscannable: pass }
"""
EVERYTHING_MAPPED = {
    "tools": {"*": {"topic": "job.{tool}", "risk_tags": ["read"]}},
    "resources": {"topic": "job.resources.read", "risk_tags": ["read"]},
    "prompts": {"topic": "job.prompts.read", "risk_tags": ["read"]},
}


@dataclass(frozen=True)
class Place:
    """A gate directory and its state directory."""

    config: Path
    state: Path

    @property
    def arguments(self) -> list[str]:
        return ["--config", str(self.config), "--state", str(self.state)]

    def connect(self, *more: str) -> list[str]:
        """The command a client starts."""
        return [sys.executable, "-m", "mcp_gate", "connect", *self.arguments, *more]

    def run(self, *command: str, **more: Any) -> subprocess.CompletedProcess[str]:
        """One command of mcp-gate."""
        line = [sys.executable, "-m", "mcp_gate", *command, *self.arguments]
        return subprocess.run(line, capture_output=True, text=True, timeout=60, check=False, **more)

    def review(self) -> ReviewClient:
        return ReviewClient(self.state)

    def records(self) -> list[dict[str, Any]]:
        """The whole record."""
        done = self.run("audit", "export")
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]


@contextmanager
def place(upstreams: dict[str, Any], rules: str = ALLOW_ALL, settings: str = "") -> Iterator[Place]:
    """A gate directory in a short path (sockets need one); whatever gate ran there is ended."""
    with tempfile.TemporaryDirectory(prefix="mg-") as scratch:
        config = Path(scratch) / "gate"
        (config / "policies").mkdir(parents=True)
        (config / "upstreams.yaml").write_text(json.dumps({"version": "v1", "upstreams": upstreams}))
        (config / "policies" / "rules.yaml").write_text(rules)
        if settings:
            (config / "gate.yaml").write_text(f"version: v1\n{settings}")
        found = Place(config, Path(scratch) / "state")
        try:
            yield found
        finally:
            found.run("stop")


@contextmanager
def serving(
    where: Place, program: Sequence[str] = ("-m", "mcp_gate"), pass_fds: Sequence[int] = (), **env: str
) -> Iterator[subprocess.Popen[bytes]]:
    """`serve` in the foreground of a process of its own; `program` is what Python runs."""
    log = where.config.parent / "serve.log"
    with log.open("ab") as err:
        process = subprocess.Popen(
            [sys.executable, *program, "serve", *where.arguments],
            stdout=subprocess.DEVNULL, stderr=err, env={**os.environ, **env}, pass_fds=pass_fds,
        )  # fmt: skip
    try:
        wait_for(lambda: answers(where) or process.poll() is not None, 45)  # one that fails to start ends at once
        assert process.poll() is None, log.read_text()
        yield process
    finally:
        end(process)


def end(process: subprocess.Popen[bytes]) -> None:
    """In order, if it still runs and heeds that."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def answers(where: Place) -> bool:
    """Whether a gate listens there now, for agents and for reviewers (a killed one leaves its sockets behind)."""
    for name in ("agent.sock", "review.sock"):
        with socket.socket(socket.AF_UNIX) as probe:
            if probe.connect_ex(str(where.state / name)) != 0:
                return False
    return True


def wait_for(condition: Any, seconds: float = 15.0) -> Any:
    """Until it holds, which is given back; an AssertionError when it does not in time."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "it did not come to pass in time"
        time.sleep(0.01)
    return found
