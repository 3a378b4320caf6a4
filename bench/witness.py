"""An upstream that writes every call down, durably, before it answers: the one truth about what was executed.

python bench/witness.py LOG
"""

from __future__ import annotations

import hashlib
import json
import os
import sys

TOOLS = [{"name": name, "inputSchema": {"type": "object"}} for name in ("free", "held", "moved", "timed")]


def result(method: str, params: dict[str, object]) -> dict[str, object] | None:
    match method:
        case "initialize":
            version = params.get("protocolVersion", "2025-11-25")
            info = {"name": "witness", "version": "1"}
            return {"protocolVersion": version, "capabilities": {"tools": {}}, "serverInfo": info}
        case "tools/list":
            return {"tools": TOOLS}
        case "tools/call":
            return {"content": [{"type": "text", "text": "done"}]}
        case "ping":
            return {}
        case _:
            return None


def main() -> None:
    log = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for line in sys.stdin.buffer:
        message = json.loads(line)
        if "id" not in message:
            continue
        params = message.get("params", {})
        if message["method"] == "tools/call":
            body = json.dumps(params.get("arguments", {}), separators=(",", ":")).encode()
            entry = {"tool": params["name"], "n": params["arguments"]["n"], "sha256": hashlib.sha256(body).hexdigest()}
            os.write(log, json.dumps(entry).encode() + b"\n")
            os.fdatasync(log)
        found = result(message["method"], params)
        answer = {"result": found} if found is not None else {"error": {"code": -32601, "message": "Method not found"}}
        sys.stdout.write(json.dumps({"jsonrpc": "2.0", "id": message["id"], **answer}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
