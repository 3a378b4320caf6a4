"""The probe as an upstream, and what it was sent. Settings and log entries: see `support.probe`.

probe = Probe(tmp_path, call="hang")            # a folder of its own: log and control file
spec = probe.spec("shop")                       # an UpstreamSpec; probe.yaml("shop") for upstreams.yaml
...
assert probe.calls() == []                      # what reached it as tools/call, in order
probe.change(call="answer", tools=[...])        # a running one changes its ways (and sends list_changed)
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mcp_gate.model.config import UpstreamSpec
from mcp_gate.wire.errors import METHOD_NOT_FOUND, RpcError

SCRIPT = Path(__file__).with_name("probe.py")


class Probe:
    """One probe's files. Several processes may write the same log: entries bear the pid."""

    def __init__(self, folder: Path, name: str = "probe", **settings: Any) -> None:
        self.log = folder / f"{name}.log"
        self.control = folder / f"{name}.json"
        self._settings: dict[str, Any] = {}
        self.change(**settings)

    @property
    def command(self) -> list[str]:
        """The command line, program first."""
        return [sys.executable, "-I", str(SCRIPT), "--log", str(self.log), "--control", str(self.control)]

    def spec(self, id: str = "probe", **more: Any) -> UpstreamSpec:
        program, *args = self.command
        return UpstreamSpec(**{"id": id, "prefix": f"{id}_", "command": program, "args": tuple(args), **more})

    def yaml(self, id: str = "probe", tools: dict[str, Any] | None = None, **more: Any) -> str:
        """An entry of `upstreams:` in upstreams.yaml (JSON, which is YAML), indented to stand below it."""
        program, *args = self.command
        entry = {"command": program, "args": args, **({"tools": tools} if tools else {}), **more}
        return f"  {id}: {json.dumps(entry)}\n"

    def change(self, **settings: Any) -> None:
        """Set these on top of what was set before; a running probe notices within 20 ms."""
        self._settings |= settings
        fresh = self.control.with_suffix(".new")
        fresh.write_text(json.dumps(self._settings))
        fresh.replace(self.control)

    # ---- what happened

    def entries(self, method: str | None = None) -> list[dict[str, Any]]:
        """Log entries in order, of one method or of all."""
        if not self.log.exists():
            return []
        found = [json.loads(line) for line in self.log.read_text().splitlines()]
        return [entry for entry in found if method is None or entry["method"] == method]

    def calls(self) -> list[dict[str, Any]]:
        return self.entries("tools/call")

    def pids(self) -> list[int]:
        """Processes started so far, oldest first."""
        return [entry["pid"] for entry in self.entries("start")]


class Ears:
    """An `upstream.link.Inbound` that writes down what it hears, and offers an upstream nothing."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, str, Any]] = []
        """Notifications: upstream, method, params."""
        self.asked: list[tuple[str, str]] = []
        """Requests refused: upstream, method."""
        self.ends: list[str] = []
        """Upstreams whose connection ended."""

    def notification(self, upstream: str, method: str, params: Any) -> None:
        self.heard.append((upstream, method, params))

    async def request(self, upstream: str, method: str, params: Any) -> dict[str, Any]:
        self.asked.append((upstream, method))
        raise RpcError(METHOD_NOT_FOUND, "Method not found")

    def closed(self, upstream: str) -> None:
        self.ends.append(upstream)


async def until(true: Callable[[], bool], seconds: float = 10.0) -> None:
    """Wait in an event loop until something is so; AssertionError if it is not in time."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    while not true():
        assert loop.time() < end, "it did not come to pass in time"
        await asyncio.sleep(0.005)


def tool(name: str, **more: Any) -> dict[str, Any]:
    """A tool object as an upstream lists it."""
    return {"name": name, "description": f"{name} of the probe", "inputSchema": {"type": "object"}, **more}


def running(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False
