"""An upstream that fails in the way a call's argument `fault` names; speaks MCP over standard streams."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

TOOLS = [{"name": name, "inputSchema": {"type": "object"}} for name in ("free", "held")]


def result(method: str, params: dict[str, Any]) -> dict[str, Any]:
    if method == "initialize":
        capabilities = {"tools": {}}
        info = {"name": "flaky", "version": "1"}
        return {"protocolVersion": params["protocolVersion"], "capabilities": capabilities, "serverInfo": info}
    if method == "tools/list":
        return {"tools": TOOLS}
    failed = params.get("arguments", {}).get("fault") == "is_error"
    return {"content": [{"type": "text", "text": "x" * 200}], **({"isError": True} if failed else {})}


def answer(message: dict[str, Any]) -> dict[str, Any]:
    params = message.get("params") or {}
    match params.get("arguments", {}).get("fault"):
        case "exit":
            os._exit(5)
        case "garbage":
            print("this is no JSON", flush=True)
        case "error":
            return {"error": {"code": -32050, "message": "no such order"}}
    return {"result": result(message["method"], params)}


def main() -> None:
    for line in sys.stdin:
        message = json.loads(line)
        if "id" in message and "method" in message:
            print(json.dumps({"jsonrpc": "2.0", "id": message["id"], **answer(message)}), flush=True)


if __name__ == "__main__":
    main()
