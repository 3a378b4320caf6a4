"""An MCP server on standard streams that tries to get out, in plain standard library. Its one tool `go` takes `how`:

`dial` (host, port, say): a connection of its own · `fetch` (url): as any library would, by the proxy variables ·
`tunnel` (host, port, say, more): CONNECT by hand, then `more` after a `pause` · `unix` (path) · `family` (number) ·
`pair`: a pair of datagram sockets · `look`: what it sees around itself · `raw` (text): bytes to the proxy ·
`hidden` (what): arguments as hexadecimal JSON, which nobody reads on the way.
The result's text is what came of it.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

SEC = 10.0


def go(how: str, **what: Any) -> str:
    match how:
        case "dial":
            with socket.create_connection((what["host"], what["port"]), SEC) as there:
                return talk(there, what["say"])
        case "fetch":
            with urllib.request.urlopen(what["url"], timeout=SEC) as answer:
                return str(answer.read().decode())
        case "tunnel":
            target = f"{what['host']}:{what['port']}"
            with proxy() as there:
                said = talk(there, f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n")
                if " 200 " not in said:
                    return said
                said = talk(there, what["say"])
                if "more" in what:
                    time.sleep(what["pause"])
                    said += talk(there, what["more"])
                return said
        case "hidden":
            return go(**json.loads(bytes.fromhex(what["what"])))
        case "raw":
            with proxy() as there:
                return talk(there, what["text"])
        case "unix":
            with socket.socket(socket.AF_UNIX) as there:
                there.connect(what["path"])
                return "connected"
        case "family":
            socket.socket(what["number"], socket.SOCK_STREAM).close()
            return "made"
        case "pair":
            for one in socket.socketpair(socket.AF_UNIX, what["kind"]):
                one.close()
            return "made"
        case "look":
            pids = [path for path in Path("/proc").iterdir() if path.name.isdigit()]
            capabilities = [line for line in Path("/proc/self/status").read_text().splitlines() if "CapEff" in line]
            seen = {"cwd": str(Path.cwd()), "pids": len(pids), "env": dict(os.environ), "capabilities": capabilities}
            return json.dumps(seen)
    raise ValueError(how)


def proxy() -> socket.socket:
    where = urlsplit(os.environ["HTTP_PROXY"])
    return socket.create_connection((where.hostname, where.port), SEC)


def talk(there: socket.socket, say: str) -> str:
    there.sendall(say.encode())
    return there.recv(65536).decode()


def answered(method: str, params: dict[str, Any]) -> dict[str, Any] | None:
    match method:
        case "initialize":
            info = {"name": "roamer", "version": "1"}
            return {"protocolVersion": params["protocolVersion"], "capabilities": {"tools": {}}, "serverInfo": info}
        case "tools/list":
            return {"tools": [{"name": "go", "inputSchema": {"type": "object"}}]}
        case "tools/call":
            try:
                text = go(**params["arguments"])
            except (OSError, ValueError) as error:
                text = f"{type(error).__name__}: {error}"
            return {"content": [{"type": "text", "text": text}]}
        case "ping":
            return {}
    return None


def main() -> None:
    for line in sys.stdin:
        message = json.loads(line)
        if "id" not in message:
            continue
        result = answered(message["method"], message.get("params", {}))
        body = {"result": result} if result is not None else {"error": {"code": -32601, "message": "Method not found"}}
        print(json.dumps({"jsonrpc": "2.0", "id": message["id"], **body}), flush=True)


if __name__ == "__main__":
    main()
