"""An agent of a gate in another process: plain MCP lines over `agent.sock`, synchronous, one call at a time."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

META = "dev.mcp-gate/verdict"


class Agent:
    """A client that made its handshake."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._file = connection.makefile("rwb")
        self._ids = 0
        self.heard: list[dict[str, Any]] = []
        """Notifications of the gate so far."""

    def send(self, message: Any) -> None:
        self._file.write(json.dumps(message).encode() + b"\n")
        self._file.flush()

    def read(self) -> dict[str, Any]:
        line = self._file.readline()
        assert line, "the gate closed the connection"
        found: dict[str, Any] = json.loads(line)
        return found

    def ask(self, method: str, params: dict[str, Any] | None = None) -> int:
        """Send a request and do not wait."""
        self._ids += 1
        self.send({"jsonrpc": "2.0", "id": self._ids, "method": method, "params": params or {}})
        return self._ids

    def answer(self, id: int) -> dict[str, Any]:
        while True:
            message = self.read()
            if message.get("id") == id and "method" not in message:
                return message
            self.heard.append(message)

    def result(self, method: str, params: dict[str, Any] | None = None) -> dict[str, Any]:
        answer = self.answer(self.ask(method, params))
        assert "result" in answer, answer
        found: dict[str, Any] = answer["result"]
        return found

    def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        return self.result("tools/call", {"name": tool, "arguments": arguments})

    def begin(self, tool: str, **arguments: Any) -> int:
        """Send a call and do not wait for it."""
        return self.ask("tools/call", {"name": tool, "arguments": arguments})

    def tools(self) -> list[str]:
        return [tool["name"] for tool in self.result("tools/list")["tools"]]


def verdict(result: dict[str, Any]) -> dict[str, Any]:
    """What the gate says of a result; {} where it has nothing to say."""
    found: dict[str, Any] = result.get("_meta", {}).get(META, {})
    return found


@contextmanager
def an_agent(state: Path, agent: str = "default", seconds: float = 20.0, name: str = "lines") -> Iterator[Agent]:
    """Connect to the gate of a state directory; `name` is what the client calls itself."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(seconds)
        connection.connect(str(state / "agent.sock"))
        client = Agent(connection)
        client.send({"hello": 1, "agent": agent})
        assert client.read() == {"ok": True}
        info = {"name": name, "version": "1"}
        client.result("initialize", {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": info})
        client.send({"jsonrpc": "2.0", "method": "notifications/initialized"})
        try:
            yield client
        finally:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)  # a file made of it would keep it open
